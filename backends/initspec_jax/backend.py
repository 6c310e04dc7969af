"""The JAX backend as an object."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from initspec.backend import IN_OUT, Axes, BaseBackend, FloatType, TargetError, read_layers
from initspec_jax.models import kind_of, models_of

if TYPE_CHECKING:
    from initspec.backend import Adjust, Builtin, Declared, Filling, LayerTable, Parameter, Spec
    from initspec.translate import Vocabulary
    from initspec_jax.initializer import JaxInitializer


class JaxBackend(BaseBackend):
    """Draws with jax.random."""

    name = "jax"
    convention = IN_OUT
    module = extra = "jax"

    def version(self) -> str:
        import jax

        return f"{jax.__version__} ({jax.default_backend()})"

    def compile(self, spec: Spec, axes: Axes | None, seed: int | None, name: str) -> JaxInitializer:
        from initspec_jax.initializer import JaxInitializer

        return JaxInitializer(spec, axes, seed, name)

    def fill(
        self, compiled: Any, shape: tuple[int, ...], kind: FloatType, entropy: int | None
    ) -> NDArray[np.floating]:
        """Return a weight drawn from `jax.random.key(entropy)`.

        A float64 weight is drawn under `jax.enable_x64`, so that it has 64 bits whatever the
        process has configured. The array may be a read-only view of JAX' memory.
        """
        import jax

        with jax.enable_x64(True) if kind.name == "float64" else contextlib.nullcontext():
            key = None if entropy is None else _key(entropy)
            return np.asarray(compiled(key, shape, kind.name))

    def vocabulary(self) -> Vocabulary:
        from initspec_jax.vocabulary import JAX

        return JAX

    def read_native(self, initializer: object) -> tuple[Spec, Axes | None] | None:
        """Return the spec of an initializer of JAX or flax; see `initspec.backend.HasNative`."""
        from initspec_jax.native import read_native

        return read_native(initializer)

    def layers(self) -> LayerTable:
        """Return the table of the layers of flax."""
        return read_layers(__package__)

    def owns(self, model: object) -> bool:
        """Return whether a model is of flax or Equinox, or a tree of arrays."""
        return kind_of(model) is not None

    def parameters(self, model: Any, inputs: Any = None) -> tuple[Parameter, ...]:
        """See `initspec.backend.HasModels`."""
        parameters: tuple[Parameter, ...] = models_of(model).parameters(model, inputs)
        return parameters

    def write(
        self,
        model: Any,
        fillings: Sequence[Filling],
        seed: int | None,
        *,
        inputs: Any = None,
        device: Any = None,
    ) -> Any:
        """See `initspec.backend.HasModels`."""
        if device is not None:
            raise TargetError(
                f"device={device!r}: JAX has shardings for this; call under "
                "jax.default_device(device), or give the parameters a sharding"
            )
        return models_of(model).write(model, fillings, seed, inputs)

    def values(self, model: Any, paths: Sequence[str]) -> Iterator[NDArray[Any] | None]:
        """See `initspec.backend.HasValues`."""
        from initspec_jax.models.reading import read

        arrays: dict[str, Any] = models_of(model).arrays(model)
        return (read(arrays.get(path)) for path in paths)

    def run(
        self,
        model: Any,
        inputs: Any,
        fillings: Sequence[Filling],
        seed: int,
        watched: Sequence[str],
        adjust: Adjust,
    ) -> None:
        """See `initspec.backend.HasOutputs`."""
        if kind_of(model) != "nnx":
            raise TargetError(
                f"{type(model).__name__}: of JAX, models of flax.nnx can be run as they are; what "
                "is calibrated there initializes the same architecture here, with names="
            )
        from initspec_jax.models.running import run

        run(model, inputs, fillings, seed, watched, adjust)

    def initializers(self, model: Any, inputs: Any = None) -> dict[str, Declared | None]:
        """See `initspec.backend.HasInitializers`."""
        if kind_of(model) != "linen":
            return {}
        from initspec_jax.models.linen import initializers

        return initializers(model, inputs)

    def default_recipe(self, model: Any) -> str:
        """See `initspec.backend.HasInitializers`."""
        return "flax" if kind_of(model) in ("linen", "nnx") else ""

    def builtins(self) -> tuple[Builtin, ...]:
        """Return JAX' and flax' own initializers; see `initspec.backend.HasBuiltins`."""
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
