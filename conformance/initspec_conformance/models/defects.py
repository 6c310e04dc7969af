"""What is wrong with values whatever their law is: no statistics, no false alarm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.pieces import BLOCK

NARROWER = {"float32": ("bfloat16", "float16"), "float64": ("bfloat16", "float16", "float32")}
"""The dtypes that hold a part of the values of another, the coarsest first."""

COARSE = {"bfloat16": 2.0**-8, "float16": 2.0**-5, "float32": 2.0**-24}
"""How often, at most, a right value of a wider dtype is one of these.

A generator's lattice has 23 bits, which near 0 are fewer: each binade adds 2^-15 to the first.
"""

CERTAIN = 2.0**-60
"""The probability below which a coincidence is none."""

STRANGE = (1e-20, 1e20)
"""In standard deviations, sizes that no value has, and bytes that are read as numbers do."""


@dataclass(frozen=True)
class Defect:
    """What is wrong with some values.

    Attributes:
        kind: one of `findings.KINDS`.
        message: what there is.
        looks_like: what it looks like.
    """

    kind: str
    message: str
    looks_like: str = ""

    def on(self, path: str) -> ModelFinding:
        """Return the finding that a parameter has it."""
        return ModelFinding(path, self.kind, self.message, self.looks_like)


def not_finite(values: Array) -> Defect | None:
    """Return that some values are NaN or infinite."""
    low, high = values.min(), values.max()  # which NaN goes through, without a copy
    if np.isfinite(low) and np.isfinite(high):
        return None
    flat = values.reshape(-1)
    bad, first = 0, -1
    for start in range(0, flat.size, BLOCK):
        places = np.flatnonzero(~np.isfinite(flat[start : start + BLOCK]))
        if len(places) and first < 0:
            first = start + int(places[0])
        bad += len(places)
    where = ", ".join(map(str, np.unravel_index(first, values.shape)))
    message = f"{bad} of {values.size} values are NaN or infinite, the first at [{where}]"
    rest = strange(flat[np.isfinite(flat)])
    return Defect("not finite", message, rest.looks_like if rest else "")


def strange(values: Array, expected: Expected | None = None) -> Defect | None:
    """Return that values are bytes of memory that nothing has written to."""
    std = expected.rounding.moments[1] if expected is not None else 1.0
    low, high = (std * limit for limit in STRANGE)
    flat, odd = values.reshape(-1), 0
    for start in range(0, flat.size, BLOCK):
        sizes = np.abs(flat[start : start + BLOCK].astype(np.float64))
        odd += int(np.count_nonzero(((sizes < low) & (sizes > 0)) | (sizes > high)))
    if odd * 1000 <= values.size:
        return None
    message = f"{odd} of {values.size} values are smaller than {low:.2g} or larger than {high:.2g}"
    return Defect("untouched", message, "memory that nothing has written to")


def constant(values: Array, expected: Expected) -> Defect | None:
    """Return that random values are all the same, as chance makes none."""
    low, high = float(values.min()), float(values.max())
    if low != high or coincidence(expected) ** (values.size - 1) > CERTAIN:
        return None
    message = f"all of {values.size} values are {low:.6g}, the recipe says {expected.spec}"
    if low:
        return Defect("constant", message, f"constant(value={low:.6g})")
    return Defect("untouched", message, "zeros, or memory that nothing has written to")


def zero_slices(values: Array, axis: int, chance: float) -> Array | None:
    """Return which rows (axis 0) or columns (-1) are nothing but zeros; None where none is.

    Args:
        values: the values.
        axis: the axis whose slices are meant.
        chance: a bound of the probability that two values are one; slices of so few values that
            chance may make them zero are left out.
    """
    if values.ndim < 2 or not values.size:
        return None
    if chance ** (values.size // values.shape[axis]) > CERTAIN:
        return None
    rows = values.reshape(-1, values.shape[-1]).T if axis else values.reshape(len(values), -1)
    zero = np.asarray(rows[:, 0] == 0)
    for row in np.flatnonzero(zero):
        zero[row] = not rows[row].any()
    return zero if zero.any() else None


def of_zeros(rows: Array, axis: int, n: int, role: str) -> Defect:
    """Return that rows or columns of n are zero: which, and why that may be."""
    noun = "column" if axis else "row"
    first, last = int(rows[0]), int(rows[-1])
    message, looks = f"{noun} {first} of {n} is nothing but zeros", ""
    if len(rows) > 1:
        run = last - first + 1 == len(rows)
        which = f"{noun}s {first} to {last}" if run else f"{len(rows)} {noun}s from {first} on"
        message = f"{which} of {n} are nothing but zeros"
        looks = "memory that nothing has written to" if run else ""
    elif role == "embedding" and not axis:
        looks = "a padding row that the recipe has no rule for"
    return Defect("zero rows", message, looks)


def coarse(values: Array, dtype: str) -> Defect | None:
    """Return that values were drawn in a dtype of fewer digits and cast."""
    flat = values.reshape(-1)[:BLOCK]
    flat = flat[flat != 0]
    if flat.size < LEAST:
        return None
    counts = {name: _held(flat, name) for name in NARROWER.get(dtype, ())}
    if not counts:
        return None
    # A number of few digits is one of several dtypes: the coarsest that holds about the most.
    name, count = next((n, c) for n, c in counts.items() if c >= 0.9 * max(counts.values()))
    if not count or special.bdtrc(count - 1, flat.size, COARSE[name]) > CERTAIN:
        return None
    message = f"{count} of {flat.size} values in {dtype} are {name} numbers"
    return Defect("coarse dtype", message, f"a draw in {name} that was cast to {dtype}")


LEAST = 8
"""How many values are enough to see that they are coarse."""


def _held(values: Array, name: str) -> int:
    """Return how many values a narrower dtype holds."""
    if name == "bfloat16":
        if values.dtype == np.float64:
            narrow = values.astype(np.float32)
            whole = narrow == values
            bits = narrow.view(np.uint32)
            return int(np.count_nonzero(whole & (bits & np.uint32(0xFFFF) == 0)))
        return int(np.count_nonzero(values.view(np.uint32) & np.uint32(0xFFFF) == 0))
    with np.errstate(over="ignore", under="ignore"):
        return int(np.count_nonzero(values.astype(name).astype(values.dtype) == values))
