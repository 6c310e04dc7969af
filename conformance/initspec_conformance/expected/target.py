"""What a weight should be: the thing that every check holds draws against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from initspec import Axes, Constant, DeltaOrthogonal, Dirac, Identity, InitSpec, Orthogonal, Sparse
from initspec.axes import OUT_IN, axes_of, by_rank, check_shape
from initspec.axes.fans import Fans
from initspec.axes.layout import Layout
from initspec.dtypes import FLOATS, float_type, numpy_dtype
from initspec.errors import AxesError, InitSpecError, SpecError
from initspec_conformance.expected.laws import EntryLaw, entry_law, zeros_of
from initspec_conformance.expected.rounding import (
    HALVES,
    Reading,
    Rounded,
    only_value,
    reading_of,
    rounded_of,
)


@dataclass(frozen=True)
class Target:
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
        zeros, each, slices = zeros_of(self.spec, self.layout)
        return (each - zeros) * slices

    @cached_property
    def law(self) -> EntryLaw | None:
        """The law of the independent entries, None where there are none."""
        return entry_law(self.spec, self.layout.fans)

    @cached_property
    def reading(self) -> Reading:
        """How the entries are read in this dtype; only where there is a law."""
        assert self.law is not None
        return reading_of(self.law, self.dtype, floored=self.family == "sparse")

    @property
    def rounded(self) -> Rounded:
        """The cells of the values of a 16-bit dtype; only where there is a law."""
        assert self.law is not None
        return rounded_of(self.law, self.dtype, floored=self.family == "sparse")

    @cached_property
    def only(self) -> float | None:
        """The one value that all entries of the law are rounded to, None where there are more."""
        if self.law is None or isinstance(self.spec.distribution, Sparse):
            return None
        return only_value(self.law, self.dtype)

    @property
    def family(self) -> str:
        """What kind of checks apply: "iid", "sparse", "haar" or "fixed".

        A law so narrow that the dtype has one value for it is "fixed" too.

        "empty" is a sparse weight so small that nothing but zeros is left.
        """
        match self.spec.distribution:
            case Sparse():
                zeros, entries, _ = zeros_of(self.spec, self.layout)
                return "sparse" if zeros < entries else "empty"
            case Orthogonal() | DeltaOrthogonal():
                return "haar"
            case Constant() | Identity() | Dirac():
                return "fixed"
        return "iid" if self.only is None else "fixed"

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


def target_of(
    spec: InitSpec, shape: tuple[int, ...], axes: str | Axes | None, dtype: object
) -> Target:
    """Return the target of a call, axes by NumPy's convention (out in kernel...) where None.

    Raises:
        InitSpecError: the spec cannot fill the shape, or the dtype is none.
    """
    if not isinstance(spec, InitSpec):
        raise SpecError(
            f"spec={spec!r} is no InitSpec: pass one, such as InitSpec.parse('he_normal')"
        )
    shape = check_shape(shape)
    target = Target(
        spec, shape, axes_of(axes) or by_rank(OUT_IN, len(shape)), float_type(dtype).name
    )
    needs_axes = spec.mode is not None or target.family in ("sparse", "empty", "haar")
    if target.axes is None and needs_axes:
        raise AxesError(
            f"'{spec}' on the shape {shape}: pass axes, such as axes='out [in=512]' for a bias"
        )
    if not target.size:
        raise InitSpecError(f"the shape {shape} has no elements to check")
    spec.std(shape, target.axes)  # raises where the family cannot fill the shape
    return target
