"""torch.nn.init and the layers of torch.nn, as data: what each line draws by its documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from initspec import InitSpec
from initspec.backend import Builtin, LayerWeight, float_type, numpy_dtype, read_layers

_INIT = "https://docs.pytorch.org/docs/stable/nn.init.html"
_TABLE = read_layers("initspec_torch")
_ANY = ("torch *", "Embedding*", "mixture*")
_LINEAR = ("torch Linear(20*",)
_LARGE = ("torch Linear*",)
"""With the weight of 1000 x 1000, where rare values show."""
_CONV = ("torch Conv1d*", "torch Conv2d(6*", "torch Conv3d*")
_GROUPED = ("torch Conv2d(32, 64*",)


def builtins() -> tuple[Builtin, ...]:
    """Return torch's own initializers."""
    return (*_plain(), *_fan_rules(), *_structured(), *_layers())


def _plain() -> Iterator[Builtin]:
    spec = InitSpec
    yield _init("uniform_", spec.uniform(0.0, 1.0), "U(a, b), by default a=0 and b=1", _LINEAR)
    yield _init("normal_", spec.normal(1.0), "N(mean, std^2), by default 0 and 1", _LINEAR)
    cut, absolute = "trunc_normal_", "values outside [a, b] are redrawn, a=-2 and b=2"
    law = spec.truncated_normal(1.0, corrected=False)
    yield _init(cut, law, absolute, _LARGE)
    # At 100 standard deviations nothing is redrawn; its user means two.
    yield _init(cut, spec.normal(0.02), absolute, _LARGE, std=0.02)
    named = "by its name: a truncated normal whose std is 0.02"
    yield _init(cut, spec.truncated_normal(0.02), named, _LARGE, std=0.02)
    yield _init("constant_", spec.constant(0.1), "the value val", _LINEAR, seeded=False, val=0.1)
    yield _init("ones_", spec.ones(), "the scalar value 1", _LINEAR, seeded=False)
    yield _init("zeros_", spec.zeros(), "the scalar value 0", _LINEAR, seeded=False)


def _fan_rules() -> Iterator[Builtin]:
    spec = InitSpec
    glorot = "std = gain sqrt(2 / (fan_in + fan_out))"
    yield _init("xavier_normal_", spec.glorot_normal(), glorot, _ANY)
    yield _init("xavier_uniform_", spec.glorot_uniform(), f"U(-a, a) of {glorot}", _ANY)
    he = "std = gain / sqrt(fan_mode), by default of ReLU and fan_in"
    modes: dict[str, dict[str, Any]] = {"fan_in": {}, "fan_out": {"mode": "fan_out"}}
    for mode, arguments in modes.items():
        yield _init("kaiming_normal_", spec.he_normal(mode=mode), he, _ANY, **arguments)
        law = f"U(-bound, bound) of {he}"
        yield _init("kaiming_uniform_", spec.he_uniform(mode=mode), law, _ANY, **arguments)


def _structured() -> Iterator[Builtin]:
    spec = InitSpec
    orthogonal = "a (semi) orthogonal matrix, Saxe et al. (2013)"
    yield _init("orthogonal_", spec.orthogonal(), orthogonal, _ANY)
    thinned = "the fraction of elements in each column to be set to zero"
    yield _init("sparse_", spec.sparse(0.9, along="out"), thinned, _LINEAR, sparsity=0.9)
    eye = "the identity matrix, preserves the identity of the inputs in Linear layers"
    yield _init("eye_", spec.identity(), eye, _LINEAR, seeded=False)
    dirac = "the Dirac delta function, preserves the identity of the inputs in convolutions"
    yield _init("dirac_", spec.dirac(), dirac, _CONV, seeded=False)
    yield _init("dirac_", spec.dirac(), f"{dirac}, of each group", _GROUPED, seeded=False, groups=4)


def _layers() -> Iterator[Builtin]:
    linear = InitSpec.variance_scaling(1 / 3, distribution="uniform")  # that of 1 / (3 fan)
    documented = "U(-sqrt(k), sqrt(k)), k = 1 / in_features"
    yield _layer("Linear", linear, documented, _LINEAR)
    documented = "U(-sqrt(k), sqrt(k)), k = groups / (C_in prod(kernel_size))"
    yield _layer("Conv1d", linear, documented, ("torch Conv1d*",))
    yield _layer("Conv2d", linear, documented, ("torch Conv2d*", "torch depthwise*"))
    yield _layer("Conv3d", linear, documented, ("torch Conv3d*",))
    documented = "U(-sqrt(k), sqrt(k)), k = groups / (C_out prod(kernel_size))"
    turned = InitSpec.variance_scaling(1 / 3, "fan_out", "uniform")
    yield _layer("ConvTranspose2d", turned, documented, ("torch ConvT*",))
    documented = "_reset_parameters: xavier_uniform_(in_proj_weight)"
    packed = ("torch Multihead*",)
    yield _layer(
        "MultiheadAttention", InitSpec.glorot_uniform(), documented, packed, "in_proj_weight"
    )
    documented = "U(-sqrt(k), sqrt(k)), k = 1 / hidden_size"
    state = InitSpec.uniform(-0.25, 0.25)  # of 16
    for name in ("weight_ih_l0", "weight_hh_l0"):
        yield _layer("LSTM", state, documented, (f"torch LSTM*{name}",), name)
    yield _layer("Embedding", InitSpec.normal(1.0), "N(0, 1)", ("Embedding*",))


def _init(
    name: str,
    spec: InitSpec,
    documented: str,
    layers: tuple[str, ...],
    seeded: bool = True,
    **arguments: Any,
) -> Builtin:
    function = getattr(torch.nn.init, name)

    def draw(weight: LayerWeight, dtype: str, seed: int) -> NDArray[np.floating]:
        tensor = torch.empty(weight.shape, dtype=getattr(torch, dtype))
        randomness = {"generator": torch.Generator().manual_seed(seed)} if seeded else {}
        return _numpy(function(tensor, **arguments, **randomness), dtype)

    written = "".join(f", {key}={value!r}" for key, value in arguments.items())
    source = f"{documented}, {_INIT}#torch.nn.init.{name}"
    return Builtin(f"torch.nn.init.{name}(w{written})", spec, source, _TABLE.like(*layers), draw)


def _layer(
    name: str, spec: InitSpec, documented: str, layers: tuple[str, ...], parameter: str = "weight"
) -> Builtin:
    def draw(weight: LayerWeight, dtype: str, seed: int) -> NDArray[np.floating]:
        make = getattr(torch.nn, weight.layer)
        with torch.random.fork_rng(devices=[]):  # layers take no generator
            torch.manual_seed(seed)
            layer = make(*weight.arguments, **weight.settings, dtype=getattr(torch, dtype))
        return _numpy(getattr(layer, weight.parameter).detach(), dtype)

    page = f"https://docs.pytorch.org/docs/stable/generated/torch.nn.{name}.html"
    line, like = f"torch.nn.{name}(...).{parameter}", _TABLE.like(*layers)
    return Builtin(line, spec, f"{documented}, {page}", like, draw, ("float32",))


def _numpy(weight: torch.Tensor, dtype: str) -> NDArray[np.floating]:
    if dtype != "bfloat16":
        array: NDArray[np.floating] = weight.numpy()
        return array
    return weight.view(torch.int16).numpy().view(numpy_dtype(float_type(dtype)))
