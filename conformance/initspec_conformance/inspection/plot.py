"""Draw an inspection with matplotlib, without its global state."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from initspec.errors import InitSpecError
from initspec_conformance.inspection.look import Look, Row, rows_of
from initspec_conformance.inspection.moments import REACH
from initspec_conformance.inspection.overview import COLOURS, Line, lines_of
from initspec_conformance.models.rows import one_line

MOST = 40
"""How many rows have a strip, at most: those with the most elements."""

_LONGEST, _WORDS = 48, 64
"""The characters of a path, and of what a tensor looks like."""

_HEX = {"blue": "#0072B2", "green": "#009E73", "vermillion": "#D55E00", "purple": "#CC79A7"}
"""Okabe & Ito, which the colour-blind can tell apart."""


def plot(looks: Sequence[Look], title: str, path: str | PathLike[str]) -> None:
    """Write a picture: the standard deviation by depth and role, a strip of values for each row.

    Raises:
        InitSpecError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InitSpecError("matplotlib is missing: pip install 'initspec[plot]'") from None
    shown = sorted(
        (row for row in rows_of(looks) if row.looks[0].histogram),
        key=lambda row: -sum(look.size for look in row.looks),
    )[:MOST]
    lines = lines_of(looks)
    height = max(4.0, 1.6 + 0.24 * len(shown))
    figure = Figure(figsize=(12 if lines else 8, height), layout="constrained")
    figure.suptitle(one_line(title), fontsize=11)
    axes = figure.subplots(1, 2 if lines else 1, squeeze=False)[0]
    if lines:
        _by_depth(axes[0], lines)
    _strips(axes[-1], shown)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise InitSpecError(f"{path} cannot be written: {error}") from None


def _by_depth(axes: Any, lines: Sequence[Line]) -> None:
    named = set[str]()
    for line in lines:
        label = "" if line.group in named else line.group
        named.add(line.group)
        colour = _HEX[COLOURS[line.group]]
        axes.plot(*zip(*line.points, strict=True), color=colour, lw=1.3, label=label)
    axes.set_yscale("log")
    axes.set_xlabel("block")
    axes.set_ylabel("standard deviation")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _strips(axes: Any, rows: Sequence[Row]) -> None:
    axes.set_title("values, in standard deviations", fontsize=9)
    axes.set_yticks(range(len(rows)), [_short(row) for row in rows], fontsize=7, parse_math=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if not rows:
        return
    heights = np.array([np.sum([look.histogram for look in row.looks], axis=0) for row in rows])
    shares = heights / np.maximum(heights.max(axis=1, keepdims=True), 1)
    extent = (-REACH, REACH, len(rows) - 0.5, -0.5)
    axes.imshow(shares, aspect="auto", cmap="Blues", extent=extent, interpolation="nearest")
    for place, row in enumerate(rows):
        colour = "#B3261E" if row.flags else "#444444"
        words = f" {np.mean(row.stds):.3g}  {row.text[:_WORDS]}"
        if row.flags:
            words += f"  [{row.flags}]"
        axes.text(
            REACH, place, one_line(words), fontsize=7, va="center", color=colour, parse_math=False
        )


def _short(row: Row) -> str:
    return row.path if len(row.path) <= _LONGEST else "..." + row.path[3 - _LONGEST :]
