"""The initializer for what no built-in of Keras does exactly."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras

from initspec import InitSpec
from initspec.backend import (
    IN_OUT,
    Axes,
    DtypeError,
    FloatType,
    SharedNames,
    axes_of,
    check_call,
    float_type,
    resolve,
)
from initspec_keras.exact import attributes
from initspec_keras.generator import from_config, seed_generator
from initspec_keras.primitives import KerasPrimitives
from initspec_keras.seeded import portable_tensor
from initspec_keras.variables import compiling, filled


@keras.saving.register_keras_serializable(package="initspec")
class InitSpecInitializer(keras.initializers.VarianceScaling):
    """init(shape, dtype=None) -> tensor.

    Two calls give two draws, and so does a copy, however it is made. Only its own SeedGenerator is
    read and moved. A saved model that holds one loads in safe mode, after `import initspec`.

    It is a VarianceScaling by name alone: since Keras 3.15 `EinsumDense`, and with it every
    attention layer, passes to those which axes of its kernel are inputs
    (https://github.com/keras-team/keras/blob/v3.15.0/keras/src/layers/core/einsum_dense.py).

    Args:
        spec: what the weights should be; a config holds its document.
        axes: the role of each axis; None takes `kernel... in out` for rank 2 and more.
        seed: the seed of the portable stream; None draws with Keras' random numbers.
        name: the parameter's name in the portable stream.
        generator: a `keras.random.SeedGenerator` or its config; None makes a new one.
        input_axes: which axes are inputs, as `EinsumDense` passes them; used where `axes` is None.
        output_axes: the others.
    """

    def __init__(
        self,
        spec: InitSpec | dict[str, Any],
        axes: str | Axes | None = None,
        seed: int | None = None,
        name: str = "",
        generator: Any = None,
        input_axes: Collection[int] | None = None,
        output_axes: Collection[int] | None = None,
    ) -> None:
        self.spec = spec if isinstance(spec, InitSpec) else InitSpec.from_dict(spec)
        if axes is None and input_axes is not None and output_axes is not None:
            rank = len(input_axes) + len(output_axes)
            axes = " ".join("in" if axis in input_axes else "out" for axis in range(rank))
        self.axes = axes_of(axes)
        # EinsumDense sets what is None.
        self.input_axes = self.output_axes = None if self.axes is None else ()
        self.seed = seed
        self.name = str(name)
        self._names = name.shared if isinstance(name, _Name) else SharedNames("keras")
        if isinstance(generator, dict):
            generator = from_config(generator)
        if generator is None and seed is None:  # making one moves Python's global random state
            generator = seed_generator()
        self._generator = generator
        # What code that reads Keras' built-ins looks for: scale, mode, stddev, ...
        self.__dict__.update(attributes(self.spec))

    def __repr__(self) -> str:
        axes = "" if self.axes is None else f", axes={str(self.axes)!r}"
        return f"InitSpecInitializer({str(self.spec)!r}{axes})"

    def __call__(self, shape: tuple[int, ...], dtype: Any = None, *sizes: object) -> Any:
        """Return a new tensor.

        Args:
            shape: the weight's shape, `kernel... in out` unless axes say otherwise.
            dtype: float16, bfloat16, float32 or float64; None takes `keras.config.floatx()`. On
                JAX, float64 is float32 unless jax_enable_x64 is set.
            sizes: raise the error of a shape that is written without brackets.

        Raises:
            AxesError, ShapeError, DtypeError: the weight cannot be filled as asked.
            CallError: the sizes of the shape stand apart.
        """
        kind = canonical(type_of_call(shape, dtype, *sizes))
        resolved = resolve(self.spec, shape, self.axes, IN_OUT, kind)
        if self.seed is not None:
            weight = portable_tensor(resolved, kind, self.seed, self.name)
            if self.spec.distribution.random and resolved.layout.size and not compiling():
                self._names.note(self.spec, self.seed, self.name, filled(weight))
            return weight
        if resolved.layout.size:
            draw = KerasPrimitives(resolved.layout, kind, self._generator)
            return resolved.sample(draw)
        return keras.ops.zeros(resolved.layout.shape, dtype=kind.name)

    def get_config(self) -> dict[str, Any]:
        return {
            "spec": self.spec.to_dict(),
            "axes": None if self.axes is None else str(self.axes),
            "seed": self.seed,
            "name": _Name(self.name, self._names),
            "generator": self._generator and self._generator.get_config(),
        }


class _Name(str):
    """A name in a config, which brings the copies that are made from it what was drawn already.

    Layers such as MultiHeadAttention and Bidirectional give each of their kernels a copy of one
    initializer. In a file, or in another process, it is a str like any other.
    """

    shared: SharedNames

    def __new__(cls, name: str, shared: SharedNames) -> _Name:
        made = super().__new__(cls, name)
        made.shared = shared
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def type_of_call(shape: object, dtype: Any, *sizes: object) -> FloatType:
    """Return the floating type that a call asks for.

    Raises:
        CallError: the sizes of the shape stand apart, or there are more arguments.
        DtypeError: the dtype is not a floating type of weights.
    """
    if sizes:
        check_call("init({})", 2, shape, dtype, *sizes)
    try:
        return float_type(keras.config.floatx() if dtype is None else dtype)
    except DtypeError:
        check_call("init({})", 2, shape, dtype)
        raise


def canonical(kind: FloatType) -> FloatType:
    """Return the dtype that the framework gives where `kind` is asked for."""
    if keras.config.backend() != "jax":
        return kind
    import jax

    return float_type(jax.dtypes.canonicalize_dtype(kind.name))
