"""Draw a network with matplotlib, without its global state."""

from __future__ import annotations

import math
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from initspec.errors import NetworkError
from initspec.propagation.result import Result
from initspec.propagation.verdict import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 6
"""Histograms in a row; of a deeper network, those of evenly spaced layers."""

_BLUE, _VERMILLION, _GREEN = "#0072B2", "#D55E00", "#009E73"
_LIGHT = {
    "ground": "white",
    "ink": "#222222",
    _BLUE: _BLUE,
    _VERMILLION: _VERMILLION,
    _GREEN: _GREEN,
}
_DARK = {
    "ground": "#1e2129",
    "ink": "#e6e6e6",
    _BLUE: "#56B4E9",
    _VERMILLION: "#FF9248",
    _GREEN: "#2FD3A3",
}
"""Okabe & Ito, which the colour-blind can tell apart; lighter on a dark ground."""


def plot(result: Result, path: str | PathLike[str] | None, dark: bool) -> Figure:
    """Draw a network; see `Propagation.plot`."""
    figure_class = _figure()
    palette = _DARK if dark else _LIGHT
    shown = _evenly(result.depth)
    figure = figure_class(figsize=(max(9.0, 1.9 * len(shown)), 6.4), layout="constrained")
    figure.set_facecolor(palette["ground"])
    rows = figure.add_gridspec(2, 1, height_ratios=[1, 1.25])
    top = rows[0].subgridspec(1, len(shown))
    axes = [figure.add_subplot(top[0, i]) for i in range(len(shown))]
    for axis, index in zip(axes, shown, strict=True):
        _histogram(axis, result, index, palette)
    axes[0].set_ylabel("share of outputs")
    bottom = rows[1].subgridspec(1, 2 if result.singular_values is None else 3)
    _forward(figure.add_subplot(bottom[0, 0]), result, palette)
    _backward(figure.add_subplot(bottom[0, 1]), result, palette)
    if result.singular_values is not None:
        _spectrum(figure.add_subplot(bottom[0, 2]), result, palette)
    for axis in figure.axes:
        _coloured(axis, palette)
    title = (
        f"{result.spec}, {result.activation}, {counted(result.depth, 'layer')} of {result.width}"
    )
    figure.suptitle(f"{title}: {result.state}", color=palette["ink"], fontsize=13)
    if path is not None:
        try:
            figure.savefig(path, dpi=120, facecolor=palette["ground"])
        except (OSError, ValueError) as error:
            raise NetworkError(
                f"cannot write {path}: {error}; give a .png, .svg or .pdf in a folder that exists"
            ) from None
    return figure


def check_picture(path: Path) -> None:
    """Refuse a picture that cannot be drawn, before the network is run rather than after it.

    Raises:
        NetworkError: matplotlib is not installed, or writes no such kind of file.
    """
    kinds = _figure()().canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in kinds:
        raise NetworkError(f"{path}: end the file's name in .png, .svg or .pdf")


def _figure() -> type[Figure]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise NetworkError(
            "a picture takes matplotlib, which is not installed: pip install 'initspec[plot]'"
        ) from None
    figure: type[Figure] = Figure
    return figure


def _evenly(depth: int) -> list[int]:
    if depth <= _SHOWN:
        return list(range(depth))
    return [round(i * (depth - 1) / (_SHOWN - 1)) for i in range(_SHOWN)]


def _histogram(axis: Any, result: Result, index: int, palette: dict[str, str]) -> None:
    layer = result.layers[index]
    bars = layer.histogram
    total, width = sum(bars.counts), (bars.high - bars.low) / len(bars.counts)
    axis.set_title(f"layer {layer.index}", fontsize=11)
    if layer.overflowed or not total:
        reason = "not a number" if math.isnan(layer.std) else "overflow"
        axis.text(0.5, 0.5, reason, ha="center", va="center", transform=axis.transAxes)
        axis.set_xticks([])
        axis.set_yticks([])
    else:
        edges = [bars.low + width * i for i in range(len(bars.counts))]
        shares = [count / total for count in bars.counts]
        axis.bar(edges, shares, width, align="edge", color=palette[_BLUE])
        axis.ticklabel_format(axis="x", scilimits=(-2, 3))
        axis.locator_params(nbins=3)
    axis.set_xlabel("output")


def _forward(axis: Any, result: Result, palette: dict[str, str]) -> None:
    predictions = [layer.prediction for layer in result.layers]
    _lines(
        axis,
        result,
        palette[_BLUE],
        "root mean square of outputs",
        [math.sqrt(layer.mean_square) for layer in result.layers],
        [math.sqrt(p.mean_square) if p else math.nan for p in predictions],
    )


def _backward(axis: Any, result: Result, palette: dict[str, str]) -> None:
    predictions = [layer.prediction for layer in result.layers]
    _lines(
        axis,
        result,
        palette[_VERMILLION],
        "std of the gradient",
        [layer.gradient_std for layer in result.layers],
        [p.gradient_std if p else math.nan for p in predictions],
    )


def _lines(
    axis: Any,
    result: Result,
    colour: str,
    label: str,
    measured: list[float],
    predicted: list[float],
) -> None:
    index = [layer.index for layer in result.layers]
    axis.plot(index, [_positive(v) for v in measured], "o-", color=colour, ms=4, label="measured")
    if any(0 < value < math.inf for value in predicted):
        theory = [_positive(value) for value in predicted]
        axis.plot(index, theory, "--", color="#888888", lw=2, label="mean field")
    values = [value for value in (*measured, *predicted) if 0 < value < math.inf]
    if values:
        axis.set_yscale("log")
        low, high = min(values), max(values)
        # A range of 25 at least, so that a flat line looks flat.
        if high < 10 * low:
            middle = math.sqrt(low * high)
            axis.set_ylim(middle / 5, middle * 5)
    axis.set_xlabel("layer")
    axis.set_ylabel(label)
    axis.legend(frameon=False, fontsize=10)
    axis.xaxis.get_major_locator().set_params(integer=True)


def _spectrum(axis: Any, result: Result, palette: dict[str, str]) -> None:
    values = [] if result.singular_values is None else result.singular_values.tolist()
    share = [(i + 0.5) / len(values) for i in range(len(values))]
    axis.plot(share, [_positive(value) for value in values], "-", color=palette[_GREEN], lw=2)
    largest = max(values, default=0.0)
    if largest > 0:
        axis.set_yscale("log")
        axis.set_ylim(largest * 1e-6, largest * 10)
    axis.set_xlabel("share of singular values")
    axis.set_ylabel("singular value of the Jacobian")


def _positive(value: float) -> float:
    return value if 0 < value < math.inf else math.nan


def _coloured(axis: Any, palette: dict[str, str]) -> None:
    ink = palette["ink"]
    axis.set_facecolor(palette["ground"])
    axis.tick_params(colors=ink, which="both", labelsize=10)
    for text in (axis.title, axis.xaxis.label, axis.yaxis.label, *axis.texts):
        text.set_color(ink)
    for part in (axis.xaxis.get_offset_text(), axis.yaxis.get_offset_text()):
        part.set_color(ink)
    for name, spine in axis.spines.items():
        spine.set_color(ink)
        spine.set_visible(name in ("left", "bottom"))
    if axis.get_legend() is not None:
        for text in axis.get_legend().get_texts():
            text.set_color(ink)
