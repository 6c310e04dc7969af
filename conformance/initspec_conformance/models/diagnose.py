"""From rejected checks to findings: what is wrong with a piece, and what it is instead."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from initspec.models.assignment import Assignment
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.describe import (
    ALONE,
    looks_like,
    round_specs,
    shape_of,
    specs_of,
)
from initspec_conformance.expected.laws import EntryLaw
from initspec_conformance.models.battery import LARGE, Measured
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.fitted import LOOSE, Context, explain
from initspec_conformance.models.pieces import BLOCK, Piece
from initspec_conformance.models.shapes import (
    drawn_coarsely,
    scales_in,
    strays_in,
    tails_of,
    zeros_in,
)
from initspec_conformance.statistics import error_rates

SHAPE = ("legendre", "distance", "tails", "extremes")
DTYPE = ("atoms", "lattice", "distinct", "binades", "full_width")
DEPENDENCE = ("rows", "transpose", "lags")

OF_A_COARSE_DRAW = {"extremes", "tails", *DTYPE}
"""Of these some reject a right law that was drawn in 16 bits, as frameworks draw it."""

SURE = 4
"""How many standard errors a standard deviation may be off from that of a spec that it is named."""

NAMES = {
    "normal": "normal",
    "uniform": "uniform",
    "truncated": "truncated_normal",
    "loguniform": "log_uniform",
}
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
    if expected.family != "iid":
        yield _of_a_structure(assignment, piece, measured, rejected, context)
        return
    assert expected.law is not None
    mean, sigma, kurtosis = expected.rounding.moments
    at, std = moments(piece.values)
    n = piece.values.size
    error = math.sqrt((kurtosis - 1) / (4 * n))
    reach = error_rates.upper(level / 2)
    family = _name(expected.law)
    shape, tails = family, ""
    if std and n >= LARGE:
        y = (some(piece.values) - at) / std
        shape, tails = shape_of(y), tails_of(y, expected, family)
    odd = zeros_in(piece.values, expected) or scales_in(piece.values)
    if OF_A_COARSE_DRAW & set(rejected) and not odd and drawn_coarsely(piece.values, expected):
        yield _coarse_draw(path, piece)
        return
    off = False
    if "mean" in rejected and abs(at - mean) * math.sqrt(n) > reach * max(sigma, std):
        off = True
        yield ModelFinding(path, "mean", f"mean {at:.4g}, the recipe says {mean:.4g}")
    if "variance" in rejected and abs(std / sigma - 1) > reach * error:
        off = True
        spread = SURE * error + 0.003
        looks = (
            odd
            or explain(assignment, piece.name, std, spread, shape, context)
            or specs_of(shape, std, spread, expected)
            or ("" if tails else _round(shape, std, spread))
            or f"{std / sigma:.4g} times it"
        )
        yield ModelFinding(path, "std", f"std {std:.4g}, the recipe says {sigma:.4g}", looks)
    strongest = min(
        rejected, key=lambda name: -1.0 if (p := measured.evidence[name].p_value) is None else p
    )
    message = measured.evidence[strongest].message
    looks = odd or (tails if shape == family else "") or looks_like(piece.values, expected)
    if {"mean", "variance", *SHAPE} & set(rejected):
        if off and shape != family:
            text = f"{shape} by its shape, the recipe says {family}"
            yield ModelFinding(path, "distribution", text)
        elif not off:
            text = f"{message}, the recipe says {expected.spec}"
            looks = "" if looks.endswith(ALONE) else looks  # the spec that it fails
            yield ModelFinding(path, "distribution", text, looks)
    elif "support" in rejected:
        looks = strays_in(piece.values, expected) or looks
        yield ModelFinding(path, "support", message, looks)
    elif set(DTYPE) & set(rejected):
        yield ModelFinding(path, "coarse dtype", message, looks)
    else:
        yield ModelFinding(path, "dependence", message, looks)


def _name(law: EntryLaw) -> str:
    """Return what a law is called."""
    if law.parent is not None:
        return f"{_name(law.parent)} through {law.family}"
    return NAMES.get(law.family, law.family)


def _of_a_structure(
    assignment: Assignment,
    piece: Piece,
    measured: Measured,
    rejected: list[str],
    context: Context,
) -> ModelFinding:
    """Return what is wrong with a piece whose entries are not independent."""
    path = f"{assignment.path} {piece.name}".rstrip()
    expected = piece.expected
    messages = "; ".join(measured.evidence[name].message for name in rejected)
    kind = "value" if expected.family == "fixed" else "structure"
    kind = "part" if piece.name else kind
    looks = looks_like(piece.values, expected)
    at, std = moments(piece.values)
    if std and piece.values.size >= LARGE:
        family = shape_of((some(piece.values) - at) / std)
        spread = SURE * math.sqrt(0.5 / piece.values.size) + 0.003
        looks = explain(assignment, piece.name, std, spread, family, context) or looks
    return ModelFinding(path, kind, f"{messages}, the recipe says {expected.spec}", looks)


def _coarse_draw(path: str, piece: Piece) -> ModelFinding:
    """Return the finding that values of 16 bits were drawn in 16 bits."""
    dtype, few = piece.expected.dtype, np.unique(piece.values).size
    parts = round(1 / piece.expected.unit)
    text = f"{few} distinct values among {piece.values.size}, of a law right to 1 in {parts}"
    looks = f"the framework's own coarse draw in {dtype}: draw in float32, cast afterwards"
    return ModelFinding(path, "coarse dtype", text, looks)


def _round(family: str, std: float, spread: float) -> str:
    """Return the spec of a family whose standard deviation is a round number; "" for none."""
    if not std or not spread < LOOSE:
        return ""
    near = (
        (abs(math.log(std / value)), line)
        for of, line, value in round_specs(std, spread)
        if of == family and value > 0
    )
    return next((line for off, line in sorted(near) if off < spread), "")


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
