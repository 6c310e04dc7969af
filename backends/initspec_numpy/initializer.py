"""The compiled initializer of NumPy: a callable that returns a new array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initspec.backend import (
    OUT_IN,
    Axes,
    DtypeError,
    SharedNames,
    TargetError,
    check_call,
    check_name,
    draw,
    float_type,
    numpy_dtype,
    resolve,
    returned,
    shown,
)
from initspec_numpy.primitives import NumpyPrimitives

if TYPE_CHECKING:
    from initspec.backend import Spec


class NumpyInitializer:
    """init(shape, dtype="float32", rng=None, *, name=None) -> ndarray.

    Without a seed two calls give two draws, from `rng` or a fresh `numpy.random.default_rng()`;
    with one, a draw is that of the portable stream. No global state is read or moved.
    """

    def __init__(self, spec: Spec, axes: Axes | None, seed: int | None, name: str) -> None:
        self.spec = spec
        self.axes = axes
        self.seed = seed
        self.name = name
        self._names = SharedNames("numpy")

    def __repr__(self) -> str:
        return f"NumpyInitializer({str(self.spec)!r})"

    def __call__(
        self,
        shape: tuple[int, ...],
        dtype: DTypeLike = "float32",
        rng: np.random.Generator | None = None,
        *sizes: object,
        name: str | None = None,
    ) -> NDArray[Any]:
        """Return a new array.

        Args:
            shape: the weight's shape, `out in kernel...` unless axes say otherwise.
            dtype: float16, bfloat16 (from ml_dtypes), float32 or float64.
            rng: where the random numbers come from; one `numpy.random.Generator`.
            sizes: raise the error of a shape that is written without brackets.
            name: the parameter's name in the portable stream.

        Raises:
            AxesError, ShapeError, DtypeError: the weight cannot be filled as asked.
            TargetError: `rng` is not a Generator, or comes together with a seed; the shape is not
                the first argument.
            CallError: its sizes stand apart.
            SeedError: `name` is not a str.
        """
        try:
            kind = float_type(dtype)
        except DtypeError:
            _check_order(shape, dtype, rng, *sizes)
            raise
        if sizes:
            _check_order(shape, dtype, rng, *sizes)
        if rng is not None:
            self._check(rng)
        resolved = resolve(self.spec, shape, self.axes, OUT_IN, kind)
        if self.seed is not None:
            name = self.name if name is None else check_name(name)
            weight = draw(resolved, kind, self.seed, name)
            if self.spec.distribution.random and weight.size:
                self._names.note(self.spec, self.seed, name, returned(weight))
            return weight
        if not resolved.layout.size:
            return np.empty(resolved.layout.shape, numpy_dtype(kind))
        primitives = NumpyPrimitives(resolved.layout, kind, rng or np.random.default_rng())
        array: NDArray[Any] = resolved.sample(primitives)
        return array

    def _check(self, rng: object) -> None:
        if not isinstance(rng, np.random.Generator):
            raise TargetError(
                f"rng={shown(rng)}: pass a numpy.random.Generator, such as "
                "numpy.random.default_rng(0)"
            )
        if self.seed is not None:
            raise TargetError(
                f"rng together with seed={self.seed}: a seed is all that a portable draw takes; "
                "leave one of them out"
            )


def _check_order(first: object, *others: object) -> None:
    """Raise where the sizes of a shape stand apart, a key before it, or too much after it."""
    check_call("init({})", 3, first, *others)
    shape = others[0]
    if isinstance(shape, tuple | list) and not isinstance(first, tuple | list):
        raise TargetError(
            f"init({shown(first)}, {shown(shape)}): the shape comes first, and no key; write "
            f"init({tuple(shape)}, rng=numpy.random.default_rng(0))"
        )
