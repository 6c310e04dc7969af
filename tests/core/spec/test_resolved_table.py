"""Fans, std and bounds: families x rules x modes x layers against formulas written here."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import mpmath
import pytest
from scipy import stats

from initspec import (
    FanRule,
    InitSpec,
    InitSpecError,
    Range,
    Sparse,
    Std,
    TruncatedNormal,
    Uniform,
)

GAINS = (1.0, 1.7)
MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")

RULES = {"lecun": 1.0, "glorot": 1.0, "xavier": 1.0, "he": 2.0, "kaiming": 2.0, 0.3: 0.3}
"""Each fan rule with its scale."""

DEFAULT_MODES = {
    "lecun": "fan_in",
    "glorot": "fan_avg",
    "xavier": "fan_avg",
    "he": "fan_in",
    "kaiming": "fan_in",
    0.3: "fan_in",
}


def fan(mode, fan_in, fan_out):
    """Return the fan of a mode, from typed fans."""
    return {
        "fan_in": fan_in,
        "fan_out": fan_out,
        "fan_avg": (fan_in + fan_out) / 2,
        "fan_geo_avg": math.sqrt(fan_in * fan_out),
    }[mode]


def truncated(lower, upper, corrected):
    """Return what a truncated normal of parent sigma 1 has: factor of s, mean, std, ends."""
    law = stats.truncnorm(lower, upper)
    factor = 1 / law.std() if corrected else 1.0
    return factor, factor * law.mean(), factor * law.std(), factor * lower, factor * upper


ELEMENTWISE = {
    "normal": ("normal", 0.0, 1.0, -math.inf, math.inf),
    "uniform": ("uniform", 0.0, 1.0, -math.sqrt(3), math.sqrt(3)),
    **{
        f"truncated[{lower}, {upper}] {corrected}": (
            TruncatedNormal(lower, upper, corrected),
            *truncated(lower, upper, corrected)[1:],
        )
        for lower, upper in ((-2.0, 2.0), (-1.0, 3.0), (-0.5, 0.1), (1.0, 2.5))
        for corrected in (True, False)
    },
}
"""Each elementwise family: mean, std and ends in units of sigma, from scipy."""


def close(value):
    """Compare to a relative 1e-12: scipy's moments of a truncated normal are good to 1e-13."""
    return pytest.approx(value, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("family", ELEMENTWISE)
def test_fan_rules(weight, family):
    """Every fan rule x mode x gain on every layer: mean, std, bounds and sigma."""
    distribution, mean, std, low, high = ELEMENTWISE[family]
    for rule, mode, gain in itertools.product(RULES, (None, *MODES), GAINS):
        spec = InitSpec(distribution, rule, gain, mode)
        sigma = gain * math.sqrt(RULES[rule] / fan(mode or DEFAULT_MODES[rule], *weight.fans))
        at = (weight.shape, weight.axes)
        assert spec.resolve(*at).sigma == pytest.approx(sigma, rel=1e-15)
        assert spec.std(*at) == close(std * sigma)
        assert spec.mean(*at) == close(mean * sigma)
        assert spec.bounds(*at) == close((low * sigma, high * sigma))


@pytest.mark.parametrize("family", ELEMENTWISE)
@pytest.mark.parametrize("gain", GAINS)
def test_fixed_rules(weight, family, gain):
    """A fixed std and mean on every layer, and without a shape; the gain leaves the mean alone."""
    distribution, mean, std, low, high = ELEMENTWISE[family]
    spec = InitSpec(distribution, Std(0.02, 0.3), gain)
    sigma = gain * 0.02
    for at in ((weight.shape, weight.axes), ()):
        assert spec.std(*at) == close(std * sigma)
        assert spec.mean(*at) == close(0.3 + mean * sigma)
        assert spec.bounds(*at) == close((0.3 + low * sigma, 0.3 + high * sigma))
    assert spec.resolve(weight.shape, weight.axes).sigma == sigma


def test_range(weight):
    """A uniform between two ends has them exactly; a gain widens it about its middle."""
    at = (weight.shape, weight.axes)
    spec = InitSpec.uniform(-0.1, 0.3)
    assert spec.bounds(*at) == (-0.1, 0.3)
    assert spec.std(*at) == close(0.4 / math.sqrt(12))
    assert spec.mean(*at) == close(0.1)
    wider = InitSpec(Uniform(), Range(-0.1, 0.3), 2.0)
    assert wider.bounds(*at) == close((-0.3, 0.5))
    assert wider.mean(*at) == close(0.1)
    assert wider.std(*at) == close(0.8 / math.sqrt(12))


@pytest.mark.parametrize("along", ["in", "out"])
@pytest.mark.parametrize("sparsity", [0.0, 0.07, 0.25, 0.9])
def test_sparse(weight, along, sparsity):
    """Sparse on every layer: sigma is the non-zeros', std that of all entries."""
    _, out, in_, taps = weight.logical
    entries = in_ * taps if along == "in" else out
    zeros = -(-int(sparsity * 100) * entries // 100)  # the ceiling, in integers
    share = (entries - zeros) / entries
    for gain, mode in itertools.product(GAINS, MODES):
        sigma = gain * math.sqrt(2 / fan(mode, *weight.fans))
        spec = InitSpec(Sparse(sparsity, along), "he", gain, mode)
        at = (weight.shape, weight.axes)
        assert spec.resolve(*at).sigma == pytest.approx(sigma, rel=1e-15)
        assert spec.std(*at) == close(math.sqrt(share) * sigma)
        assert spec.mean(*at) == 0
        assert spec.bounds(*at) == ((-math.inf, math.inf) if share else (0, 0))
    fixed = InitSpec.sparse(sparsity, std=0.01, along=along)
    assert fixed.std(weight.shape, weight.axes) == close(math.sqrt(share) * 0.01)


@pytest.mark.parametrize(
    ("sparsity", "entries", "zeros"),
    [
        (0.07, 100, 7),  # the float 0.07 times 100 is 7.000000000000001
        (0.29, 100, 29),
        (0.57, 100, 57),
        (0.1, 10, 1),
        (0.1, 11, 2),
        (0.3, 10, 3),
        (0.001, 1000, 1),
        (1e-9, 5, 1),
        (0.0, 5, 0),
        (0.999, 10, 10),
        (0.9, 1, 1),
    ],
)
def test_number_of_zeros(sparsity, entries, zeros):
    """ceil(sparsity * n), sparsity as the decimal number that it prints as."""
    for along, shape in (("in", (3, entries)), ("out", (entries, 3))):
        spec = InitSpec.sparse(sparsity, along=along)
        assert spec.distribution.zeros(spec.resolve(shape).layout) == (zeros, entries)
        assert (spec.to_numpy()(shape) == 0).sum() == 3 * zeros


@pytest.mark.parametrize("gain", GAINS)
def test_orthogonal(weight, gain):
    """An entry of a Haar matrix has variance gain^2 / max(out, in * kernel)."""
    _, out, in_, taps = weight.logical
    spec = InitSpec.orthogonal(gain)
    at = (weight.shape, weight.axes)
    assert spec.std(*at) == close(gain / math.sqrt(max(out, in_ * taps)))
    assert spec.mean(*at) == 0
    assert spec.bounds(*at) == (-gain, gain)


@pytest.mark.parametrize("gain", GAINS)
def test_delta_orthogonal(weight, gain):
    """One tap of the kernel holds a Haar matrix: variance gain^2 / (out * taps)."""
    _, out, in_, taps = weight.logical
    spec = InitSpec.delta_orthogonal(gain)
    at = (weight.shape, weight.axes)
    if "kernel" not in weight.axes or out < in_:
        rule = "at least as many outputs" if "kernel" in weight.axes else "needs a kernel axis"
        with pytest.raises(InitSpecError, match=rule):
            spec.std(*at)
        return
    assert spec.std(*at) == close(gain / math.sqrt(out * taps))
    assert spec.mean(*at) == 0
    assert spec.bounds(*at) == (-gain, gain)


@pytest.mark.parametrize("gain", GAINS)
@pytest.mark.parametrize("family", ["identity", "dirac"])
def test_identities(weight, family, gain):
    """identity has no kernel axis and dirac needs one; nothing in them is random."""
    _, out, in_, taps = weight.logical
    spec = InitSpec(family, None, gain)
    at = (weight.shape, weight.axes)
    if ("kernel" in weight.axes) == (family == "identity"):
        with pytest.raises(InitSpecError, match="kernel axis"):
            spec.std(*at)
        return
    assert spec.std(*at) == 0
    assert spec.mean(*at) == close(gain * min(out, in_) / (out * in_ * taps))
    low, high = spec.bounds(*at)
    assert high == gain
    assert low == (gain if out * in_ * taps == 1 else 0)
    noisy = getattr(InitSpec, family)(gain=gain, noise=0.01)
    assert (noisy.mean(*at), noisy.std(*at)) == (spec.mean(*at), 0.01)
    assert noisy.bounds(*at) == (-math.inf, math.inf)


def test_constant(weight):
    """A constant is itself on every layer and without a shape."""
    for at in ((weight.shape, weight.axes), ()):
        for spec, value in (
            (InitSpec.constant(0.3), 0.3),
            (InitSpec.zeros(), 0.0),
            (InitSpec.ones(), 1.0),
        ):
            assert (spec.mean(*at), spec.std(*at), spec.bounds(*at)) == (value, 0, (value, value))


NUMBERS = (1.0, 2.0, 0.1, 1 / 3, 1.7, 1e-150, 3e150, 5e-324, 1.7976931348623157e308)


@pytest.mark.parametrize("gain", NUMBERS)
@pytest.mark.parametrize("scale", NUMBERS)
def test_sigma_is_correctly_rounded(gain, scale):
    """sigma is gain * sqrt(scale / fan), computed by mpmath to 1,000 bits and rounded once."""
    for fans, mode in itertools.product(((1, 1), (3, 7), (512, 256), (10**6, 999_983)), MODES):
        with mpmath.workprec(1000):
            fan_in, fan_out = map(mpmath.mpf, fans)
            chosen = {
                "fan_in": fan_in,
                "fan_out": fan_out,
                "fan_avg": (fan_in + fan_out) / 2,
                "fan_geo_avg": mpmath.sqrt(fan_in * fan_out),
            }[mode]
            exact = mpmath.mpf(gain) * mpmath.sqrt(mpmath.mpf(scale) / chosen)
            expected = rounded(exact)
        axes = f"[in={fans[0]} out={fans[1]}]"
        spec = InitSpec("normal", FanRule(scale), gain, mode)
        if expected == 0 or math.isinf(expected):
            with pytest.raises(InitSpecError, match="in float64"):
                spec.resolve((), axes)
        else:
            assert spec.resolve((), axes).sigma == expected


@pytest.mark.parametrize("power", [-1.0, -2.0, 0.5, -0.75, -1 / 3, 0.01, -4.0, 97 / 98])
@pytest.mark.parametrize(("gain", "scale"), [(1.0, 2.0), (1 / 3, 0.1), (1e-150, 5e-324)])
def test_sigma_of_any_power_is_correctly_rounded(gain, scale, power):
    """sigma is gain * sqrt(scale) * fan^power, of the fraction that the power stands for."""
    exponent = Fraction(power).limit_denominator(100)
    for fans, mode in itertools.product(((1, 1), (3, 7), (10**6, 999_983)), MODES):
        with mpmath.workprec(2000):
            fan_in, fan_out = map(mpmath.mpf, fans)
            chosen = {
                "fan_in": fan_in,
                "fan_out": fan_out,
                "fan_avg": (fan_in + fan_out) / 2,
                "fan_geo_avg": mpmath.sqrt(fan_in * fan_out),
            }[mode]
            raised = chosen ** (mpmath.mpf(exponent.numerator) / exponent.denominator)
            expected = rounded(mpmath.mpf(gain) * mpmath.sqrt(mpmath.mpf(scale)) * raised)
        axes = f"[in={fans[0]} out={fans[1]}]"
        if expected == 0:
            with pytest.raises(InitSpecError, match="in float64"):
                InitSpec("normal", FanRule(scale, power), gain, mode).resolve((), axes)
            continue
        resolved = InitSpec("normal", FanRule(scale, power), gain, mode).resolve((), axes)
        assert resolved.sigma == expected


def test_the_first_layer_of_siren():
    """U(-1/n, 1/n), n the inputs, as `first_layer_sine_init` of vsitzmann/siren has it."""
    spec = InitSpec.variance_scaling(1 / 3, distribution="uniform", power=-1)
    assert spec.bounds((256, 3)) == pytest.approx((-1 / 3, 1 / 3), rel=4e-16)
    assert spec.std((5, 100)) == pytest.approx(1 / (100 * math.sqrt(3)), rel=4e-16)


@pytest.mark.parametrize(
    ("low", "high"), [(-0.05, 0.05), (0.1, 0.3), (1.0, 1.0000000000000002), (-1e308, 1e308)]
)
@pytest.mark.parametrize("gain", [1.0, 1.7, 0.3])
def test_sigma_of_a_range_is_correctly_rounded(low, high, gain):
    """sigma of a uniform between two ends is gain * (high - low) / sqrt(12), rounded once."""
    with mpmath.workprec(1000):
        exact = mpmath.mpf(gain) * (mpmath.mpf(high) - mpmath.mpf(low)) / mpmath.sqrt(12)
        expected = rounded(exact)
    assert InitSpec(Uniform(), Range(low, high), gain).resolve((2,)).sigma == expected


def rounded(exact):
    """Return a positive mpf as the nearest float64, subnormal ones too, rounded once."""
    mantissa, exponent = mpmath.frexp(exact)
    bits = min(53, int(exponent) + 1074)
    if bits < 0 or exponent > 1025:
        return 0.0 if bits < 0 else math.inf
    whole = int(mpmath.nint(mpmath.ldexp(mantissa, bits)))  # ties to even
    try:
        return math.ldexp(whole, int(exponent) - bits)
    except OverflowError:
        return math.inf


def test_rounded_is_right():
    """The helper above agrees with float() wherever that is right, and on subnormals."""
    with mpmath.workprec(200):
        for value in (1.0, 0.1, 1e-310, 5e-324, 1.7976931348623157e308):
            assert rounded(mpmath.mpf(value)) == value
        assert rounded(mpmath.mpf(1) / 3) == 1 / 3
        assert rounded(mpmath.ldexp(1, -1075) * 1.001) == 5e-324
        assert rounded(mpmath.ldexp(1, -1076)) == 0
        assert rounded(mpmath.ldexp(1, 1024)) == math.inf


def test_infinite_scale():
    """A correction that carries sigma beyond float64 is refused, and so is an infinite sigma."""
    with pytest.raises(InitSpecError, match="its standard deviation is inf"):
        InitSpec.truncated_normal(1e308, lower=-0.5, upper=0.5).std()
    with pytest.raises(InitSpecError, match="its standard deviation is inf"):
        InitSpec("normal", Std(1e308), 10.0).std()
    with pytest.raises(InitSpecError, match="its standard deviation is inf"):
        InitSpec.uniform(-1e308, 1e308).replace(gain=10.0).std()


def test_equal_specs_share_a_resolution():
    """Equal specs share a resolution, with the same numbers however the spec was written."""
    first = InitSpec.he_normal(gain=2.0).resolve((8, 6))
    second = InitSpec.variance_scaling(8.0).resolve((8, 6))
    assert (first.sigma, first.scale, first.mean) == (second.sigma, second.scale, second.mean)
    left, right = InitSpec("normal", Std(3.0), 0.1), InitSpec("normal", Std(0.1), 3.0)
    assert left == right
    assert left.std() == right.std() == 3.0 * 0.1


def test_without_a_shape():
    """A law that depends on the shape needs it."""
    for spec in (InitSpec.he_normal(), InitSpec.orthogonal(), InitSpec.sparse(0.5)):
        for ask in (spec.std, spec.mean, spec.bounds):
            with pytest.raises(InitSpecError, match="depends on the shape"):
                ask()


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (0, 4, 3)])
def test_zero_sizes(shape):
    """Weights without elements can be resolved under every family that fits."""
    specs = [InitSpec.he_normal(mode=mode) for mode in MODES]
    specs += [InitSpec.normal(), InitSpec.sparse(0.5), InitSpec.orthogonal(), InitSpec.ones()]
    for spec in specs:
        assert spec.resolve(shape).layout.size == 0
        assert spec.to_numpy()(shape, "float16").shape == shape
