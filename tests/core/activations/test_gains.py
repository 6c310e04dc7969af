"""Gains against 50-digit quadrature and closed forms; and what has none."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.stats import norm

from initspec import gain
from initspec.activations import NAMES, activation_of
from initspec.activations.gains import _ELU_TAIL, _closed, second_moment
from initspec.errors import ActivationError, InitSpecError, SpecError

mp = mpmath.mp.clone()
mp.dps = 50


def _cdf(z):
    return mp.erfc(-z / mp.sqrt(2)) / 2


def _logistic(z):
    return 1 / (1 + mp.exp(-z))


def _gelu_tanh(z):
    inner = mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3)
    return z * (1 + mp.tanh(inner)) / 2


def _selu(z):
    alpha = mp.mpf("1.6732632423543772848170429916717")
    scale = mp.mpf("1.0507009873554804934193349852946")
    return scale * (z if z > 0 else alpha * mp.expm1(z))


def _clip(z, low, high):
    return min(max(z, mp.mpf(low)), mp.mpf(high))


# Name, parameters, the function typed from its paper, its kinks.
CASES = [
    ("linear", {}, lambda z: z, ()),
    ("sigmoid", {}, _logistic, ()),
    ("tanh", {}, mp.tanh, ()),
    ("relu", {}, lambda z: max(z, mp.mpf(0)), ()),
    ("leaky_relu", {}, lambda z: z if z > 0 else mp.mpf("0.01") * z, ()),
    ("leaky_relu", {"negative_slope": 0.2}, lambda z: z if z > 0 else mp.mpf("0.2") * z, ()),
    ("leaky_relu", {"negative_slope": -3.0}, lambda z: z if z > 0 else -3 * z, ()),
    ("prelu", {}, lambda z: z if z > 0 else z / 4, ()),
    ("relu6", {}, lambda z: _clip(z, 0, 6), (6,)),
    ("elu", {}, lambda z: z if z > 0 else mp.expm1(z), ()),
    ("elu", {"alpha": 1.7}, lambda z: z if z > 0 else mp.mpf("1.7") * mp.expm1(z), ()),
    ("selu", {}, _selu, ()),
    ("celu", {}, lambda z: z if z > 0 else mp.expm1(z), ()),
    ("celu", {"alpha": 0.25}, lambda z: z if z > 0 else mp.expm1(4 * z) / 4, ()),
    ("gelu", {}, lambda z: z * _cdf(z), ()),
    ("gelu", {"approximate": "tanh"}, _gelu_tanh, ()),
    ("silu", {}, lambda z: z * _logistic(z), ()),
    ("swish", {}, lambda z: z * _logistic(z), ()),
    ("mish", {}, lambda z: z * mp.tanh(mp.log1p(mp.exp(z))), ()),
    ("softplus", {}, lambda z: mp.log1p(mp.exp(z)), ()),
    ("softplus", {"beta": 5.0}, lambda z: mp.log1p(mp.exp(5 * z)) / 5, ()),
    ("softsign", {}, lambda z: z / (1 + abs(z)), ()),
    ("hardtanh", {}, lambda z: _clip(z, -1, 1), (-1, 1)),
    ("hardtanh", {"min_val": 0.3, "max_val": 7.1}, lambda z: _clip(z, 0.3, 7.1), (0.3, 7.1)),
    ("hardsigmoid", {}, lambda z: _clip(z / 6 + mp.mpf(1) / 2, 0, 1), (-3, 3)),
    ("hardswish", {}, lambda z: z * _clip(z / 6 + mp.mpf(1) / 2, 0, 1), (-3, 3)),
]
IDS = [f"{name}({', '.join(map(str, parameters.values()))})" for name, parameters, _, _ in CASES]


def _exact(function, kinks):
    """1 / sqrt(E[f^2]) to 50 digits."""
    steps = [-20, -12, -8, -5, -3, -2, -1, 0, 1, 2, 3, 5, 8, 12, 20]
    points = sorted({mp.mpf(point) for point in (*steps, *kinks)})
    root = mp.sqrt(2 * mp.pi)
    moment = mp.quad(lambda z: function(z) ** 2 * mp.exp(-z * z / 2) / root, points)
    return 1 / mp.sqrt(moment)


@pytest.mark.parametrize(("name", "parameters", "function", "kinks"), CASES, ids=IDS)
def test_gain_is_that_of_50_digits(name, parameters, function, kinks):
    """Gain and quadrature agree with mpmath, far below 1e-8; a literal to the bit."""
    exact = _exact(function, kinks)
    found = gain(name, **parameters)
    assert abs(found / exact - 1) < 1e-11
    activation = activation_of(name, **parameters)
    value, error = second_moment(activation)
    assert abs(1 / mp.sqrt(mp.mpf(value)) / exact - 1) < 1e-11
    assert error < 1e-8 * value
    if not parameters:
        assert _closed(activation) == found == float(exact)


def test_every_activation_is_tested():
    """The table above leaves no activation out."""
    assert {activation_of(name).family for name, *_ in CASES} == set(NAMES)


def test_elu_tail_is_that_of_50_digits():
    """The constant in ELU's closed form, to the bit."""
    tail = mp.e**2 * _cdf(mp.mpf(-2)) - 2 * mp.sqrt(mp.e) * _cdf(mp.mpf(-1)) + mp.mpf(1) / 2
    assert float(tail) == _ELU_TAIL


@pytest.mark.parametrize(("name", "parameters", "function", "kinks"), CASES, ids=IDS)
def test_function_and_derivative_are_the_paper_s(name, parameters, function, kinks):
    """f and f' at 60 places, off the kinks, in float64 and in float32."""
    activation = activation_of(name, **parameters)
    z = np.linspace(-7.13, 7.17, 60)
    values = np.array([float(function(mp.mpf(float(at)))) for at in z])
    slopes = np.array([float(mp.diff(function, mp.mpf(float(at)))) for at in z])
    for kind, most in ((np.float64, 1e-14), (np.float32, 3e-6)):
        at = z.astype(kind)
        assert activation.function(at).dtype == activation.derivative(at).dtype == kind
        np.testing.assert_allclose(activation.function(at), values, rtol=most, atol=most)
        np.testing.assert_allclose(activation.derivative(at), slopes, rtol=most, atol=2 * most)


def test_conventions_are_not_the_same_quantity():
    """relu agrees; tanh, selu and sigmoid do not, as the docstring says."""
    assert gain("relu") == gain("relu", convention="torch")
    for name in ("tanh", "selu", "sigmoid"):
        assert abs(gain(name) - gain(name, convention="torch")) > 0.05


@pytest.mark.parametrize(
    ("function", "moment"),
    [
        # A kink that nobody named: (1 + c^2) Phi(-c) - c phi(c), for c = 0.3.
        (lambda z: np.maximum(z - 0.3, 0), 1.09 * norm.sf(0.3) - 0.3 * norm.pdf(0.3)),
        (np.sign, 1.0),
        (lambda z: np.where(z > 0.1234, 2.0, 1.0), 1 + 3 * norm.sf(0.1234)),
        (lambda z: np.abs(z) ** 0.5, math.sqrt(2 / math.pi)),  # an infinite slope
        # A pole: E|z|^p = 2^(p / 2) Gamma((p + 1) / 2) / sqrt(pi), for p = -0.4.
        (lambda z: np.abs(z) ** -0.2, 2**-0.2 * math.gamma(0.3) / math.sqrt(math.pi)),
        (lambda z: np.abs(z) ** -0.4, 2**-0.4 * math.gamma(0.1) / math.sqrt(math.pi)),
        (lambda z: np.abs(z - 0.3) ** -0.2, 1.443347719009422),  # by mpmath, t = u^(5/3)
        (lambda z: np.log(np.abs(z)), ((np.euler_gamma + math.log(2)) ** 2 + math.pi**2 / 2) / 4),
        (lambda z: np.cos(40 * z), 0.5),
        (lambda z: z**8, 2027025.0),
        (np.exp, math.e**2),
        (lambda z: np.exp(z * z / 5), math.sqrt(5)),  # a fifth of it beyond 4 sigma
        (lambda z: 1e-150 * z, 1e-300),
        (lambda z: 1e150 * z, 1e300),
        (lambda z: z > 0, 0.5),
    ],
)
def test_callables(function, moment):
    """Kinks, jumps, poles, oscillation, growth and scale, against closed forms."""
    assert gain(function) == pytest.approx(1 / math.sqrt(moment), rel=1e-9)


def test_a_callable_is_never_taken_for_its_name():
    """A function that is called tanh and is not has its own gain."""

    def tanh(z):
        return 2 * z

    assert gain(tanh) == 0.5
    assert gain(np.tanh) == pytest.approx(gain("tanh"), rel=1e-11)


@pytest.mark.parametrize(
    ("activation", "parameters", "said"),
    [
        ("rellu", {}, "did you mean 'relu'"),
        ("Sofmax", {}, "unknown activation"),
        ("softmax", {}, "not elementwise"),
        ("relu", {"negative_slope": 0.2}, "takes no parameter 'negative_slope'"),
        ("gelu", {"approximate": "tnah"}, "did you mean 'tanh'"),
        ("elu", {"alpha": -1.0}, "above 0"),
        ("hardtanh", {"min_val": 1.0}, "min_val < max_val"),
        (np.tanh, {"alpha": 1}, "only a named activation"),
        (3.0, {}, "pass a name"),
        (None, {}, "pass a name"),
        (math.tanh, {}, "its name, 'tanh', or .*numpy.tanh"),
        (lambda z: z.sum(), {}, "elementwise"),
        (lambda z: z * 1j, {}, "elementwise"),
        (np.log, {}, "not finite"),
        (lambda z: z * np.nan, {}, "not finite"),
        (lambda z: np.exp(z * z), {}, "not finite|infinite"),
        (lambda z: np.exp(z * z / 4), {}, "not finite|infinite"),
        (lambda z: np.exp(z * z / 4 - 20) / 1e3, {}, "not finite|infinite"),
        (lambda z: 0 * z, {}, "second moment is 0"),
        (lambda z: 1e-180 * z, {}, "rescale"),
        (lambda z: 1 / z, {}, "pole at z = 0"),
        (lambda z: np.abs(z) ** -0.5, {}, "pole at z.*second moment is infinite"),
        (lambda z: np.abs(z - 0.3) ** -0.4, {}, "write its gain yourself"),
        (np.tan, {}, "pole at z"),
        (lambda z: np.modf(1e9 * z)[0], {}, "oscillates or jumps too often"),
    ],
)
def test_what_has_no_gain(activation, parameters, said):
    """The error says what is wrong with the activation, and is an InitSpecError."""
    with pytest.raises(InitSpecError, match=said):
        gain(activation, **parameters)


@pytest.mark.parametrize(
    ("activation", "parameters", "said"),
    [
        ("gelu", {}, "unknown nonlinearity"),
        (np.tanh, {}, "holds names"),
        ("tanh", {"negative_slope": 1}, "takes no negative_slope"),
    ],
)
def test_what_torch_has_no_gain_for(activation, parameters, said):
    """torch's table is not stretched beyond what torch says."""
    with pytest.raises(SpecError, match=said):
        gain(activation, convention="torch", **parameters)
    with pytest.raises(SpecError, match="unknown convention"):
        gain("relu", convention="pytorch")


def test_names_are_read_loosely():
    """Case, hyphens and the frameworks' own spellings."""
    assert gain("Leaky-ReLU") == gain("leaky_relu")
    assert gain("gelu_tanh") == gain("gelu", approximate="tanh") != gain("gelu")
    assert gain("hard_silu") == gain("hardsilu") == gain("HardSwish") == gain("hardswish")
    assert gain("LeakyReLU") == gain("leaky_relu")
    assert gain("soft_sign") == gain("softsign")


def test_approximate_is_a_truth_value_too():
    """Keras and JAX say approximate=True; both values keep their literals."""
    assert gain("gelu", approximate=True) == gain("gelu", approximate="tanh")
    assert gain("gelu", approximate=False) == gain("gelu")


def test_parameters_far_out():
    """No square over- or underflows on the way to a gain that float64 holds."""
    assert gain("leaky_relu", negative_slope=1e200) == pytest.approx(math.sqrt(2) * 1e-200)
    assert gain("elu", alpha=1e300) == pytest.approx(1e-300 / math.sqrt(_ELU_TAIL))


def test_a_noisy_function_has_the_gain_of_its_mean():
    """A function that is right to 1e-7, as in float32, whose every rounding is a jump."""

    def rough(z):
        return np.tanh(z) * (1 + 6e-8 * np.sin(1e12 * z))

    assert gain(rough) == pytest.approx(gain("tanh"), rel=1e-8)


@pytest.mark.parametrize("place", [0.3183, -1.7718])
def test_narrow_features_are_seen(place):
    """A box of the promised width 0.002 on a flat function, which a coarser look steps over."""
    low, high = place - 0.001, place + 0.001
    share = norm.cdf(high) - norm.cdf(low)
    found = gain(lambda z: np.where((z > low) & (z < high), 1e3, 1.0))
    assert found == pytest.approx((1 + (1e6 - 1) * share) ** -0.5, rel=1e-8)


@pytest.mark.parametrize("panel", [64, 512])
def test_a_jump_beside_the_end_of_a_panel_is_seen(panel):
    """Wherever it lies: nodes inside a panel alone step over a jump near its end."""
    for place in (1 / panel + 1e-5, 1 / panel - 1e-6, 1.5 / panel + 3e-6):
        found = gain(lambda z, place=place: np.where(z > place, 1e3, 1.0))
        moment = norm.cdf(place) + 1e6 * norm.sf(place)
        assert found == pytest.approx(moment**-0.5, rel=1e-8)


def test_a_step_has_no_slope_and_float32_a_steady_one():
    """Differences see neither a jump as 1 / step nor the rounding of a float32 function."""
    z = np.append(np.linspace(-1e-5, 1e-5, 40), 0.0)
    assert not activation_of(np.sign).derivative(z).any()
    z = np.linspace(-3, 3, 301)
    found = activation_of(lambda x: np.tanh(x.astype(np.float32))).derivative(z)
    np.testing.assert_allclose(found, 1 - np.tanh(z) ** 2, atol=1e-4)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_what_computes_in_few_bits_is_told_from_a_step_function(kind):
    """Both have few digits; a quantiser of many steps has no slope all the same."""
    z = np.linspace(-2.9, 2.9, 101)
    found = activation_of(lambda x: np.tanh(x.astype(kind))).derivative(z)
    np.testing.assert_allclose(found, 1 - np.tanh(z) ** 2, atol=20 * np.finfo(kind).eps ** (2 / 3))
    for steps in (8, 64):
        quantiser = activation_of(lambda x, steps=steps: np.rint(steps * x.astype(kind)) / steps)
        assert not quantiser.derivative(z).any()


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("leaky_relu(0.2)", "leaky_relu", {"negative_slope": 0.2}),
        ("nn.LeakyReLU(negative_slope=0.2)", "leaky_relu", {"negative_slope": 0.2}),
        ("torch.nn.functional.elu( 0.5 )", "elu", {"alpha": 0.5}),
        ("hardtanh(-2, max_val=3)", "hardtanh", {"min_val": -2.0, "max_val": 3.0}),
        ("gelu('tanh')", "gelu", {"approximate": "tanh"}),
        ("relu()", "relu", {}),
    ],
)
def test_parameters_in_brackets(text, name, parameters):
    """A name may have its parameters in brackets, by position too, wherever a name is taken."""
    assert str(activation_of(text)) == str(activation_of(name, **parameters))
    assert gain(text) == gain(name, **parameters)


@pytest.mark.parametrize(
    "text", ["relu(3)", "elu(1, 2)", "elu(1, alpha=1)", "elu(", "elu(=1)", "(1)", ""]
)
def test_parameters_that_do_not_fit(text):
    """Too many, twice, or not in brackets."""
    with pytest.raises(ActivationError):
        activation_of(text)


def test_a_parameter_in_brackets_reaches_the_gain_of_a_framework():
    """As one beside the name does."""
    by_keyword = gain("leaky_relu", negative_slope=0.2, convention="torch")
    assert gain("leaky_relu(0.2)", convention="torch") == by_keyword
