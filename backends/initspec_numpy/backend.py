"""The NumPy backend as initspec sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from initspec.backend import Axes, BaseBackend, FloatType
from initspec_numpy.initializer import NumpyInitializer

if TYPE_CHECKING:
    from initspec.backend import Spec
    from initspec.translate import Vocabulary


class NumpyBackend(BaseBackend):
    """Draws with numpy.random.Generator."""

    name = "numpy"

    def version(self) -> str:
        return np.__version__

    def compile(
        self, spec: Spec, axes: Axes | None, seed: int | None, name: str
    ) -> NumpyInitializer:
        return NumpyInitializer(spec, axes, seed, name)

    def fill(
        self, compiled: Any, shape: tuple[int, ...], kind: FloatType, entropy: int | None
    ) -> NDArray[np.floating]:
        rng = None if entropy is None else np.random.default_rng(entropy % 2**128)
        array: NDArray[np.floating] = compiled(shape, kind.name, rng)
        return array

    def vocabulary(self) -> Vocabulary:
        from initspec.translate import Vocabulary

        gap = "NumPy has no initializers."
        return Vocabulary("numpy", "NumPy", "numpy.random", (), self.convention, gap=gap)
