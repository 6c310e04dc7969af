"""Draw a random network from a spec, run it forward and backward, and measure it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initspec.activations import Activation, activation_of
from initspec.api import InitSpec
from initspec.dtypes import FloatType, float_type
from initspec.errors import NetworkError
from initspec.numerics.memory import require_memory
from initspec.numerics.validation import finite
from initspec.propagation.layer import Layer, measure, undefined_at
from initspec.propagation.mean_field import is_step
from initspec.propagation.network import Linear, Network
from initspec.propagation.propagation import Propagation
from initspec.propagation.theory import fields_of, theory
from initspec.spec.resolve import resolve
from initspec.stream import check_seed

Progress = Callable[[int, int], None]
"""Called as progress(steps done, steps in all)."""

_LARGEST = 1024
"""Largest input for which the Jacobian is computed by default: it has the square of its size."""


def propagate(
    spec: InitSpec,
    activation: str | Callable[..., Any] | Activation = "relu",
    depth: int = 5,
    width: int = 100,
    samples: int = 1000,
    inputs: ArrayLike | None = None,
    seed: int = 0,
    *,
    bias_std: float = 0.0,
    residual: float | None = None,
    kernel: tuple[int, ...] = (),
    size: int = 8,
    jacobian: bool | None = None,
    dtype: str = "float32",
    progress: Progress | None = None,
    **parameters: Any,
) -> Propagation:
    """Run a random network forward and backward, and judge its initialization.

    Plain layers are x_l = f(W_l x_(l-1) + b_l); with `residual` = s they are x_l = x_(l-1) +
    s (W_l f(x_(l-1)) + b_l). The weights are the portable draws of `seed` named
    "layers.<l>.weight", hence the same as in any framework.

    Args:
        spec: the spec of the weights, which are [out, in], or [out, in, *kernel].
        activation: a name, an elementwise function of a NumPy array, or an `Activation`.
        depth: the number of layers.
        width: their units, or channels.
        samples: the number of inputs, unless `inputs` are given.
        inputs: [samples, in], or [samples, *size, in] for a convolution; N(0, 1) if None.
        seed: an integer from 0 to 2^64 - 1.
        bias_std: the standard deviation of the biases.
        residual: the factor s of each branch, such as 1 / sqrt(depth); None for a plain network.
        kernel: the receptive field of a convolution, such as (3, 3), on an image without edges (a
            torus); () for dense layers.
        size: the length of each side of the image.
        jacobian: whether to compute the singular values; None does where an input has at most
            1024 numbers.
        dtype: float32, in which networks are trained, or float64.
        progress: called after each step.
        parameters: what the named activation takes, such as negative_slope=0.2.

    Returns:
        The layers, each with the mean-field prediction beside the measurement, and the verdict.

    Raises:
        ActivationError: the activation is unknown, or not elementwise.
        NetworkError: a size is below 1, the network does not fit into memory, or the inputs are
            not finite, or do not fit.
        SeedError: the seed is not an integer from 0 to 2^64 - 1.
        InitSpecError: the spec cannot fill these weights (dirac, for a dense layer).

    >>> network = propagate(InitSpec.he_normal(), "relu", depth=20, width=200, samples=200)
    >>> network.state, propagate(InitSpec.normal(0.01), "relu").state
    ('healthy', 'vanishing')
    """
    if not isinstance(spec, InitSpec):
        raise NetworkError(f"spec={spec!r}: pass an InitSpec, such as InitSpec.he_normal()")
    f = activation_of(activation, **parameters)
    depth, width = _count("depth", depth), _count("width", width)
    if isinstance(kernel, int):
        raise NetworkError(f"kernel={kernel}: pass a size for each axis, such as ({kernel},)")
    kernel = tuple(_count("kernel", side) for side in kernel)
    kind = float_type(dtype)
    if kind.name not in ("float32", "float64"):
        raise NetworkError(f"dtype={dtype!r}: pass 'float32' or 'float64'")
    seed, bias_std = check_seed(seed), finite("bias_std", bias_std)
    if bias_std < 0:
        raise NetworkError(f"bias_std={bias_std}: pass 0 or more")
    residual = None if residual is None else finite("residual", residual)
    sides = (_count("size", size),) * len(kernel)
    if inputs is None:
        shape = (_count("samples", samples), *sides, width)
    else:
        x = _checked(inputs, kind, len(kernel))
        shape = x.shape
        if residual is not None and shape[-1] != width:
            raise NetworkError(
                f"inputs of {shape[-1]} units into a residual network of width {width}: pass "
                "inputs of that width, because each layer adds to its input"
            )
    _require_memory(shape, depth, width, kernel, np.dtype(kind.name).itemsize)
    steps = _Steps(3 * depth + 1, progress)
    if inputs is None:
        x = _draw(InitSpec.normal(1.0), shape, kind, seed, "inputs")
    layers = []
    for index in range(1, depth + 1):
        shape = (width, x.shape[-1] if index == 1 else width, *kernel)
        name = f"layers.{index}"
        bias = None
        if bias_std:
            bias = _draw(InitSpec.normal(bias_std), (width,), kind, seed, f"{name}.bias")
        layers.append(Linear(_draw(spec, shape, kind, seed, f"{name}.weight"), bias))
        steps.advance()
    network = Network(tuple(layers), f, residual)
    fields = fields_of(spec, network, bias_std)
    keeps_norm = spec.distribution.keeps_norm
    with np.errstate(all="ignore"):
        measured, slopes, undefined = _forward(network, x, steps)
        top = _draw(InitSpec.normal(1.0), slopes[-1].shape, kind, seed, "gradient")
        if not all(math.isfinite(values["std"]) for values in measured):
            # The slope at an infinite or undefined place is not a number either.
            gradients, singular_values = [math.nan] * depth, None
            steps.advance(depth)
        else:
            gradients = _backward(network, top, slopes, steps)
            singular_values = _singular_values(network, slopes, jacobian)
        predictions, edge = theory(network, fields, x, keeps_norm)
        steps.advance()
    return Propagation(
        spec=str(spec),
        activation=str(f),
        width=width,
        samples=len(x),
        seed=seed,
        bias_std=bias_std,
        residual=residual,
        kernel=kernel,
        layers=tuple(
            Layer(index=i + 1, gradient_std=gradient, prediction=prediction, **values)
            for i, (values, gradient, prediction) in enumerate(
                zip(measured, gradients, predictions, strict=True)
            )
        ),
        singular_values=singular_values,
        weight_std=fields[-1].weight_std if fields else math.nan,
        edge=edge,
        symmetric=network.symmetric(),
        step=is_step(f),
        undefined=undefined,
    )


# --- reading the arguments ------------------------------------------------------------------------


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise NetworkError(f"{name}={value!r}: pass an integer of at least 1")
    return int(value)


def _require_memory(
    inputs: tuple[int, ...], depth: int, width: int, kernel: tuple[int, ...], itemsize: int
) -> None:
    """Raise NetworkError where the weights and outputs of a network do not fit into memory."""
    weights = width * (inputs[-1] + (depth - 1) * width) * math.prod(kernel)
    outputs = math.prod(inputs[:-1]) * width
    try:
        # The slopes of every layer, and one layer's values in float64 while it is measured.
        require_memory(itemsize * (weights + depth * outputs) + 40 * outputs)
    except MemoryError as error:
        raise NetworkError(
            f"{depth} layers of {width} on {inputs[0]} inputs: {error}; lower the width, the "
            "depth or the samples"
        ) from None


def _checked(inputs: ArrayLike, kind: FloatType, sides: int) -> NDArray[Any]:
    try:
        given = np.asarray(inputs)
        if given.dtype.kind not in "biufVO":  # V: bfloat16 and its like
            raise TypeError(f"their dtype is {given.dtype}")
        with np.errstate(over="ignore"):  # what overflows is reported below
            x = given.astype(kind.name)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"the inputs are not an array of real numbers: {error}") from None
    shape = "[samples, *size, channels]" if sides else "[samples, units]"
    if x.ndim != 2 + sides or not x.size:
        raise NetworkError(f"inputs of the shape {x.shape}: pass {shape}, none of them 0")
    if not np.isfinite(x).all():
        bad = int(np.size(x) - np.isfinite(x).sum())
        raise NetworkError(
            f"{bad} of {x.size} inputs are not finite in {kind.name}: pass finite numbers"
        )
    return x


def _draw(
    spec: InitSpec, shape: tuple[int, ...], kind: FloatType, seed: int, name: str
) -> NDArray[Any]:
    from initspec.stream.draw import draw  # a third of what importing initspec would cost

    return draw(
        resolve(spec, shape, None if len(shape) > 1 else "out", kind=kind), kind, seed, name
    )


@dataclass
class _Steps:
    """Report each step to whoever waits."""

    total: int
    progress: Progress | None
    done: int = 0

    def advance(self, steps: int = 1) -> None:
        self.done += steps
        if self.progress is not None:
            self.progress(self.done, self.total)


# --- measuring ------------------------------------------------------------------------------------


def _forward(
    network: Network, x: NDArray[Any], steps: _Steps
) -> tuple[list[dict[str, Any]], list[NDArray[Any]], float | None]:
    """Return the measurements, the slopes, and an input at which the activation is undefined."""
    measured: list[dict[str, Any]] = []
    slopes, undefined = [], None
    for index, state in enumerate(network.forward(x)):
        slopes.append(state.slope)
        # After an overflow, NaN is inf - inf, and the activation is not to blame.
        if undefined is None and not (measured and math.isinf(measured[-1]["std"])):
            undefined = undefined_at(state, network.activation)
        if index:
            size = math.inf if undefined is None else math.nan
            measured.append(measure(state, network.activation, size))
            steps.advance()
    return measured, slopes, undefined


def _backward(
    network: Network, top: NDArray[Any], slopes: list[NDArray[Any]], steps: _Steps
) -> list[float]:
    """Return the std of the gradient at each layer, the first layer first."""
    gradients = []
    for delta in network.backward(top, slopes):
        gradients.append(_rms(delta))
        steps.advance()
    return gradients[::-1]


def _rms(values: NDArray[Any]) -> float:
    if not np.isfinite(values).all():
        return math.inf
    flat = values.astype(np.float64).ravel()
    return math.sqrt(float(flat @ flat) / flat.size)


def _singular_values(
    network: Network, slopes: list[NDArray[Any]], wanted: bool | None
) -> NDArray[np.float64] | None:
    first = [slope[0] for slope in slopes]
    if wanted is False or (wanted is None and max(first[0].size, first[-1].size) > _LARGEST):
        return None
    matrix = network.jacobian(first)
    if not np.isfinite(matrix).all():
        return None
    values: NDArray[np.float64] = np.linalg.svd(matrix, compute_uv=False)
    return values
