"""The page of `initspec propagate`."""

from __future__ import annotations

import math
import re

from initspec.cli.console import Console
from initspec.cli.pages.layout import show_table, show_text
from initspec.propagation import Layer, Propagation
from initspec.propagation.verdict import counted

_SHOWN = 12
"""Layers in the table; of a deeper network, some, evenly spaced."""

_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = " .:-=+*#@"
_HISTOGRAMS = ((2, True), (4, True), (5, True), (4, False), (5, False), (8, False))
"""Bins a block, and whether the ends stand beside."""
_TOGETHER = 2
"""The last columns, measured and predicted rms, are read beside each other."""

_LEGEND = (
    "gradient: its std; sat.: share of outputs near the ends of their range; "
    "dead: share of units with slope 0; {histograms}predicted: rms by mean-field theory"
)
_HISTOGRAM_LEGEND = "outputs: histogram from min to max; "
_COLOURS = {"healthy": "green", "symmetric": "red", "exploding": "red", "undefined": "red"}


def show(network: Propagation, histograms: bool) -> None:
    """Print the numbers of each layer, beside a histogram where that is asked for."""
    console = Console()
    inputs = f"{counted(network.samples, 'input')}, seed {network.seed}"
    head = f"{network.activation}, {counted(network.depth, 'layer')} of {network.width}, {inputs}"
    show_text(console, f"{network.spec}, {head}", "bold")
    show_table(
        console, _columns(network, histograms, console), left=("outputs",), together=_TOGETHER
    )
    legend = _LEGEND.format(histograms=_HISTOGRAM_LEGEND if histograms else "")
    show_text(console, legend, "dim")
    if network.edge is not None and math.isfinite(network.weight_std):
        edge = f"the edge of chaos lies at {network.edge.weight_std:.4g}"
        show_text(console, f"sigma_w {network.weight_std:.4g}; {edge}", "dim")
    show_text(console, network.verdict, _COLOURS.get(network.state, "yellow"))


def _columns(
    network: Propagation, histograms: bool, console: Console
) -> list[tuple[str, list[str]]]:
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
        ("sat.", [_share(layer.saturated) for layer in layers]),
        ("dead", [_share(layer.dead) for layer in layers]),
    ]
    # Last, because a narrow terminal does not have room for them beside the others.
    last = [
        ("rms", [_number(math.sqrt(layer.mean_square)) for layer in layers]),
        ("predicted", predicted),
    ]
    if not histograms:
        return columns + last
    blocks = _blocks(console.encoding)
    # The most blocks with which all columns fit, between the ends of the range if those fit too.
    for bins, ends in _HISTOGRAMS:
        outputs = ("outputs", [_bars(layer, bins, ends, blocks) for layer in layers])
        table = [*columns, outputs, *last]
        if sum(2 + max(map(len, (name, *cells))) for name, cells in table) - 2 <= console.width:
            return table
    return [*columns, ("outputs", [_bars(layer, 4, True, blocks) for layer in layers]), *last]


def _blocks(encoding: str) -> str:
    """Return bars from nothing to the highest that an encoding has characters for."""
    try:
        _BLOCKS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _ASCII_BLOCKS
    return _BLOCKS


def _evenly(layers: tuple[Layer, ...]) -> list[Layer]:
    if len(layers) <= _SHOWN:
        return list(layers)
    return [layers[round(i * (len(layers) - 1) / (_SHOWN - 1))] for i in range(_SHOWN)]


def _bars(layer: Layer, bins: int, ends: bool, blocks: str) -> str:
    """Return a histogram, a block for each `bins` of its bins, between its ends or alone."""
    histogram = layer.histogram
    counts = [sum(histogram.counts[i : i + bins]) for i in range(0, len(histogram.counts), bins)]
    most = max(counts)
    if not most:
        return "undefined" if math.isnan(layer.std) else "overflow"
    # Rounded up, so that a few values differ from none.
    bars = f"[{''.join(blocks[math.ceil(8 * count / most)] for count in counts)}]"
    return f"{_number(histogram.low)} {bars} {_number(histogram.high)}" if ends else bars


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    # Short exponents, 1.2e5 for 1.2e+05, leave room for the bars.
    return re.sub(r"e([+-])0*", lambda e: "e" + e[1].strip("+"), f"{value:.3g}")


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"
