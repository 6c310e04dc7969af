"""`initspec propagate`: what an initialization does to a deep network, in the terminal or drawn."""

from __future__ import annotations

import json
import math
import re

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from initspec.cli.arguments import read_activation, read_seed, read_shape
from initspec.propagation import Histogram, Layer, Propagation
from initspec.propagation import propagate as run
from initspec.propagation.verdict import counted
from initspec.spec import InitSpec

_SHOWN = 12
"""Layers in the table; a deeper network shows some, evenly spaced."""

_WIDE = 100
"""Columns that the terminal needs for the theory beside the measurement."""

_BLOCKS = " ▁▂▃▄▅▆▇█"
_COLOURS = {"healthy": "green", "symmetric": "red", "exploding": "red"}


def propagate(
    spec: str = typer.Argument(help="A spec, such as he_normal or 'normal(std=0.01)'."),
    activation: str = typer.Option("relu", help="Such as sigmoid or 'elu(alpha=0.5)'."),
    depth: int = typer.Option(5, help="Layers."),
    width: int = typer.Option(100, help="Units, or channels, of a layer."),
    samples: int = typer.Option(1000, help="Random inputs, N(0, 1)."),
    seed: str = typer.Option("0", help="Of weights and inputs."),
    bias_std: float = typer.Option(0.0, help="The biases' standard deviation."),
    residual: float = typer.Option(
        None, help="The factor of each residual branch; a plain network unless given."
    ),
    kernel: str = typer.Option("", help="A convolution's receptive field, such as 3,3."),
    size: int = typer.Option(8, help="The length of each side of a convolution's image."),
    plot: str = typer.Option(None, help="Write a picture: PNG, SVG or PDF.", show_default=False),
    dark: bool = typer.Option(False, help="Draw it on a dark ground."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Run a random network forward and backward, beside what mean-field theory predicts."""
    found = run(
        InitSpec.parse(spec),
        read_activation(activation),
        depth,
        width,
        samples,
        seed=read_seed(seed),
        bias_std=bias_std,
        residual=residual,
        kernel=read_shape(kernel) if kernel else (),
        size=size,
    )
    if plot is not None:
        found.plot(plot, dark=dark)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    console = Console()
    _show(found, console, histograms=plot is None)
    if plot is not None:
        console.print(Text(f"wrote {plot}", style="dim"), soft_wrap=True)


def _show(found: Propagation, console: Console, histograms: bool) -> None:
    inputs = f"{counted(found.samples, 'input')}, seed {found.seed}"
    head = f", {found.activation}, {counted(found.depth, 'layer')} of {found.width}, {inputs}"
    console.print(Text.assemble((found.spec, "bold"), head))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    wide = console.width >= _WIDE
    theory = ("rms", "predicted") if wide else ()
    for name in ("layer", "mean", "std", *theory, "gradient", "satur.", "dead"):
        table.add_column(name, justify="right", no_wrap=True)
    if histograms:
        table.add_column("outputs", no_wrap=True)
    for layer in _evenly(found.layers):
        theory_of = layer.prediction
        predicted = "-" if theory_of is None else _number(math.sqrt(theory_of.mean_square))
        table.add_row(
            str(layer.index),
            _number(layer.mean),
            _number(layer.std),
            *([_number(math.sqrt(layer.mean_square)), predicted] if wide else []),
            _number(layer.gradient_std),
            _share(layer.saturated),
            _share(layer.dead),
            *([_bars(layer.histogram, 2 if wide else 4)] if histograms else []),
        )
    console.print(table)
    if found.edge is not None and math.isfinite(found.weight_std):
        console.print(
            Text(
                f"sigma_w {found.weight_std:.4g}; the edge of chaos lies at "
                f"{found.edge.weight_std:.4g}",
                style="dim",
            )
        )
    console.print(Text(found.verdict, style=_COLOURS.get(found.state, "yellow")), soft_wrap=True)


def _evenly(layers: tuple[Layer, ...]) -> list[Layer]:
    if len(layers) <= _SHOWN:
        return list(layers)
    return [layers[round(i * (len(layers) - 1) / (_SHOWN - 1))] for i in range(_SHOWN)]


def _bars(histogram: Histogram, bins: int) -> Text:
    """Return a histogram between its two ends, a block of text for each `bins` of its bins."""
    counts = [sum(histogram.counts[i : i + bins]) for i in range(0, len(histogram.counts), bins)]
    most = max(counts)
    if not most:
        return Text("overflow")
    # Rounded up, so that the few are told from none.
    blocks = "".join(_BLOCKS[math.ceil(8 * count / most)] for count in counts)
    return Text(f"{_number(histogram.low)} [{blocks}] {_number(histogram.high)}")


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    # Short exponents, 1.2e5 for 1.2e+05, leave room for the bars.
    return re.sub(r"e([+-])0*", lambda e: "e" + e[1].strip("+"), f"{value:.3g}")


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"
