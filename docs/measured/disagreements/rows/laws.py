"""Rows about the law of single weights: its tails, its standard deviation, its distinct values."""

from __future__ import annotations

import math

from docs.measured.disagreements import charts
from docs.measured.disagreements.measure.numbers import REACH
from docs.measured.disagreements.results import Numbers
from docs.measured.disagreements.rows.base import Measured, Row, check, github
from docs.measured.places import PLACES

_CUT = 2.2737
"""2 / 0.87963: two standard deviations of the parent, in those of what is left of it."""


def _density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _cut_density(x: float) -> float:
    """Return the density of the normal that is cut at two of its sigmas, in parent sigmas."""
    return _density(x) / math.erf(math.sqrt(2)) if abs(x) <= 2 else 0.0


def _lines(measured: Measured, places: tuple[str, ...]) -> list[charts.Line]:
    return [
        charts.Line(
            place,
            f"{PLACES[place].title}: std {measured[place]['std']:.3f}, furthest {measured[place]['most']:.2f}",
            measured[place]["counts"],
            measured[place]["values"],
        )
        for place in places
        if place in measured
    ]


def _beyond(n: Numbers) -> int:
    """Return how many values lie beyond 2.375 sigma, where a bin of 1/8 sigma ends."""
    return int(n["values"] - sum(n["counts"][17:55]))


def _he_contradictions(place: str, n: Numbers) -> list[str]:
    if place == "torch":
        return check(
            torch_is_not_truncated=n["most"] > 3.5, torch_has_the_std=abs(n["std"] - 1) < 0.005
        )
    if place == "mlx":
        return check(mlx_has_half_the_variance=abs(n["std"] ** 2 - 0.5) < 0.005)
    return check(
        it_is_cut_at_two_parent_sigmas=_beyond(n) <= (20 if place == "keras-torch" else 0),
        it_has_the_std=abs(n["std"] - 1) < 0.005,
    )


HE_NORMAL = Row(
    id="he-normal",
    title="`he_normal` is two different laws, and in MLX a third",
    summary=lambda f: (
        f"furthest weight: torch {f['torch']['most']:.1f} sigma, "
        f"Keras and JAX {f['jax']['most']:.2f}"
        + (f"; MLX has {f['mlx']['std'] ** 2:.2f} of the variance" if "mlx" in f else "")
    ),
    text=lambda f: (
        "He et al. (2015) draw from N(0, 2 / fan_in), and torch's `kaiming_normal_` does. Keras' and "
        "JAX' `he_normal` cut that normal at two standard deviations and stretch what is left, so "
        f"that no weight lies beyond {_CUT:.2f} sigma. The standard deviation is the same, the tails "
        f"are not: of a million weights torch has {_beyond(f['torch']):,} beyond 2.375 sigma, Keras "
        f"on TensorFlow {_beyond(f['keras-tensorflow'])}, JAX {_beyond(f['jax'])}."
        + (
            f" MLX' `he_normal` has variance 1 / fan_in: {f['mlx']['std'] ** 2:.3f} of the paper's."
            if "mlx" in f
            else ""
        )
    ),
    contradictions=_he_contradictions,
    picture=lambda f: charts.histogram(
        "Histograms of he_normal: torch follows the normal law, Keras and JAX stop at 2.27 sigma.",
        _lines(f, ("torch", "keras-tensorflow", "jax", "mlx")),
        _density,
        "the paper's law, N(0, 2 / fan_in)",
        REACH,
        "weight / sqrt(2 / fan_in)",
    ),
    code=(
        """
import torch
from initspec import InitSpec

weight = torch.empty(1000, 1000)
sigma = (2 / 1000) ** 0.5

torch.nn.init.kaiming_normal_(weight)
assert weight.abs().max() > 3.5 * sigma  # not cut

InitSpec.he_truncated_normal().to_torch()(weight)  # what Keras and JAX call he_normal
assert weight.abs().max() < 2.28 * sigma
""",
        """
import jax
from initspec import InitSpec

key, shape = jax.random.key(0), (1000, 1000)
sigma = (2 / 1000) ** 0.5

weight = jax.nn.initializers.he_normal()(key, shape)
assert abs(weight).max() < 2.28 * sigma  # cut

weight = InitSpec.he_normal().to_jax()(key, shape)  # the paper's, and torch's
assert abs(weight).max() > 3.5 * sigma
""",
    ),
    right="InitSpec.he_normal()  # or `InitSpec.he_truncated_normal()` for what Keras and JAX draw",
    links=(github("openvax/mhcflurry", 376),),
)


def _truncated_contradictions(place: str, n: Numbers) -> list[str]:
    if place == "torch":
        return check(nothing_is_cut=n["most"] > 4, the_std_is_kept=abs(n["std"] - 1) < 0.005)
    return check(the_std_shrinks_to_88_percent=abs(n["std"] - 0.8796) < 0.005)


TRUNCATED_NORMAL = Row(
    id="truncated-normal",
    title="A truncated normal with std 0.02 is not truncated, or does not have std 0.02",
    summary=lambda f: (
        f"torch: std {0.02 * f['torch']['std']:.4f}, furthest {f['torch']['most']:.1f} sigma; "
        f"Keras, JAX: std {0.02 * f['jax']['std']:.4f}"
    ),
    text=lambda f: (
        "torch's `trunc_normal_(std=0.02)` cuts at its `a=-2, b=2`, which are absolute: 100 standard "
        f"deviations away, so nothing is cut (the furthest of a million is {f['torch']['most']:.1f} "
        "sigma). Keras' `TruncatedNormal(stddev=0.02)` and JAX' `truncated_normal(stddev=0.02)` cut "
        "at two standard deviations, and what is left has a standard deviation of "
        f"{0.02 * f['keras-tensorflow']['std']:.4f} and {0.02 * f['jax']['std']:.4f}."
    ),
    contradictions=_truncated_contradictions,
    picture=lambda f: charts.histogram(
        "Histograms of truncated normals with std 0.02: torch's is a whole normal.",
        _lines(f, ("torch", "keras-tensorflow", "jax")),
        _cut_density,
        "a normal of std 0.02, cut at two of them",
        REACH,
        "weight / 0.02",
    ),
    code=(
        """
import torch
from initspec import InitSpec

weight = torch.empty(1000, 1000)

torch.nn.init.trunc_normal_(weight, std=0.02)
assert weight.abs().max() > 4 * 0.02  # two sigmas are 0.04

InitSpec.truncated_normal(std=0.02).to_torch()(weight)
assert weight.abs().max() < 0.0455  # cut, at two sigmas of the parent
assert abs(weight.std() - 0.02) < 0.0001  # and std is the std of the weights
""",
    ),
    right="InitSpec.truncated_normal(std=0.02)  # with `corrected=False` for what Keras and JAX draw",
    links=(
        github("huggingface/pytorch-image-models", 1286),
        github("foundation-model-stack/foundation-model-stack", 289),
        github("pytorch/torchtitan", 3334),
    ),
)


def _bfloat16_contradictions(place: str, n: Numbers) -> list[str]:
    if place in ("jax", "keras-jax"):
        return check(
            there_are_128_distinct_values=n["distinct"] == 128,
            the_mean_is_12_standard_errors_off=n["mean_in_standard_errors"] < -12,
        )
    return check(
        there_are_over_2000_distinct_values=n["distinct"] > 2000,
        the_mean_is_right=abs(n["mean_in_standard_errors"]) < 5,
    )


BFLOAT16 = Row(
    id="bfloat16",
    title="A bfloat16 weight of JAX takes 128 values, and its mean is off",
    summary=lambda f: (
        f"{f['jax']['distinct']} distinct values in a million, mean off by "
        f"{abs(f['jax']['mean_in_standard_errors']):.0f} standard errors"
    ),
    text=lambda f: (
        "`jax.random` makes a bfloat16 number of as many random bits as its mantissa holds: seven. "
        "A uniform number is therefore one of 128 multiples of 1/128, the left ends of their cells, "
        "so its mean is half a cell too low. `normal`, `truncated_normal` and every initializer "
        f"carry that on: `he_normal` took {f['jax']['distinct']} values in a million draws, and its "
        f"mean was {abs(f['jax']['mean_in_standard_errors']):.1f} standard errors "
        f"({abs(f['jax']['mean_in_standard_errors']) / 1000:.3f} sigma) below 0. Keras on JAX "
        f"inherits it. Keras on TensorFlow took {f['keras-tensorflow']['distinct']:,} values, torch "
        f"{f['torch']['distinct']:,}. A float32 draw that is rounded once has neither fault."
    ),
    contradictions=_bfloat16_contradictions,
    picture=lambda f: charts.histogram(
        "Histogram of a bfloat16 he_normal of JAX: it is ragged, and cut.",
        _lines(f, ("jax",)),
        lambda x: _cut_density(x * 0.87963) * 0.87963,
        "the law it should have, rounded to bfloat16",
        REACH,
        "weight / sqrt(2 / fan_in)",
    ),
    code=(
        """
import jax
import jax.numpy as jnp
from initspec import InitSpec

key, shape = jax.random.key(0), (1000, 1000)

weight = jax.nn.initializers.he_normal()(key, shape, jnp.bfloat16)
assert len(jnp.unique(weight)) == 128

weight = InitSpec.he_truncated_normal().to_jax()(key, shape, jnp.bfloat16)
assert len(jnp.unique(weight)) > 2000
""",
    ),
    right="InitSpec.he_truncated_normal().to_jax()(key, shape, jnp.bfloat16)",
)


def _outside_contradictions(place: str, n: Numbers) -> list[str]:
    if place == "keras-torch":
        return check(values_lie_outside=n["outside"] > 0)
    return check(no_value_lies_outside=n["outside"] == 0)


OUTSIDE = Row(
    id="outside",
    title="Keras on torch draws truncated normals outside their bounds",
    summary=lambda f: (
        f"{f['keras-torch']['outside']} of {f['keras-torch']['draws'] // 1_000_000} million outside, "
        f"up to {f['keras-torch']['most']:.2f} sigma"
    ),
    text=lambda f: (
        "Keras' torch backend draws four normals for each weight and takes one that lies within two "
        "standard deviations. Where all four lie outside, it keeps one of them: a chance of "
        f"0.0455^4, four in a million. Of {f['keras-torch']['draws'] // 1_000_000} million draws "
        f"{f['keras-torch']['outside']} lay outside, the furthest at {f['keras-torch']['most']:.2f} "
        "sigma. Keras on TensorFlow and on JAX had none."
    ),
    contradictions=_outside_contradictions,
    picture=lambda f: charts.bars(
        "How many values of a truncated normal lie outside its bounds.",
        [
            (
                "values outside the bounds, in 5 million",
                [
                    charts.Bar(place, PLACES[place].title, n["outside"], str(n["outside"]))
                    for place, n in f.items()
                ],
            )
        ],
    ),
    code=(
        """
import keras
from initspec import InitSpec

# with KERAS_BACKEND=torch this finds a few
weight = keras.initializers.TruncatedNormal(stddev=1.0, seed=0)((1000, 1000))
print(keras.ops.sum(keras.ops.abs(weight) > 2))

weight = InitSpec.truncated_normal(std=1.0, corrected=False).to_keras()((1000, 1000))
assert not keras.ops.any(keras.ops.abs(weight) > 2)
""",
    ),
    right="InitSpec.truncated_normal(std=1.0, corrected=False).to_keras()",
)
