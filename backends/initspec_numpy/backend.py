"""The NumPy backend as initspec sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from initspec.axes import OUT_IN, Axes, by_rank
from initspec_numpy.initializer import NumpyInitializer

if TYPE_CHECKING:
    from initspec import InitSpec


class NumpyBackend:
    """Draws with numpy.random.Generator."""

    name = "numpy"
    dtypes = ("float16", "bfloat16", "float32", "float64")
    known_deviations: tuple[str, ...] = ()

    def version(self) -> str:
        return np.__version__

    def why_unusable(self) -> str | None:
        return None

    def default_axes(self, rank: int) -> Axes | None:
        return by_rank(OUT_IN, rank)

    def compile(
        self, spec: InitSpec, axes: Axes | None, seed: int | None, name: str
    ) -> NumpyInitializer:
        return NumpyInitializer(spec, axes, seed, name)

    def draw(
        self,
        spec: InitSpec,
        shape: tuple[int, ...],
        *,
        axes: Axes | None = None,
        dtype: str = "float32",
        entropy: int = 0,
        seed: int | None = None,
        name: str = "",
    ) -> NDArray[np.floating]:
        rng = None if seed is not None else np.random.default_rng(entropy % 2**128)
        return self.compile(spec, axes, seed, name)(shape, dtype, rng)
