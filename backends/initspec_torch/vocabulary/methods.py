"""What the methods of torch.Tensor that fill a weight mean: `w.normal_(0, 0.02)`."""

# ruff: noqa: ARG001 - the signatures are the framework's own
from __future__ import annotations

from typing import Any

from initspec import InitSpec
from initspec.backend import OUT_IN
from initspec.translate.authors import Reading, Vocabulary, WeightShape, normal, uniform

TENSOR = Vocabulary("torch", "torch.Tensor", "torch.Tensor", ("*",), OUT_IN)


@TENSOR.line("normal_", topic="normal")
def _normal(
    at: WeightShape, /, mean: Any = 0.0, std: Any = 1.0, *, generator: Any = None
) -> Reading:
    return Reading(normal(std, mean), OUT_IN)


@TENSOR.line("uniform_", topic="uniform")
def _uniform(
    at: WeightShape, /, from_: Any = 0.0, to: Any = 1.0, *, generator: Any = None
) -> Reading:
    return Reading(uniform(from_, to), OUT_IN)


@TENSOR.line("fill_", topic="constant")
def _fill(at: WeightShape, /, value: Any) -> Reading:
    return Reading(InitSpec.constant(value), OUT_IN)


@TENSOR.line("zero_", topic="zeros")
def _zero(at: WeightShape, /) -> Reading:
    return Reading(InitSpec.zeros(), OUT_IN)


TENSOR.no_equal(
    *("bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "random_"),
    reason="no family of initspec draws this law",
)
TENSOR.no_equal(
    *("add_", "clamp_", "copy_", "div_", "fmod_", "mul_", "sub_"),
    reason="it changes weights that are already there; translate the call that draws them",
)
