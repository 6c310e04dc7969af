"""The initializer that fits an activation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initspec import InitSpec, InitSpecError, TruncatedNormal, gain
from initspec.activations import NAMES, activation_of
from initspec.activations.recommend import recommend
from initspec.propagation import edge_of_chaos

PAPERS = {"he": "He et al. (2015)", "glorot": "Glorot & Bengio (2010)"}


@pytest.mark.parametrize(
    ("activation", "parameters", "line"),
    [
        ("relu", {}, "he_normal"),
        ("relu6", {}, "he_normal"),
        ("leaky_relu", {"negative_slope": 0.2}, "he_normal(negative_slope=0.2)"),
        ("prelu", {}, "he_normal(negative_slope=0.25)"),
        ("sigmoid", {}, "glorot_normal"),
        ("tanh", {}, "glorot_normal"),
        ("selu", {}, "lecun_normal"),
        ("linear", {}, "lecun_normal"),
        ("gelu", {}, "lecun_normal(gain=1.5335304411955353)"),
        ("swish", {}, "lecun_normal(gain=1.676532470331091)"),
        ("elu", {}, "lecun_normal(gain=1.2451983007007066)"),
        ("elu", {"alpha": 0.5}, None),
        (np.cbrt, {}, None),
    ],
)
def test_choice(activation, parameters, line):
    """ReLU's family to He, sigmoid and tanh to Glorot, SELU to LeCun, others with their gain."""
    spec = InitSpec.for_activation(activation, **parameters)
    if line is None:
        assert spec == InitSpec.lecun_normal(gain=gain(activation, **parameters))
    else:
        assert spec == InitSpec.parse(line)


@pytest.mark.parametrize("name", NAMES)
def test_every_recommendation_has_a_reason_and_a_paper(name):
    """What is recommended keeps the mean square, or is Glorot's; its paper is cited."""
    recommendation = recommend(name)
    assert recommendation.reason.endswith(".")
    paper = (
        "Klambauer et al. (2017)" if name == "selu" else PAPERS.get(recommendation.rule, "LeCun")
    )
    assert recommendation.paper.startswith(paper)
    if recommendation.rule != "glorot":
        spec = InitSpec.for_activation(name)
        assert spec.std((7, 1000)) * math.sqrt(1000) == pytest.approx(gain(name), rel=1e-8)


def test_distribution_and_mode():
    """Any distribution, any mode; the mode that is not named is the rule's own."""
    assert InitSpec.for_activation("relu", "uniform") == InitSpec.he_uniform()
    cut = TruncatedNormal(-3, 3)
    assert InitSpec.for_activation("tanh", cut) == InitSpec("truncated_normal", "glorot").replace(
        distribution=cut
    )
    assert InitSpec.for_activation("tanh").mode == "fan_avg"
    assert InitSpec.for_activation("gelu", mode="fan_out").mode == "fan_out"
    assert InitSpec.for_activation("tanh", mode="fan_in").mode == "fan_in"


def test_structured_families_take_it_all_as_gain():
    """An orthogonal matrix keeps the mean square through a ReLU with gain sqrt(2)."""
    assert InitSpec.for_activation("relu", "orthogonal") == InitSpec.orthogonal(math.sqrt(2))
    assert InitSpec.for_activation("tanh", "orthogonal") == InitSpec.orthogonal()
    leaky = InitSpec.for_activation("leaky_relu", "delta_orthogonal", negative_slope=1)
    assert leaky == InitSpec.delta_orthogonal()


@pytest.mark.parametrize(
    ("arguments", "parameters", "said"),
    [
        (("rellu",), {}, "did you mean 'relu'"),
        (("softmax",), {}, "not elementwise"),
        (("relu", "norml"), {}, "did you mean 'normal'"),
        (("relu", "normal", "fan"), {}, "unknown mode"),
        (("relu", "orthogonal", "fan_in"), {}, "no fan enters it"),
        (("gelu",), {"alpha": 1}, "takes no parameter"),
        (("leaky_relu",), {"negative_slope": math.nan}, "finite"),
        ((lambda z: 0 * z,), {}, "second moment is 0"),
    ],
)
def test_bad_input(arguments, parameters, said):
    """The error says what to do."""
    with pytest.raises(InitSpecError, match=said):
        InitSpec.for_activation(*arguments, **parameters)


@pytest.mark.parametrize("step", [np.sign, np.rint, lambda z: z > 0])
def test_step_functions_have_a_gain_and_a_warning(step):
    """The signal can be kept; the reason says that no gradient passes, and there is no edge."""
    recommendation = recommend(step)
    assert recommendation.gain == gain(step)
    assert "slope is 0 almost everywhere" in recommendation.reason
    assert edge_of_chaos(activation_of(step)) is None


def test_a_steep_function_is_no_step():
    """Its slope is seen however narrow the place is where it has one."""
    reason = recommend(lambda z: np.tanh(1000 * (z - 0.3))).reason
    assert "chi_1 = 509 " in reason
