"""What a weight should be: a spec on a shape, which every check compares draws with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from initspec import Axes, Fans, InitSpec, Sparse
from initspec.axes import OUT_IN, Layout, UnequalLayout, axes_of, by_rank, check_shape
from initspec.dtypes import FLOATS, float_type, numpy_dtype
from initspec.errors import AxesError, InitSpecError, SpecError, shown
from initspec_conformance.expected.laws import EntryLaw, entry_law, structure_of, zeros_of
from initspec_conformance.expected.rounding import (
    HALVES,
    Rounded,
    Rounding,
    rounding_of,
    spacings_of,
)


@dataclass(frozen=True)
class Expected:
    """A spec on a weight.

    Attributes:
        spec: the spec.
        shape: the weight's shape.
        axes: the role of each axis; None below rank 2, where there is no convention.
        dtype: the name of the dtype.
    """

    spec: InitSpec
    shape: tuple[int, ...]
    axes: Axes | None
    dtype: str

    @cached_property
    def layout(self) -> Layout:
        """The shape with its roles; a weight without axes is one row of outputs."""
        if self.axes is None:
            return Layout(self.shape, ("out",) * len(self.shape), self.shape, Fans(1, 1))
        return self.axes.layout(self.shape)

    @cached_property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @cached_property
    def entries(self) -> int:
        """The number of entries that are not zero by the spec: of sparse weights, the others."""
        if not isinstance(self.spec.distribution, Sparse):
            return self.size
        layout = self.layout
        parts = [layout]
        if isinstance(layout, UnequalLayout):
            parts = [part.layout for part in layout.parts]
        counts = [zeros_of(self.spec, part) for part in parts]
        return sum((each - zeros) * slices for zeros, each, slices in counts)

    @cached_property
    def law(self) -> EntryLaw | None:
        """The law of the independent entries, None where there are none."""
        assert self.layout.fans is not None
        return entry_law(self.spec, self.layout.fans)

    @cached_property
    def rounding(self) -> Rounding:
        """How entries of this law look in this dtype; only where there is a law."""
        assert self.law is not None
        return rounding_of(self.law, self.dtype, floored=self.family == "sparse")

    @property
    def rounded(self) -> Rounded:
        """The same for a dtype of 16 bits."""
        assert isinstance(self.rounding, Rounded)
        return self.rounding

    @cached_property
    def family(self) -> str:
        """Which checks apply: those of "iid", "sparse", "haar" or "fixed" weights.

        "empty" is a sparse weight so small that nothing but zeros is left.
        """
        return structure_of(self.spec) if self.entries else "empty"

    @property
    def unit(self) -> float:
        """The unit roundoff of the dtype."""
        return FLOATS[self.dtype].eps / 2

    @property
    def narrow(self) -> bool:
        """Whether the dtype has 16 bits, so that rounding shows."""
        return self.dtype in HALVES

    @property
    def numpy_dtype(self) -> np.dtype[np.floating]:
        """The dtype as NumPy's."""
        return numpy_dtype(FLOATS[self.dtype])

    def __str__(self) -> str:
        axes = f"[{self.axes}]" if self.axes is not None else ""
        shape = "x".join(map(str, self.shape))
        return f"{self.spec} {shape}{axes} {self.dtype}"


def expected_of(
    spec: InitSpec, shape: tuple[int, ...], axes: str | Axes | None, dtype: object
) -> Expected:
    """Return what a weight should be; where axes are None, by NumPy's order (out in kernel...).

    Raises:
        AxesError: the members of its stack have unequal sizes: check one alone.
        InitSpecError: the spec cannot fill the shape, the dtype does not exist or has too few
            values of the law, or the suite has no independent law for the family.
    """
    if not isinstance(spec, InitSpec):
        raise SpecError(
            f"spec={shown(spec)} is not an InitSpec: pass one, such as InitSpec.he_normal()"
        )
    structure = structure_of(spec)
    shape = check_shape(shape)
    expected = Expected(
        spec, shape, axes_of(axes) or by_rank(OUT_IN, len(shape)), float_type(dtype).name
    )
    if expected.axes is None and (spec.mode is not None or structure in ("sparse", "haar")):
        raise AxesError(
            f"'{spec}' on the shape {shape}: pass axes, such as axes='out [in=512]' for a bias"
        )
    if not expected.size:
        raise InitSpecError(f"the shape {shape} has no elements to check")
    if isinstance(expected.layout, UnequalLayout):
        raise AxesError(expected.layout.refusal("law"))
    spec.std(shape, expected.axes)  # raises where the family cannot fill the shape
    check_width(expected)
    return expected


def check_width(expected: Expected) -> None:
    """Refuse a law of so few values of the dtype that rounding hides or imitates an error."""
    law = expected.law
    if law is None or expected.family == "empty":
        return
    std, spacings = law.moments()[1], spacings_of(law, expected.dtype)
    few = spacings < FEWEST
    if expected.narrow and math.isfinite(std) and spacings:
        few = float(expected.rounded.masses.max()) > LARGEST
    if few:
        raise SpecError(
            f"'{expected.spec}' in {expected.dtype} cannot be checked: its std of {std:.3g} is "
            f"{spacings:.3g} times the spacing of the dtype at its largest values, where rounding "
            "looks like an error; use a wider distribution, a mean nearer to 0, or a dtype of more "
            "digits"
        )


FEWEST = 2.0**16
"""How many spacings of float32 or float64 the standard deviation of a law has, at least.

Then no edge is off by more than 3e-6 in the distribution function, a twentieth of the standard
error of 2^26 draws, nor the mass beyond 1e-4 by more than a four-hundredth of its own.
"""

LARGEST = 2.0**-6
"""The probability of a single value in 16 bits, at most: about 25 spacings."""
