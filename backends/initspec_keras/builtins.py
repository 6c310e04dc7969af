"""keras.initializers and the layers of Keras as data: what each line draws by its documentation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from initspec import InitSpec
from initspec.backend import Builtin, LayerWeight, float_type, numpy_dtype, read_layers
from initspec_keras.active import wide

_INIT = "https://keras.io/api/layers/initializers/"
_TABLE = read_layers("initspec_keras")
_DENSE = ("Keras Dense(48)*",)
_LARGE = ("Keras Dense*",)
"""With the kernel of 1000 x 1000, where rare values show."""
_ANY = (
    *_DENSE,
    *("Keras Conv*", "Keras Depthwise*", "Keras LSTM*", "Keras Multi*", "Embedding*", "mixture*"),
)
_BIAS = ("bias*",)


def builtins() -> tuple[Builtin, ...]:
    """Return Keras' own initializers, on the Keras backend that is active."""
    return (*_plain(), *_fan_rules(), *_structured(), *_layers())


def _plain() -> Iterator[Builtin]:
    spec = InitSpec
    yield _init("RandomNormal", spec.normal(0.05), "normal, stddev=0.05", _DENSE)
    documented = "uniform from minval=-0.05 to maxval=0.05"
    yield _init("RandomUniform", spec.uniform(-0.05, 0.05), documented, _DENSE)
    cut = "TruncatedNormal"
    documented = "as RandomNormal, but values more than two standard deviations off are re-drawn"
    parent = spec.truncated_normal(0.02, corrected=False)
    yield _init(cut, parent, documented, _LARGE, stddev=0.02)
    documented = "stddev: standard deviation of the random values to generate"
    yield _init(cut, spec.truncated_normal(0.02), documented, _DENSE, stddev=0.02)
    yield _init("Constant", spec.constant(0.1), "value", _DENSE, seeded=False, value=0.1)
    yield _init("Zeros", spec.zeros(), "0", _DENSE, seeded=False)
    yield _init("Ones", spec.ones(), "1", _DENSE, seeded=False)


def _fan_rules() -> Iterator[Builtin]:
    spec = InitSpec
    every = (*_ANY, *_BIAS)
    documented = "truncated normal, stddev = sqrt(2 / fan_in)"
    yield _init("HeNormal", spec.he_truncated_normal(), documented, (*every, *_LARGE))
    paper = "the paper it cites, He et al. (2015), section 2.2: N(0, 2 / fan_in)"
    yield _init("HeNormal", spec.he_normal(), paper, _LARGE)
    yield _init("HeUniform", spec.he_uniform(), "limit = sqrt(6 / fan_in)", every)
    documented = "truncated normal, stddev = sqrt(2 / (fan_in + fan_out))"
    yield _init("GlorotNormal", spec.glorot_truncated_normal(), documented, every)
    documented = "limit = sqrt(6 / (fan_in + fan_out))"
    yield _init("GlorotUniform", spec.glorot_uniform(), documented, every)
    documented = "truncated normal, stddev = sqrt(1 / fan_in)"
    yield _init("LecunNormal", spec.lecun_truncated_normal(), documented, every)
    yield _init("LecunUniform", spec.lecun_uniform(), "limit = sqrt(3 / fan_in)", every)
    law: dict[str, Any] = {"mode": "fan_out", "distribution": "untruncated_normal"}
    documented = "untruncated normal, stddev = sqrt(scale / n), n the number of output units"
    yield _init(
        "VarianceScaling", spec.he_normal(mode="fan_out"), documented, every, scale=2.0, **law
    )
    documented = "input_axes, output_axes: the axes that count in the fans"
    roles: dict[str, Any] = {"input_axes": (0,), "output_axes": (1, 2)}
    query = ("Keras Multi*query*",)
    yield _init("GlorotUniform", spec.glorot_uniform(), documented, query, **roles)


def _structured() -> Iterator[Builtin]:
    documented = "orthogonal rows where it has fewer rows than columns, else columns"
    yield _init("Orthogonal", InitSpec.orthogonal(), documented, _ANY)
    yield _init("Identity", InitSpec.identity(), "the identity", _DENSE, seeded=False)


def _layers() -> Iterator[Builtin]:
    glorot = InitSpec.glorot_uniform()
    documented = 'kernel_initializer="glorot_uniform": limit = sqrt(6 / (fan_in + fan_out))'
    yield _layer("Dense", glorot, documented, _DENSE)
    yield _layer("Conv2D", glorot, documented, ("Keras Conv2D(8*",))
    yield _layer("Conv2D", glorot, documented, ("Keras Conv2D(64*",), groups=4)
    depthwise = documented.replace("kernel_", "depthwise_")
    yield _layer("DepthwiseConv2D", glorot, depthwise, ("Keras Depthwise*",))
    yield _layer("Conv2DTranspose", glorot, documented, ("Keras Conv2DT*",))
    yield _layer("LSTM", glorot, documented, ("Keras LSTM*kernel on*",))
    orthogonal, recurrent = InitSpec.orthogonal(), 'recurrent_initializer="orthogonal"'
    yield _layer("LSTM", orthogonal, recurrent, ("Keras LSTM*recurrent*",), "recurrent kernel")
    attention = "MultiHeadAttention"
    yield _layer(attention, glorot, documented, ("Keras Multi*query*",), "query kernel")
    yield _layer(attention, glorot, documented, ("Keras Multi*output*",), "output kernel")
    rows, documented = InitSpec.uniform(-0.05, 0.05), 'embeddings_initializer="uniform"'
    yield _layer("Embedding", rows, documented, ("Embedding*",), "embeddings")
    yield Builtin(
        "init = keras.initializers.HeNormal(); two Dense(48, kernel_initializer=init)",
        InitSpec.he_truncated_normal(),
        f"what two layers need: weights that do not depend on each other's, {_INIT}",
        _TABLE.like("two Keras*"),
        _shared,
        ("float32",),
    )


def _init(
    name: str,
    spec: InitSpec,
    documented: str,
    layers: tuple[str, ...],
    seeded: bool = True,
    **arguments: Any,
) -> Builtin:
    kind = getattr(keras.initializers, name)

    def draw(weight: LayerWeight, dtype: str, seed: int) -> NDArray[np.floating]:
        randomness = {"seed": seed} if seeded else {}
        with wide(dtype):
            return _numpy(kind(**arguments, **randomness)(weight.shape, dtype=dtype), dtype)

    written = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    line, like = f"keras.initializers.{name}({written})", _TABLE.like(*layers)
    return Builtin(line, spec, f"{documented}, {_INIT}", like, draw)


def _layer(
    name: str,
    spec: InitSpec,
    documented: str,
    layers: tuple[str, ...],
    what: str = "kernel",
    **arguments: Any,
) -> Builtin:
    def draw(weight: LayerWeight, dtype: str, seed: int) -> NDArray[np.floating]:
        make = getattr(keras.layers, weight.layer)
        path = "/" + weight.parameter.replace(".", "/")
        layer = _seeded(seed, lambda: _built(make(*weight.arguments, **weight.settings), weight))
        variable = next(v for v in layer.weights if f"/{v.path}".endswith(path))
        return _numpy(variable, dtype)

    written = "".join(f", {key}={value!r}" for key, value in arguments.items())
    line, like = f"keras.layers.{name}(...{written}): {what}", _TABLE.like(*layers)
    return Builtin(
        line, spec, f"{documented}, https://keras.io/api/layers/", like, draw, ("float32",)
    )


def _seeded(seed: int, make: Callable[[], Any]) -> Any:
    """Make something unseeded: Keras takes its seeds from Python's global generator."""
    state = random.getstate()
    try:
        random.seed(seed)
        return make()
    finally:
        random.setstate(state)


def _shared(weight: LayerWeight, dtype: str, seed: int) -> NDArray[np.floating]:
    """Draw the kernels of several layers that one unseeded initializer fills, [layer, in, out]."""
    many, inputs, units = weight.shape
    shared = _seeded(seed, keras.initializers.HeNormal)
    kernels = []
    for _ in range(many):
        layer = keras.layers.Dense(units, kernel_initializer=shared)
        layer.build((1, inputs))
        kernels.append(_numpy(layer.kernel, dtype))
    return np.stack(kernels)


def _built(layer: Any, weight: LayerWeight) -> Any:
    attends = isinstance(layer, keras.layers.MultiHeadAttention)
    layer.build(*[weight.inputs] * (2 if attends else 1))  # queries and values
    return layer


def _numpy(value: Any, dtype: str) -> NDArray[np.floating]:
    if dtype in ("float16", "bfloat16"):
        value = keras.ops.cast(value, "float32")  # exact; NumPy has no bfloat16
    array = keras.ops.convert_to_numpy(value)
    return np.asarray(array).astype(numpy_dtype(float_type(dtype)), copy=False)
