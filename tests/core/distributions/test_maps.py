"""Laws passed through a function: moments, ends, equality, domains and what they say."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy import stats

from initspec import InitSpec, LogUniform, Mapped, Std
from initspec.distributions import maps
from initspec.dtypes import float_type
from initspec.errors import ActivationError, BackendError, DtypeError, SpecError
from initspec.numerics import elementary
from initspec.spec.formula import formula
from initspec.stream.draw import draw

FUNCTIONS = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "inverse_softplus": lambda x: mpmath.log(mpmath.expm1(x)),
}


@pytest.mark.parametrize(("low", "high"), [(1e-3, 0.1), (0.5, 0.75), (1e-6, 1e6)])
def test_log_uniform(low, high):
    """It is SciPy's, and its ends are exactly those that were given."""
    law, expected = InitSpec.log_uniform(low, high).law(), stats.loguniform(low, high)
    assert (law.low, law.high) == (low, high)
    mean, variance, skewness, kurtosis = (float(x) for x in expected.stats("mvsk"))
    assert math.isclose(law.mean, mean, rel_tol=1e-10)
    assert math.isclose(law.std, math.sqrt(variance), rel_tol=1e-10)
    assert math.isclose(law.skewness, skewness, rel_tol=1e-5)  # SciPy's cancels
    assert math.isclose(law.kurtosis, kurtosis + 3, rel_tol=1e-5)
    x = np.geomspace(low, high, 101)
    np.testing.assert_allclose(law.cdf(x), expected.cdf(x), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(law.cdf(np.array([-1.0, 0.0, 2 * high])), [0, 0, 1])


@pytest.mark.parametrize("std", [0.01, 0.7, 2.0])
def test_log_normal(std):
    """A normal through exp is SciPy's log-normal."""
    law = InitSpec.normal(std, mean=-1.0, through="exp").law()
    mean, variance, skewness, kurtosis = stats.lognorm(std, 0, math.exp(-1)).stats("mvsk")
    expected = mean, math.sqrt(variance), skewness, kurtosis + 3
    found = law.mean, law.std, law.skewness, law.kurtosis
    np.testing.assert_allclose(found, [float(x) for x in expected], rtol=1e-9)
    assert (law.low, law.high) == (0.0, math.inf)


@pytest.mark.parametrize("through", FUNCTIONS)
@pytest.mark.parametrize(("low", "high"), [(1.0, 16.0), (1e-9, 1.0), (0.3, 0.3 + 1e-5)])
def test_uniform(through, low, high):
    """Mean, standard deviation, skewness and kurtosis by mpmath's quadrature."""
    law = InitSpec.uniform(low, high, through=through).law()
    function = FUNCTIONS[through]
    with mpmath.workdps(40):
        a, b = mpmath.mpf(low), mpmath.mpf(high)
        cuts = [a, *(a + (b - a) * mpmath.mpf(10) ** -k for k in range(12, 0, -1)), b]

        def moment(power, centre=0):
            return mpmath.quad(lambda x: (function(x) - centre) ** power, cuts) / (b - a)

        mean = moment(1)
        second, third, fourth = (moment(k, mean) for k in (2, 3, 4))
        expected = mean, mpmath.sqrt(second), fourth / second**2, third / second**1.5
        ends = float(function(a)), float(function(b))
    found = law.mean, law.std, law.kurtosis, law.skewness
    np.testing.assert_allclose(found, [float(x) for x in expected], rtol=1e-8, atol=1e-9)
    assert (law.low, law.high) == ends  # the float64 nearest to them


def test_wide_log_uniform():
    """The moments and ends of laws that are as wide as float64, by their closed forms."""
    for low, high in ((1e-300, 1e10), (1e-307, 1.7e308)):
        law, length = InitSpec.log_uniform(low, high).law(), math.log(high) - math.log(low)
        assert math.isclose(law.mean, high / length, rel_tol=1e-11)
        assert math.isclose(law.std, high * math.sqrt(1 / 2 - 1 / length) / math.sqrt(length))
        logs = InitSpec.log_uniform(low, high, through="log").law()
        assert math.isclose(logs.std, length / math.sqrt(12), rel_tol=1e-9)


def test_wide_uniform():
    """log X of an X that is uniform almost from 0 on has the moments of minus an exponential."""
    law = InitSpec.uniform(1e-307, 1e300, through="log").law()
    found = law.mean, law.std, law.kurtosis, law.skewness
    np.testing.assert_allclose(found, [math.log(1e300) - 1, 1, 9, -2], rtol=1e-8)
    softplus = InitSpec.uniform(1e-307, 700.0, through="inverse_softplus").law()
    assert 340 < softplus.mean < 351
    assert 200 < softplus.std < 204


def test_ends_of_a_wide_truncated_normal():
    """X reaches from -454 to 454: the ends of exp(X), and a mean between them."""
    law = InitSpec.truncated_normal(200.0, through="exp").law()
    assert (law.low, law.high) == InitSpec.truncated_normal(200.0, through="exp").bounds()
    assert 1e-198 < law.low < 1e-197
    assert 1e190 < law.mean < law.std < law.high < 1e198


def test_moments_that_do_not_converge(monkeypatch):
    """The error speaks of the law, not of an activation; the draws stay."""

    def diverges(function):
        raise ActivationError("pass a function with fewer jumps")

    monkeypatch.setattr(maps, "expectation", diverges)
    spec = InitSpec.truncated_normal(1.0, lower=-1.0, upper=20.0, through="exp")
    assert spec.sample_block((2,), (slice(0, 2),), axes="out").shape == (2,)
    with pytest.raises(SpecError, match=r"moments of exp\(X\).*lower the upper end"):
        spec.law()


@pytest.mark.parametrize("std", [1e-200, 1e-12, 15.0])
def test_extreme_log_normal(std):
    """Neither a tiny variance nor a mean of 0 spoils the standard deviation."""
    law = InitSpec.normal(std, mean=-864.0 if std > 1 else 0.0, through="exp").law()
    expected = math.exp(-864 + std**2) if std > 1 else std
    assert math.isclose(law.std, expected, rel_tol=1e-9)


def test_narrow():
    """Where the support is narrower than float64 resolves, the function is a line."""
    law = InitSpec.uniform(4.0, 4.0 + 1e-10, through="log").law()
    assert math.isclose(law.std, (law.high - law.low) / math.sqrt(12), rel_tol=1e-4)
    assert (law.kurtosis, law.skewness) == (1.8, 0.0)


def test_gain_and_rule_are_of_x():
    """The gain widens X, and so does a fan rule, before the function."""
    spec = InitSpec(Mapped("normal", "exp"), Std(0.25), gain=2.0)
    assert spec == InitSpec.normal(0.5, through="exp")
    fan = InitSpec(Mapped("normal", "exp"), "lecun", gain=2.0)
    assert fan.law((3, 16)).std == spec.law().std
    assert fan.resolve((3, 16)).sigma == 0.5


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "uniform(low=0.0, high=1.0, through=log)",
            "X reaches from 0 to 1, and log(X) needs X > 0",
        ),
        (
            "uniform(low=-1.0, high=1.0, through=inverse_softplus)",
            "needs X > 0; raise the lower end",
        ),
        ("normal(std=0.1, mean=5.0, through=log)", "X reaches from -inf to inf"),
        ("truncated_normal(std=1.0, mean=1.0, through=log)", "needs X > 0"),
        ("uniform(low=1.0, high=800.0, through=exp)", "exp(X) is beyond float64 there; lower"),
        ("log_uniform(low=1.0, high=800.0, through=exp)", "exp(X) is beyond float64 there; lower"),
        ("InitSpec(mapped(uniform, log), range(1.0, 3.0), gain=2.0)", "X reaches from 0 to 4"),
        ("uniform(low=-2000.0, high=-1000.0, through=exp)", "exp(X) is 0 in float64 for all X"),
        ("normal(std=1.0, mean=-1000.0, through=exp)", "exp(X) is 0 in float64 for all X"),
        (
            "uniform(low=1.0, high=2.0, through=sqrt)",
            "unknown value of through 'sqrt'. Allowed: exp, log",
        ),
        ("log_uniform(low=0.0, high=1.0)", "low=0.0: pass a number above 0"),
        ("log_uniform(low=1.0, high=1.0)", "low must lie below high"),
        ("InitSpec(mapped(orthogonal, exp))", "unknown"),
        ("InitSpec(mapped(log_uniform, exp))", "pass the object, LogUniform(...)"),
        ("InitSpec(mapped(mapped(normal, exp), log), he)", "mapped cannot be passed through"),
        ("InitSpec(mapped(constant(1.0), log))", "constant cannot be passed through a function"),
        ("InitSpec(log_uniform(0.1, 1.0), he)", "takes no rule"),
        ("InitSpec(log_uniform(0.1, 1.0), gain=2.0)", "takes no gain"),
    ],
)
def test_domain(line, says):
    """What leaves the domain of the function is refused when the spec is made."""
    with pytest.raises(SpecError) as caught:
        InitSpec.parse(line)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (InitSpec.normal(12.0, through="exp"), "narrow or move the law of X, which is normal"),
        (InitSpec.log_uniform(1e-40, 1.0), "bring low and high within that"),
    ],
)
def test_remedy_of_a_dtype(spec, says):
    """A larger std or gain, which other laws need, would not help."""
    with pytest.raises(DtypeError, match=says):
        spec.sample_block((2, 3), (slice(0, 1), slice(0, 1)))


def test_domain_under_a_fan_rule():
    """There the shape decides."""
    spec = InitSpec(Mapped("uniform", "log"), "he")
    with pytest.raises(SpecError, match="needs X > 0"):
        spec.resolve((3, 4))
    assert InitSpec(Mapped("truncated_normal", "exp"), "he").law((3, 4)).low > 0


@pytest.mark.parametrize(
    "spec", [InitSpec.uniform(10, 12, through="exp"), InitSpec.log_uniform(1e-9, 1.0)]
)
def test_dtype(spec):
    """A dtype has to hold the values, not those before the function: float16 is too short."""
    for name in ("bfloat16", "float32", "float64"):
        spec.sample_block((2, 3), (slice(0, 1), slice(0, 1)), dtype=name)
    with pytest.raises(DtypeError):
        spec.sample_block((2, 3), (slice(0, 1), slice(0, 1)), dtype="float16")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_portable_draws_are_the_function_of_the_parents(dtype):
    """The float64 nearest to f of the parent's draw in float32 or float64, rounded."""
    shape, kind = (40, 30), float_type(dtype)
    wide = float_type("float64" if dtype == "float64" else "float32")
    for parent, through in (
        (InitSpec.uniform(1, 16), "log"),
        (InitSpec.normal(0.5, mean=1), "exp"),
        (InitSpec.log_uniform(1e-3, 0.1), "inverse_softplus"),
    ):
        family = Mapped(parent.distribution, through)
        spec = InitSpec(family, parent.variance)
        x = draw(parent.resolve(shape), wide, 7, "w")
        w = draw(spec.resolve(shape), kind, 7, "w")
        with mpmath.workdps(50):
            exact = [float(FUNCTIONS[through](mpmath.mpf(float(v)))) for v in x.ravel()]
        expected = np.array(exact).astype(x.dtype).astype(w.dtype).reshape(shape)
        np.testing.assert_array_equal(w, expected)


def test_ends_of_portable_draws():
    """Rounding leads beyond no end: e^x of a rounded log high would be above it."""
    for low, high in ((1e-3, 0.1), (1e30, 1e38), (0.999, 1.0)):
        w = draw(InitSpec.log_uniform(low, high).resolve((300, 300)), float_type("float32"), 7, "w")
        assert np.float32(low) <= w.min() < w.max() <= np.float32(high)


@pytest.mark.parametrize("through", FUNCTIONS)
def test_ends_are_those_of_the_stream(through):
    """One number by decimals has the bits that arrays have, at the limits of float64 too."""
    x = [1e-300, 1e-9, 0.3, math.log(2), 1.5, 44.0, 46.0, 709.5, 1e300]
    x += [-1e300, -750.0, -700.0, -0.1, 0.0] if through == "exp" else []
    ends = [maps.MAPS[through](each) for each in x]
    np.testing.assert_array_equal(ends, getattr(elementary, through)(x))


def test_words():
    """The formula, the note of the std, and the names of the parts."""
    spec = InitSpec.log_uniform(0.001, 0.1, through="inverse_softplus")
    assert formula(spec).law == (
        "W = log(exp(X) - 1), log X ~ U(log 0.001, log 0.1), independent entries"
    )
    assert spec == InitSpec(Mapped(LogUniform(0.001, 0.1), "inverse_softplus"))
    assert "mapped(of=uniform, through=exp)" in str(InitSpec(Mapped("uniform", "exp"), "he"))
    assert InitSpec.uniform(1, 2, through="log") != InitSpec.uniform(1, 2)


def test_a_backend_without_the_operation():
    """It is named, with what to write."""
    from initspec.backend import usable

    with pytest.raises(BackendError, match=r"write its mapped\(\), see initspec.backend.Map"):
        usable("dummy").draw(InitSpec.log_uniform(0.1, 1.0), (2, 3), dtype="float64")
