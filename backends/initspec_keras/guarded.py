"""Keras' built-in initializers, each replaced in the dtypes in which it is not exact.

A layer may have a dtype of its own, `Dense(8, dtype="bfloat16")`, whatever the global policy says:
only the call has it.

A saved model holds the built-in's name and arguments. Where a class below is registered Keras makes
that of it, and its own built-in elsewhere: the file loads without initspec.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from initspec import InitSpec
from initspec.backend import FLOATS, Axes
from initspec_keras.exact import call, exact_dtypes
from initspec_keras.initializer import InitSpecInitializer, type_of_call

_registered = keras.saving.register_keras_serializable(package="initspec")


def _unconverted(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that tf.function runs as it is: AutoGraph reads no match statement."""
    if keras.config.backend() != "tensorflow":
        return method
    import tensorflow as tf

    unconverted: Callable[..., Any] = tf.autograph.experimental.do_not_convert(method)
    return unconverted


class _Guarded:
    """Draws as the built-in of its name, as an InitSpecInitializer where that is not exact."""

    @_unconverted
    def __call__(self, shape: tuple[int, ...], dtype: Any = None, *sizes: object) -> Any:
        kind = type_of_call(shape, dtype, *sizes)
        name = type(self).__name__
        if kind.name in exact_dtypes(name, vars(self)):  # of a config Keras serializes the seed
            return super().__call__(shape, dtype=kind.name)  # type: ignore[misc]
        from initspec.translate.authors import WeightShape
        from initspec_keras.vocabulary import KERAS  # no cost of float32

        # Any number, where nothing is drawn: a new SeedGenerator moves Python's random state.
        generator = getattr(self, "seed", 0)
        arguments = self.get_config()
        arguments.pop("seed", None)
        for key in ("input_axes", "output_axes") & arguments.keys():
            arguments[key] = arguments[key] and tuple(arguments[key])
        counted = arguments.get("input_axes") is not None
        read = KERAS.entries[name].reader
        assert read is not None
        reading = read(WeightShape(tuple(shape) if counted else None), **arguments)
        axes = reading.axes if counted else None
        return InitSpecInitializer(reading.spec, axes, generator=generator)(shape, kind.name)

    def get_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        return config


@_registered
class RandomNormal(_Guarded, keras.initializers.RandomNormal):
    """A normal of fixed standard deviation."""


@_registered
class RandomUniform(_Guarded, keras.initializers.RandomUniform):
    """A uniform between fixed ends."""


@_registered
class TruncatedNormal(_Guarded, keras.initializers.TruncatedNormal):
    """A normal of fixed standard deviation, cut at two of it."""


@_registered
class VarianceScaling(_Guarded, keras.initializers.VarianceScaling):
    """A fan rule."""


@_registered
class Orthogonal(_Guarded, keras.initializers.Orthogonal):
    """A Haar matrix."""


@_registered
class Identity(_Guarded, keras.initializers.Identity):
    """An identity with a gain, which the config of Keras' own leaves out.

    https://github.com/keras-team/keras/blob/v3.15.1/keras/src/initializers/constant_initializers.py
    """

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}


@_registered
class Constant(_Guarded, keras.initializers.Constant):
    """A constant that is not a float32, or too large or small for some dtype."""


_RANDOM = (RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, Orthogonal)
_GUARDED = {kind.__name__: kind for kind in (*_RANDOM, Identity, Constant)}


def builtin(spec: InitSpec, axes: Axes | None, generator: Any) -> Any:
    """Return a built-in initializer that holds the spec in every dtype, None where there is none.

    Args:
        spec: the spec.
        axes: the role of each axis, None for Keras' own convention.
        generator: the SeedGenerator that it is to carry.
    """
    written = call(spec, axes)
    if written is None:
        return None
    name, arguments = written
    exact = exact_dtypes(name, arguments)
    if "float32" not in exact:
        return None
    if exact == set(FLOATS) and arguments.get("gain", 1.0) == 1.0:  # nothing random is
        return getattr(keras.initializers, name)(**arguments)
    kind = _GUARDED[name]
    made: Any = kind(**arguments, seed=generator) if kind in _RANDOM else kind(**arguments)
    made.spec, made.axes = spec, axes  # exact, where the arguments are rounded
    return made
