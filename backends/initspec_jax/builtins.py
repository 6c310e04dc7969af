"""jax.nn.initializers, as data: what each line draws by its documentation; flax where it is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from initspec import InitSpec
from initspec.backend import Builtin, LayerWeight, read_layers

_DOCS = "https://docs.jax.dev/en/latest/_autosummary/jax.nn.initializers"
_TABLE = read_layers("initspec_jax")
_DENSE = ("flax Dense(48)*",)
_LARGE = ("flax Dense*",)
"""With the kernel of 1000 x 1000, where rare values show."""
_CONV = ("flax Conv(8*",)
_ANY = (*_DENSE, "flax Conv*", "Embedding*", "mixture*")


def builtins() -> tuple[Builtin, ...]:
    """Return JAX' own initializers, and those of flax' layers where flax is installed."""
    initializers = (*_plain(), *_fan_rules(), *_structured())
    if find_spec("flax") is None:
        return initializers
    from initspec_jax.flax_builtins import flax_builtins

    return (*initializers, *flax_builtins())


def _plain() -> Iterator[Builtin]:
    spec = InitSpec
    yield _init("normal", spec.normal(0.01), "mean 0 and standard deviation stddev=0.01", _DENSE)
    yield _init("uniform", spec.uniform(0.0, 0.01), "the range [0, scale), scale=0.01", _DENSE)
    cut = "truncated_normal"
    documented = "stddev: the standard deviation of the untruncated distribution"
    parent = spec.truncated_normal(0.02, corrected=False)
    yield _init(cut, parent, documented, _LARGE, stddev=0.02)
    documented = "returns values with mean 0 and standard deviation stddev"
    yield _init(cut, spec.truncated_normal(0.02), documented, _DENSE, stddev=0.02)
    yield _init("constant", spec.constant(0.1), "the constant value", _DENSE, value=0.1)
    yield _init("zeros", spec.zeros(), "full of zeros", _DENSE)
    yield _init("ones", spec.ones(), "full of ones", _DENSE)


def _fan_rules() -> Iterator[Builtin]:
    spec = InitSpec
    documented = "variance_scaling, scale = 2.0, fan_in, truncated_normal"
    yield _init("he_normal", spec.he_truncated_normal(), documented, (*_ANY, *_LARGE))
    paper = "the paper of its name, He et al. (2015), section 2.2: N(0, 2 / fan_in)"
    yield _init("he_normal", spec.he_normal(), paper, _LARGE)
    documented = "variance_scaling, scale = 2.0, fan_in, uniform"
    yield _init("he_uniform", spec.he_uniform(), documented, _ANY)
    documented = "variance_scaling, scale = 1.0, fan_avg, truncated_normal"
    yield _init("glorot_normal", spec.glorot_truncated_normal(), documented, _ANY)
    documented = "variance_scaling, scale = 1.0, fan_avg, uniform"
    yield _init("glorot_uniform", spec.glorot_uniform(), documented, _ANY)
    documented = "variance_scaling, scale = 1.0, fan_in, truncated_normal"
    yield _init("lecun_normal", spec.lecun_truncated_normal(), documented, _ANY)
    documented = "variance_scaling, scale = 1.0, fan_in, uniform"
    yield _init("lecun_uniform", spec.lecun_uniform(), documented, _ANY)
    documented = "normal, standard deviation sqrt(scale / n), n the number of outputs"
    law = {"scale": 2.0, "mode": "fan_out", "distribution": "normal"}
    yield _init("variance_scaling", spec.he_normal(mode="fan_out"), documented, _ANY, **law)
    documented = "batch_axis: axes that should be ignored"
    yield _init("he_normal", spec.he_truncated_normal(), documented, ("mixture*",), batch_axis=(0,))


def _structured() -> Iterator[Builtin]:
    documented = "uniformly distributed orthogonal matrices"
    yield _init("orthogonal", InitSpec.orthogonal(), documented, _ANY)
    documented = "a kernel that is an orthogonal matrix at its centre, and 0 elsewhere"
    yield _init("delta_orthogonal", InitSpec.delta_orthogonal(), documented, _CONV)


def _init(
    name: str, spec: InitSpec, documented: str, layers: tuple[str, ...], **arguments: Any
) -> Builtin:
    made = getattr(jax.nn.initializers, name)
    fixed = name in ("zeros", "ones")  # these are initializers, the others make one

    def draw(weight: LayerWeight, dtype: str, seed: int) -> NDArray[np.floating]:
        with jax.enable_x64(True) if dtype == "float64" else contextlib.nullcontext():
            init = made if fixed else made(**arguments)
            return np.asarray(init(jax.random.key(seed), weight.shape, dtype))

    written = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    line = f"jax.nn.initializers.{name}" + ("" if fixed else f"({written})")
    return Builtin(line, spec, f"{documented}, {_DOCS}.{name}.html", _TABLE.like(*layers), draw)
