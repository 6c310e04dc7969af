"""`initspec propagate`: what an initialization does to a deep network, as a table or a picture."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from initspec.api import InitSpec
from initspec.cli.arguments import read_seed, read_shape
from initspec.propagation import Layer, Propagation
from initspec.propagation import propagate as run
from initspec.propagation.verdict import counted

_SHOWN = 12
"""Layers in the table; of a deeper network, some, evenly spaced."""

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LEGEND = (
    "gradient: its std; satur.: share of outputs near the ends of their range; "
    "dead: share of units with slope 0; outputs: histogram from min to max; "
    "predicted: rms by mean-field theory"
)
_COLOURS = {"healthy": "green", "symmetric": "red", "exploding": "red", "undefined": "red"}


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
    network = run(
        InitSpec.parse(spec),
        activation,
        depth,
        width,
        samples,
        seed=read_seed(seed),
        bias_std=bias_std,
        residual=residual,
        kernel=read_shape(kernel, "--kernel") if kernel else (),
        size=size,
    )
    if plot is not None:
        network.plot(plot, dark=dark)
    if as_json:
        typer.echo(json.dumps(network.to_dict(), indent=2, allow_nan=False))
        return
    console = Console()
    _show(network, console, histograms=plot is None)
    if plot is not None:
        console.print(Text(f"wrote {plot}", style="dim"), soft_wrap=True)


def _show(network: Propagation, console: Console, histograms: bool) -> None:
    inputs = f"{counted(network.samples, 'input')}, seed {network.seed}"
    head = f", {network.activation}, {counted(network.depth, 'layer')} of {network.width}, {inputs}"
    console.print(Text.assemble((network.spec, "bold"), head))
    for table in _tables(_columns(network, histograms, console.width), console.width):
        console.print(table, crop=False)
    console.print(Text(_LEGEND, style="dim"))
    if network.edge is not None and math.isfinite(network.weight_std):
        console.print(
            Text(
                f"sigma_w {network.weight_std:.4g}; the edge of chaos lies at "
                f"{network.edge.weight_std:.4g}",
                style="dim",
            )
        )
    console.print(Text(network.verdict, style=_COLOURS.get(network.state, "yellow")))


def _columns(network: Propagation, histograms: bool, width: int) -> list[tuple[str, list[str]]]:
    """Return the name and the cells of each column."""
    layers = _evenly(network.layers)
    predicted = [
        "-" if layer.prediction is None else _number(math.sqrt(layer.prediction.mean_square))
        for layer in layers
    ]
    columns = [
        ("layer", [str(layer.index) for layer in layers]),
        ("mean", [_number(layer.mean) for layer in layers]),
        ("std", [_number(layer.std) for layer in layers]),
        ("gradient", [_number(layer.gradient_std) for layer in layers]),
        ("satur.", [_share(layer.saturated) for layer in layers]),
        ("dead", [_share(layer.dead) for layer in layers]),
    ]
    # Last, because 80 columns do not always have room for them beside the others.
    last = [
        ("rms", [_number(math.sqrt(layer.mean_square)) for layer in layers]),
        ("predicted", predicted),
    ]
    if not histograms:
        return columns + last
    for bins in (2, 4, 5):  # twenty blocks, ten or eight: the most with which all columns fit
        outputs = ("outputs", [_bars(layer, bins) for layer in layers])
        if sum(2 + size for size in _sizes([*columns, outputs, *last])) - 2 <= width:
            return [*columns, outputs, *last]
    return [*columns, ("outputs", [_bars(layer, 4) for layer in layers]), *last]


def _sizes(columns: list[tuple[str, list[str]]]) -> list[int]:
    return [max(map(len, (name, *cells))) for name, cells in columns]


def _tables(columns: list[tuple[str, list[str]]], width: int) -> Iterator[Table]:
    """Yield tables that fit into the width, the first column repeated in each."""
    sizes = _sizes(columns)
    # A measured rms is read beside the predicted one: it is as wide as both.
    wanted = [*sizes[:-2], sizes[-2] + 2 + sizes[-1], sizes[-1]]
    start = 1
    while start < len(columns):
        end, used = start, sizes[0]
        while end < len(columns) and (end == start or used + 2 + wanted[end] <= width):
            used += 2 + sizes[end]
            end += 1
        shown = [0, *range(start, end)]
        # As wide as its columns: a narrower terminal wraps the lines, and no digit is lost.
        table = Table(
            box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), width=used
        )
        for index in shown:
            table.add_column(
                columns[index][0],
                justify="left" if columns[index][0] == "outputs" else "right",
                no_wrap=True,
                min_width=sizes[index],
            )
        for row in zip(*(columns[index][1] for index in shown), strict=True):
            table.add_row(*map(Text, row))
        yield table
        start = end


def _evenly(layers: tuple[Layer, ...]) -> list[Layer]:
    if len(layers) <= _SHOWN:
        return list(layers)
    return [layers[round(i * (len(layers) - 1) / (_SHOWN - 1))] for i in range(_SHOWN)]


def _bars(layer: Layer, bins: int) -> str:
    """Return a histogram between its two ends, a block of text for each `bins` of its bins."""
    histogram = layer.histogram
    counts = [sum(histogram.counts[i : i + bins]) for i in range(0, len(histogram.counts), bins)]
    most = max(counts)
    if not most:
        return "not a number" if math.isnan(layer.std) else "overflow"
    # Rounded up, so that a few values differ from none.
    blocks = "".join(_BLOCKS[math.ceil(8 * count / most)] for count in counts)
    return f"{_number(histogram.low)} [{blocks}] {_number(histogram.high)}"


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    # Short exponents, 1.2e5 for 1.2e+05, leave room for the bars.
    return re.sub(r"e([+-])0*", lambda e: "e" + e[1].strip("+"), f"{value:.3g}")


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"
