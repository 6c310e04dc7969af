"""From rejected checks to findings: what is wrong with a piece, and what it is instead."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from initspec.models.assignment import Assignment
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.describe import looks_like, shape_of
from initspec_conformance.models.battery import LARGE, Measured
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.fitted import Context, explain
from initspec_conformance.models.pieces import BLOCK, Piece
from initspec_conformance.statistics import error_rates

SHAPE = ("legendre", "distance", "tails", "extremes")
DTYPE = ("atoms", "lattice", "distinct", "binades", "full_width")
DEPENDENCE = ("rows", "transpose", "lags")

NAMES = {"normal": "normal", "uniform": "uniform", "truncated": "truncated_normal"}
"""The families that a shape is told from, by the names of their laws."""


def diagnose(
    assignment: Assignment,
    piece: Piece,
    measured: Measured,
    rejected: list[str],
    level: float,
    context: Context,
) -> Iterator[ModelFinding]:
    """Yield the findings of a piece of which some checks were rejected."""
    path = f"{assignment.path} {piece.name}".rstrip()
    expected = piece.expected
    messages = "; ".join(measured.evidence[name].message for name in rejected)
    if expected.family != "iid":
        kind = "value" if expected.family == "fixed" else "structure"
        kind = "part" if piece.name else kind
        looks = looks_like(piece.values, expected)
        yield ModelFinding(path, kind, f"{messages}, the recipe says {expected.spec}", looks)
        return
    assert expected.law is not None
    mean, sigma, kurtosis = expected.rounding.moments
    at, std = moments(piece.values)
    n = piece.values.size
    error = math.sqrt((kurtosis - 1) / (4 * n))
    reach = error_rates.upper(level / 2)
    family = NAMES.get(expected.law.family, expected.law.family)
    shape = shape_of((some(piece.values) - at) / std) if std and n >= LARGE else family
    named = f", the recipe says {expected.spec}"
    other = bool({"mean", "variance", *SHAPE} & set(rejected))
    before = False
    if "mean" in rejected and abs(at - mean) * math.sqrt(n) > reach * min(sigma, std or sigma):
        before = True
        yield ModelFinding(path, "mean", f"mean {at:.4g}, the recipe says {mean:.4g}")
    if "variance" in rejected and abs(std / sigma - 1) > reach * error:
        before = True
        text = explain(assignment, piece.name, std, 6 * error + 0.003, shape, context)
        text = text or looks_like(piece.values, expected)
        yield ModelFinding(path, "std", f"std {std:.4g}, the recipe says {sigma:.4g}", text)
    if other and (not before or shape != family):
        kind = "distribution" if {*SHAPE, "variance", "mean"} & set(rejected) else "support"
        yield ModelFinding(path, kind, messages + named, looks_like(piece.values, expected))
    elif "support" in rejected and not before:
        yield ModelFinding(path, "support", messages + named)
    elif not other and set(DTYPE) & set(rejected):
        looks = looks_like(piece.values, expected)
        yield ModelFinding(path, "coarse dtype", messages, looks)
    elif not other:
        yield ModelFinding(path, "dependence", messages)


def moments(values: Array) -> tuple[float, float]:
    """Return the mean and the standard deviation of values, block by block."""
    flat = values.reshape(-1)
    blocks = [flat[start : start + BLOCK] for start in range(0, flat.size, BLOCK)]
    mean = sum(float(block.sum(dtype=np.float64)) for block in blocks) / flat.size
    squares = 0.0
    for block in blocks:
        off = block.astype(np.float64) - mean
        squares += float(off @ off)
    return mean, math.sqrt(squares / flat.size)


def some(values: Array) -> Values:
    """Return up to a block of values, from all parts."""
    flat = values.reshape(-1)
    return np.asarray(flat[:: max(flat.size // BLOCK, 1)].astype(np.float64))
