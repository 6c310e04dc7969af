"""Distributions of few values in their dtype are refused; all others are judged."""

import math
import warnings

import numpy as np
import pytest
from initspec_conformance import assert_initialized, audit_callable
from initspec_conformance.checks.atoms import _chance
from initspec_conformance.checks.dtype import _of_hits
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.expected.laws import EntryLaw
from initspec_conformance.expected.rounding import Continuous, Rounded
from nulls import right_draws
from scipy import stats

from initspec import InitSpec
from initspec.errors import SpecError


def sampler(spec, axes="out in"):
    """Return a callable that draws right weights of a spec, rounded once from float64."""

    def draw(shape, dtype, seed):
        what = expected_of(spec, shape, axes, dtype)
        return right_draws(what, 1, np.random.default_rng(seed))[0]

    return draw


@pytest.mark.parametrize(
    ("text", "dtype", "std", "spacings"),
    [
        ("normal(std=1e-05, mean=1.0)", "float32", "1e-05", "83.9"),
        ("normal(std=0.001, mean=1.0)", "float32", "0.001", "8.39e+03"),
        ("uniform(low=1.0, high=1.01)", "float32", "0.00289", "2.42e+04"),
        ("normal(std=1e-44)", "float32", "1e-44", "7.14"),
        ("normal(std=1e-14, mean=1.0)", "float64", "1e-14", "45"),
        ("normal(std=0.02, mean=1.0)", "bfloat16", "0.02", "2.56"),
        ("normal(std=3e-07)", "float16", "3e-07", "5.03"),
        ("sparse(sparsity=0.5, std=1e-09)", "float16", "1e-09", "0.0168"),
        ("normal(std=1e+39)", "float32", "1e+39", "0"),
    ],
)
def test_few_values_are_refused(text, dtype, std, spacings):
    """One sentence names the spec, its std, how many spacings that is, and what to do."""
    spec = InitSpec.parse(text)
    for judge in (
        lambda: audit_callable(sampler(spec), spec, (96, 64), "out in", dtype=dtype),
        lambda: expected_of(spec, (96, 64), "out in", dtype),
        lambda: assert_initialized(np.zeros((8, 8), _dtype(dtype)), spec),
    ):
        with pytest.raises(SpecError) as caught:
            judge()
        message = str(caught.value)
        assert message.startswith(f"'{text}' in {dtype} cannot be checked: its std of {std} is ")
        assert f" {spacings} times the spacing" in message
        assert "use a wider distribution, a mean nearer to 0, or a dtype of more digits" in message


def _dtype(name):
    return expected_of(InitSpec.he_normal(), (8, 8), None, name).numpy_dtype


def test_the_laws_of_networks_are_judged():
    """Each by its continuous law, or by cells of 16 bits."""
    for text in (
        *("he_normal", "glorot_uniform", "he_truncated_normal", "normal(std=0.5, mean=1.0)"),
        *("normal(std=0.02, mean=1.0)", "uniform(low=-0.1, high=0.3)", "normal(std=0.0001)"),
    ):
        for dtype, kind in (
            *(("float32", Continuous), ("float64", Continuous)),
            *(("bfloat16", Rounded), ("float16", Rounded)),
        ):
            if text == "normal(std=0.02, mean=1.0)" and kind is Rounded:
                continue
            if text == "normal(std=0.0001)" and dtype == "float16":
                continue
            what = expected_of(InitSpec.parse(text), (64, 48), "out in", dtype)
            assert type(what.rounding) is kind, (text, dtype)


BOUNDED = [
    "uniform(low=1.0, high=1.03)",
    "uniform(low=1.0, high=1.2)",
    "uniform(low=-0.001, high=0.001)",
    "truncated_normal(std=0.02, mean=1.0, lower=-1.0, upper=1.0)",
    "truncated_normal(std=0.02, mean=1.0, lower=1.0, upper=5.0)",
]


@pytest.mark.parametrize("inside", [0, 2])
@pytest.mark.parametrize("text", BOUNDED)
def test_ends_are_reached_or_left_out(text, inside):
    """A generator that keeps two spacings within its bounds is right, and so is one that does not.

    A right audit fails with a probability of 1e-9 (30 tests of 1e-11 each).
    """
    spec = InitSpec.parse(text)
    right = sampler(spec)
    low, high = (np.float32(bound) for bound in spec.bounds((96, 64), "out in"))
    for _ in range(inside):
        low, high = np.nextafter(low, np.float32(9)), np.nextafter(high, np.float32(-9))

    def draw(shape, dtype, seed):
        return np.clip(right(shape, dtype, seed), low, high)

    report = audit_callable(draw, spec, (96, 64), "out in", level="default")
    assert report.passed, str(report)


@pytest.mark.parametrize("odds", [[1e-9, 1e-4], [0.3, 0.6], [0.5] * 12, [0.999999, 0.99]])
def test_hits_of_few_cells(odds):
    """Chernoff's bound of the number of cells hit is above the exact two-sided p-value."""
    chances = np.ones(1)
    for chance in odds:
        chances = np.convolve(chances, [1 - chance, chance])
    for seen in range(len(odds) + 1):
        exact = 2 * min(chances[: seen + 1].sum(), chances[seen:].sum())
        assert min(1.0, exact) <= _of_hits(seen, np.array(odds)) * (1 + 1e-9)
    assert _of_hits(len(odds) + 1, np.array(odds)) == 0
    if len(set(odds)) == 1:
        assert _of_hits(0, np.array(odds)) == pytest.approx(2 * stats.binom.pmf(0, 12, 0.5))


def test_chance_of_runs():
    """A bound of more than 1 is 1, however large it is."""
    assert _chance(282, 1 << 19, 8e-3) == 1.0
    assert _chance(2, 1000, 1e-9) == pytest.approx(1000**2 * 1e-9 / 2)


@pytest.mark.parametrize(
    ("family", "ends"),
    [
        ("normal", (-math.inf, math.inf)),
        ("uniform", (-(3**0.5), 3**0.5)),
        ("truncated", (-1.0, 3.0)),
        ("truncated", (0.5, 3.0)),
        ("truncated", (-9.0, -7.0)),
        ("laplace", (-math.inf, math.inf)),
    ],
)
def test_both_tails_to_all_digits(family, ends):
    """The upper tail is SciPy's own, and as exact as the lower one."""
    law = EntryLaw(family, 0.3, 0.2, ends)
    x = law.frozen.isf([1e-9, 1e-6, 0.3, 0.9])
    np.testing.assert_allclose(law.sf(x), [1e-9, 1e-6, 0.3, 0.9], rtol=1e-3)
    np.testing.assert_allclose(law.sf(x) + law.cdf(x), 1.0, rtol=1e-12)


def test_sparse_weights_of_nothing_but_zeros():
    """They have no entries to judge, and fail."""
    spec = InitSpec.parse("sparse(sparsity=0.5)")
    report = audit_callable(lambda shape, dtype, _: np.zeros(shape, dtype), spec, (16, 16))
    assert [failure.check for failure in report.failures] == ["draws"]
    assert "nothing but zeros where 128 are others" in report.failures[0].message
    with pytest.raises(AssertionError, match="all of 256 values are zeros"):
        assert_initialized(np.zeros((16, 16), np.float32), spec)


def test_a_lopsided_cut_is_audited():
    """At 2 and 40 standard deviations the law ends, the density at 40 being nothing."""
    spec = InitSpec.parse("truncated_normal(std=0.1, lower=2.0, upper=40.0)")
    report = audit_callable(sampler(spec), spec, (96, 64), "out in", level="quick")
    assert report.passed, str(report)


def test_a_huge_law_warns_of_nothing():
    """Its largest values are near those that float32 holds."""
    spec = InitSpec.normal(std=1e37)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = audit_callable(sampler(spec), spec, (96, 64), "out in", level="quick")
    assert report.passed, str(report)
