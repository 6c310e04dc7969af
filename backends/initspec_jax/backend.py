"""The JAX backend as an object."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from initspec.axes import IN_OUT, Axes, by_rank
from initspec.backend import missing
from initspec.dtypes import float_type

if TYPE_CHECKING:
    from initspec import InitSpec
    from initspec.backend.builtins import Builtin
    from initspec_jax.initializer import JaxInitializer


class JaxBackend:
    """Draws with jax.random."""

    name = "jax"
    dtypes = ("float16", "bfloat16", "float32", "float64")
    known_deviations: tuple[str, ...] = ()

    def version(self) -> str:
        import jax

        return f"{jax.__version__} ({jax.default_backend()})"

    def why_unusable(self) -> str | None:
        return missing("jax", "jax")

    def default_axes(self, rank: int) -> Axes | None:
        return by_rank(IN_OUT, rank)

    def compile(
        self, spec: InitSpec, axes: Axes | None, seed: int | None, name: str
    ) -> JaxInitializer:
        from initspec_jax.initializer import JaxInitializer

        return JaxInitializer(spec, axes, seed, name)

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
        """Return a weight drawn from `jax.random.key(entropy)`; see `Backend.draw`.

        A float64 weight is drawn under `jax.enable_x64`, so that it has 64 bits whatever the
        process has configured. The array may be a read-only view of JAX' memory.
        """
        import jax

        double = float_type(dtype).name == "float64"
        with jax.enable_x64(True) if double else contextlib.nullcontext():
            init = self.compile(spec, axes, seed, name)
            return np.asarray(init(_key(entropy), shape, dtype))

    def builtins(self) -> tuple[Builtin, ...]:
        """Return JAX' and flax' own initializers; see `initspec.backend.builtins.HasBuiltins`."""
        from initspec_jax.builtins import builtins

        return builtins()


def _key(entropy: int) -> Any:
    """Return `jax.random.key(entropy)`, and beyond 32 bits a key that all of them enter.

    Without `jax_enable_x64`, `jax.random.key` drops all but 32 bits of its seed.
    """
    import jax

    key = jax.random.key(entropy % 2**32)
    while (entropy := entropy >> 32) > 0:
        key = jax.random.fold_in(key, entropy % 2**32)
    return key
