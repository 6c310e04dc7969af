"""The role of each axis of a weight, and the fans and the layout that follow from it."""

from __future__ import annotations

from initspec.axes.axes import IN_OUT, OUT_IN, Axes, axes_of, by_rank, check_shape
from initspec.axes.fans import MODES, Fans
from initspec.axes.layout import ROLES, Layout
from initspec.axes.unequal import Part, UnequalLayout

__all__ = [
    "IN_OUT",
    "MODES",
    "OUT_IN",
    "ROLES",
    "Axes",
    "Fans",
    "Layout",
    "Part",
    "UnequalLayout",
    "axes_of",
    "by_rank",
    "check_shape",
]
