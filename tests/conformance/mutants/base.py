"""What a mutant is: a backend with one fault, and which check must see it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, ClassVar, cast

import numpy as np
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected, expected_of

from initspec import Axes, InitSpec
from initspec.axes import OUT_IN, by_rank
from initspec.backend import Spec, usable

MATRIX = (512, 520)
"""A plain weight, almost square."""

SMALL = (64, 96)


class Mutant:
    """A backend over NumPy with one deliberate fault.

    This class itself is right: it draws by NumPy's `Generator` and rounds once. A mutant overrides
    one step, and its docstring names the bug that it stands for. It satisfies `initspec.Backend`,
    so that it is judged as any backend is.

    Attributes:
        caught_by: the check, or the property of backends, that is meant for it; "" for one that is
            right after all, which nothing may catch.
        spec: the line of the spec that it shows on.
        shape: a weight that it shows on.
        axes: the role of each of its axes.
        dtype: the dtype that it shows on.
        level: the least level at which it is caught.
        discrepancy: by how much it is off, in the unit of the check that catches it; None where
            that check is deterministic, or has no one number.
    """

    caught_by: ClassVar[str] = ""
    spec: ClassVar[str] = "he_normal"
    shape: ClassVar[tuple[int, ...]] = SMALL
    axes: ClassVar[str] = "out in"
    dtype: ClassVar[str] = "float32"
    level: ClassVar[str] = "quick"
    discrepancy: ClassVar[float | None] = None

    abstract: ClassVar[bool] = True
    name: str = "right"
    dtypes: tuple[str, ...] = ("float16", "bfloat16", "float32", "float64")
    known_deviations: tuple[str, ...] = ()

    def __init_subclass__(cls, abstract: bool = False) -> None:
        """Name a mutant after its class, in words; an abstract one has no fault of its own."""
        cls.abstract = abstract
        cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", cls.__name__).lower()

    @property
    def expected(self) -> Expected:
        """What it is judged by."""
        return expected_of(InitSpec.parse(self.spec), self.shape, self.axes, self.dtype)

    def predicted(self) -> float | None:
        """Return by how much it is off on its expected, in the unit of the check meant for it."""
        return self.discrepancy

    def version(self) -> str:
        """Return NumPy's version."""
        return np.__version__

    def why_unusable(self) -> str | None:
        """Return None: NumPy is always there."""
        return None

    def default_axes(self, rank: int) -> Axes | None:
        """Return NumPy's convention."""
        return by_rank(OUT_IN, rank)

    def compile(self, spec: Spec, axes: Axes | None, seed: int | None, name: str) -> Any:
        """Return the right initializer: the faults are in `draw`."""
        return usable("numpy").compile(spec, axes, seed, name)

    def draw(
        self,
        spec: Spec,
        shape: tuple[int, ...],
        *,
        axes: Axes | None = None,
        dtype: str = "float32",
        entropy: int = 0,
        seed: int | None = None,
        name: str = "",
    ) -> Array:
        """Return a draw, wrong in one way."""
        expected = Expected(
            cast(InitSpec, spec), shape, axes or self.default_axes(len(shape)), dtype
        )
        if seed is not None:
            return self.seeded(expected, seed, name)
        return self.cast(self.weight(self.meant(expected), self.generator(entropy)), expected)

    def seeded(self, expected: Expected, seed: int, name: str) -> Array:
        """Return a draw of the portable stream."""
        return _right(expected, seed, name).copy()

    def generator(self, entropy: int) -> np.random.Generator:
        """Return the source of all randomness of a draw."""
        return np.random.default_rng(entropy)

    def meant(self, expected: Expected) -> Expected:
        """Return what the mutant takes the expected for."""
        return expected

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        """Return a weight in float32, or float64 where that is asked for, in its own order."""
        init = self.compile(expected.spec, expected.axes, None, "")
        return np.asarray(init(expected.shape, wide(expected), rng))

    def cast(self, weight: Array, expected: Expected) -> Array:
        """Return the weight in the dtype asked for."""
        return np.asarray(weight.astype(expected.numpy_dtype))


@cache
def _right(expected: Expected, seed: int, name: str) -> Array:
    """Return a draw of the portable stream, once for all mutants: most have no fault in it."""
    how: dict[str, Any] = {"axes": expected.axes, "dtype": expected.dtype}
    drawn = usable("numpy").draw(expected.spec, expected.shape, seed=seed, name=name, **how)
    return drawn.copy()  # the weight itself must go: a later draw of the seed would be its twin


def wide(expected: Expected) -> str:
    """Return the dtype that a weight is computed in before it is rounded."""
    return "float64" if expected.dtype == "float64" else "float32"


class Scaled(Mutant, abstract=True):
    """A right draw times a wrong factor."""

    caught_by = "variance"

    def factor(self, expected: Expected) -> float:
        """Return what the standard deviation is multiplied with."""
        raise NotImplementedError

    def predicted(self) -> float | None:
        return abs(self.factor(self.expected) ** 2 - 1) if self.caught_by == "variance" else None

    def weight(self, expected: Expected, rng: np.random.Generator) -> Array:
        right = super().weight(expected, rng)
        return np.asarray(right * right.dtype.type(self.factor(expected)))
