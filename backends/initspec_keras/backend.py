"""The Keras backend as initspec sees it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from initspec.backend import (
    IN_OUT,
    Axes,
    BaseBackend,
    FloatType,
    TargetError,
    axes_of,
    numpy_dtype,
    read_engines,
    read_layers,
    resolve,
)
from initspec_keras import active
from initspec_keras.loading import load

if TYPE_CHECKING:
    import keras

    from initspec import InitSpec
    from initspec.backend import (
        Adjust,
        Builtin,
        Declared,
        Engine,
        Filling,
        LayerTable,
        Parameter,
        Spec,
    )
    from initspec.translate import Vocabulary

_OTHER_SAMPLER = (
    "rounding: in float32 a truncated normal is Keras' built-in, which is not exact in 16 bits; "
    "there it is an InitSpecInitializer, of the same law and other numbers, "
    "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/backend/tensorflow/random.py"
)


class KerasBackend(BaseBackend):
    """Draws with keras.random, on TensorFlow, PyTorch or JAX."""

    name = "keras"
    convention = IN_OUT
    suffixes = (".keras",)

    @property
    def known_deviations(self) -> tuple[str, ...]:  # type: ignore[override]
        """What differs on the active Keras backend."""
        return () if active.framework() == "torch" else (_OTHER_SAMPLER,)

    def version(self) -> str:
        framework = active.framework()
        return f"{_version('keras')} on {framework} {_version(framework)}"

    def why_unusable(self) -> str | None:
        return active.why_unusable()

    def compile(
        self, spec: Spec, axes: Axes | None, seed: int | None, name: str
    ) -> keras.initializers.Initializer:
        """Return the built-in initializer where it is exact, else an `InitSpecInitializer`.

        A built-in is a subclass of Keras' own, which draws as an `InitSpecInitializer` in the
        dtypes in which Keras is not exact, and is saved as Keras' own.

        Where it is exact, it does not check the shape: it fills rank 1 as Keras does, fan_in =
        fan_out = the size, and shapes that `axes` do not fit, where an `InitSpecInitializer` raises
        AxesError.
        """
        load()
        compiled = self._compiled
        if active.framework() == "tensorflow":
            import tensorflow as tf

            # AutoGraph cannot read a match statement, and warns at length.
            compiled = tf.autograph.experimental.do_not_convert(compiled)
        return compiled(spec, axes, seed, name, None)

    def compile_for(
        self,
        spec: Spec,
        shape: tuple[int, ...],
        axes: Axes | None,
        seed: int | None,
        name: str,
        kind: FloatType,
        entropy: int | None,
    ) -> Any:
        """Return what `compile` returns, with its random numbers from `entropy`."""
        resolve(spec, shape, axes, IN_OUT, kind)  # a built-in would not check
        load()
        with active.wide(kind.name):
            return self._compiled(spec, axes, seed, name, entropy)

    def fill(
        self, compiled: Any, shape: tuple[int, ...], kind: FloatType, entropy: int | None
    ) -> NDArray[np.floating]:
        """Return a weight; on JAX, float64 is drawn with jax_enable_x64 set for the call."""
        import keras

        with active.wide(kind.name):
            value = compiled(tuple(shape), dtype=kind.name)
            if kind.name in ("float16", "bfloat16"):
                # Exact, and Keras on TensorFlow cannot convert a bfloat16 scalar itself.
                value = keras.ops.cast(value, "float32")
            array = keras.ops.convert_to_numpy(value)
        return np.asarray(array).astype(numpy_dtype(kind), copy=False)

    def _compiled(
        self,
        spec: Spec,
        axes: Axes | None,
        seed: int | None,
        name: str,
        entropy: int | None,
    ) -> Any:
        from initspec_keras.generator import seed_generator
        from initspec_keras.guarded import builtin
        from initspec_keras.initializer import InitSpecInitializer

        spec = cast("InitSpec", spec)  # with its document, which a saved model holds
        if seed is not None:
            return InitSpecInitializer(spec, axes, seed, name)
        generator = seed_generator(entropy)
        exact = builtin(spec, axes_of(axes), generator)
        if exact is not None:
            return exact
        return InitSpecInitializer(spec, axes, seed, name, generator)

    def engines(self) -> dict[str, Engine]:
        """Return the frameworks that Keras runs on."""
        return read_engines(__package__)

    def vocabulary(self) -> Vocabulary:
        from initspec_keras.vocabulary import KERAS

        return KERAS

    def read_native(self, initializer: object) -> tuple[Spec, Axes | None] | None:
        """Return the spec of an initializer of Keras; see `initspec.backend.HasNative`."""
        from initspec_keras.native import read_native

        return read_native(initializer)

    def layers(self) -> LayerTable:
        """Return the table of the layers of keras.layers."""
        return read_layers(__package__)

    def owns(self, model: object) -> bool:
        """Return whether a model is a layer of Keras, as every model is."""
        keras = sys.modules.get("keras")  # which must not be imported for the question
        layer = getattr(getattr(keras, "layers", None), "Layer", None)
        return isinstance(layer, type) and isinstance(model, layer)

    def parameters(self, model: Any, inputs: Any = None) -> Sequence[Parameter]:
        """Return the parameters of a built model; see `initspec.backend.HasModels`."""
        from initspec_keras.models import parameters

        return parameters(model)

    def write(
        self,
        model: Any,
        fillings: Sequence[Filling],
        seed: int | None,
        *,
        inputs: Any = None,
        device: Any = None,
    ) -> Any:
        """Fill parameters of a model in place; see `initspec.backend.HasModels`."""
        from initspec_keras.models import write

        return write(model, fillings, seed, device)

    def values(self, model: Any, paths: Sequence[str]) -> Iterator[NDArray[Any]]:
        """Return the values of weights; see `initspec.backend.HasValues`."""
        from initspec_keras.models import values

        return values(model, paths)

    def tensors(self, path: Path) -> AbstractContextManager[Mapping[str, Any]]:
        """Open a .keras file; see `initspec.backend.HasFiles`. Keras is not needed."""
        from initspec_keras.files import tensors

        return tensors(path)

    def model(self, path: Path) -> Any:
        """Return the model of a .keras file; see `initspec.backend.HasFiles`."""
        if reason := self.why_unusable():
            raise TargetError(f"{path}: {reason}")
        from initspec_keras.files import model

        return model(path)

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
        from initspec_keras.running import run

        run(model, inputs, fillings, seed, watched, adjust)

    def initializers(self, model: Any, inputs: Any = None) -> dict[str, Declared | None]:
        """See `initspec.backend.HasInitializers`."""
        from initspec_keras.declared import initializers

        return initializers(model)

    def default_recipe(self, model: Any) -> str:
        """See `initspec.backend.HasInitializers`."""
        return "keras"

    def builtins(self) -> tuple[Builtin, ...]:
        """Return Keras' own initializers; see `initspec.backend.HasBuiltins`."""
        load()
        from initspec_keras.builtins import builtins

        return builtins()


def _version(package: str) -> str:
    try:
        return version(package)  # without the import, which takes TensorFlow ten seconds
    except PackageNotFoundError:  # tensorflow-cpu, tf-nightly, ...
        return str(importlib.import_module(package).__version__)
