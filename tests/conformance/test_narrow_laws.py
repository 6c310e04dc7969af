"""Laws that are narrow against the spacing of their dtype: float32 about 1, subnormals, one value.

Right draws are NumPy's and SciPy's in float64, rounded once. Of the audits here each fails for
chance with a probability of 1e-9 (30 tests of 1e-11 each), and this file with one of 1e-6.
"""

import math
import warnings
from contextlib import suppress

import numpy as np
import pytest
from initspec_conformance import assert_initialized, audit_callable
from initspec_conformance.checks import checks_of
from initspec_conformance.checks.atoms import _chance, _FewWide
from initspec_conformance.expected.laws import EntryLaw
from initspec_conformance.expected.rounding import Continuous, Rounded, Spread, only_value
from initspec_conformance.expected.target import target_of
from nulls import rejecting, right_draws

from initspec import InitSpec
from initspec.errors import DtypeError, InitSpecError, SpecError

NULLS = {
    "float32": ("normal(std=1e-5, mean=1.0)", (8, 17), "float32", 4),
    "float32, far from 0": ("normal(std=0.01, mean=100.0)", (8, 17), "float32", 4),
    "float32, nine spacings": ("normal(std=1e-6, mean=1.0)", (8, 17), "float32", 4),
    "float32, one spacing": ("normal(std=1e-7, mean=1.0)", (8, 17), "float32", 4),
    "float32, a value and rare others": ("normal(std=1.2e-8, mean=1.0)", (8, 17), "float32", 4),
    "float32, the same on both sides": ("normal(std=4e-8, mean=3.0)", (8, 17), "float32", 4),
    "float32, uniform": ("uniform(low=0.99999, high=1.00001)", (8, 17), "float32", 4),
    "float32, three values": ("uniform(low=1.0, high=1.0000002)", (2, 3), "float32", 40),
    "float32, truncated": ("truncated_normal(std=1e-5, mean=-3.0)", (8, 17), "float32", 4),
    "float32, lopsided": (
        "truncated_normal(std=1e-6, mean=1.0, lower=0.5, upper=3.0)",
        (8, 17),
        "float32",
        4,
    ),
    "float32, subnormal": ("normal(std=1e-44)", (8, 17), "float32", 4),
    "float32, subnormal, sparse": ("sparse(sparsity=0.5, std=3e-45)", (8, 40), "float32", 2),
    "float64": ("normal(std=1e-14, mean=1.0)", (8, 17), "float64", 4),
    "float16, a few subnormals": ("normal(std=3e-8)", (8, 17), "float16", 4),
    "float16, two values": ("sparse(sparsity=0.5, std=1e-9)", (8, 40), "float16", 2),
    "bfloat16": ("normal(std=0.02, mean=1.0)", (8, 17), "bfloat16", 4),
    "bfloat16, a value and rare others": ("normal(std=0.0026, mean=3.0)", (8, 17), "bfloat16", 4),
    "bfloat16, two values": ("uniform(low=1.0, high=1.01)", (2, 3), "bfloat16", 40),
}


@pytest.mark.parametrize("cell", NULLS)
def test_p_values_are_uniform_or_conservative(cell):
    """As in `test_null`: at 1e-3 no check rejects more often than a binomial count does."""
    text, shape, dtype, each = NULLS[cell]
    what = target_of(InitSpec.parse(text), shape, "out in", dtype)
    assert isinstance(what.reading, Spread)
    assert not rejecting(what, each, np.random.default_rng([31, *cell.encode()]))


def sampler(spec, axes="out in"):
    """Return a callable that draws right weights of a spec."""

    def draw(shape, dtype, seed):
        what = target_of(spec, shape, axes, dtype)
        return right_draws(what, 1, np.random.default_rng(seed))[0]

    return draw


RIGHT = [
    ("normal(std=0.01, mean=100.0)", "float32"),
    ("normal(std=1e-5, mean=1.0)", "float32"),
    ("normal(std=1e-6, mean=1.0)", "float32"),
    ("normal(std=1e-39)", "float32"),
    ("normal(std=1e-13, mean=1.0)", "float64"),
    ("normal(std=1e-9)", "float16"),
    ("normal(std=3e-8)", "float16"),
    ("normal(std=1e-5, mean=1.0)", "float16"),
    ("sparse(sparsity=0.5, std=1e-9)", "float16"),
    ("normal(std=1e-4, mean=1.0)", "bfloat16"),
    ("normal(std=3.5e-4, mean=1.0)", "bfloat16"),
    ("uniform(low=1.0, high=1.001)", "bfloat16"),
    ("uniform(low=1.0, high=1.01)", "bfloat16"),
]


@pytest.mark.parametrize(("text", "dtype"), RIGHT)
def test_right_weights_pass(text, dtype):
    """Rounded once from float64; and initspec's own, which are computed in float32."""
    spec = InitSpec.parse(text)
    report = audit_callable(sampler(spec), spec, (96, 64), "out in", dtype=dtype, level="default")
    assert report.passed, report
    assert_initialized(sampler(spec)((96, 64), dtype, 5), spec)
    with suppress(DtypeError):  # initspec refuses a std below the dtype's least value
        own = spec.to_numpy("out in")((96, 64), dtype, np.random.default_rng(5))
        assert_initialized(own, spec)


def test_own_backend_far_from_zero():
    """One draw of 512 x 512 has values that occur 200 times."""
    spec = InitSpec.parse("normal(std=0.01, mean=100.0)")
    own = spec.to_numpy("out in")

    def draw(shape, dtype, seed):
        return own(shape, dtype, np.random.default_rng(seed))

    report = audit_callable(draw, spec, (512, 512), "out in", level="default")
    assert report.passed, report


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("normal(std=1e-7, mean=1.0)", "float32"),
        ("normal(std=1e-5, mean=1.0)", "float32"),
        ("normal(std=0.01, mean=100.0)", "float32"),
        ("normal(std=1e-14, mean=1.0)", "float64"),
        ("normal(std=0.001, mean=1.0)", "bfloat16"),
    ],
)
def test_the_portable_stream_far_from_zero(text, dtype):
    """The mean is added last: rounded into the lines of the stream it put whole cells aside."""
    spec = InitSpec.parse(text)

    def draw(shape, dtype, seed):
        return spec.to_numpy("out in", seed=seed)(shape, dtype)

    report = audit_callable(draw, spec, (96, 64), "out in", dtype=dtype, level="quick")
    assert report.passed, report


BOUNDED = [
    "uniform(low=1.0, high=1.005)",
    "uniform(low=1.0, high=1.03)",
    "uniform(low=1.0, high=1.2)",
    "uniform(low=-0.001, high=0.001)",
    "truncated_normal(std=0.001, mean=1.0)",
    "truncated_normal(std=0.001, mean=1.0, lower=-0.5, upper=0.5)",
    "truncated_normal(std=0.02, mean=1.0, lower=-0.5, upper=0.5)",
    "truncated_normal(std=0.001, mean=1.0, lower=1.0, upper=5.0)",
]


@pytest.mark.parametrize("inside", [0, 2])
@pytest.mark.parametrize("text", BOUNDED)
def test_ends_are_reached_or_left_out(text, inside):
    """A generator that keeps two spacings within its bounds is right, and so is one that does not.

    Where that shows the law is refused, for both; most laws are not.
    """
    spec = InitSpec.parse(text)
    right = sampler(spec)
    low, high = (np.float32(bound) for bound in spec.bounds((96, 64), "out in"))
    for _ in range(inside):
        low, high = np.nextafter(low, np.float32(9)), np.nextafter(high, np.float32(-9))

    def draw(shape, dtype, seed):
        return np.clip(right(shape, dtype, seed), low, high)

    try:
        report = audit_callable(draw, spec, (96, 64), "out in", level="default")
    except SpecError:
        assert "mean=1" in text or "low=1.0" in text
    else:
        assert report.passed, report


def off_by(mean=0.0, scale=1.0, coarse=0):
    """Return a callable that draws 1 + 1e-6 N(0, 1), wrong by so much."""

    def draw(shape, dtype, seed):
        x = np.random.default_rng(seed).normal(1 + 1e-6 * mean, 1e-6 * scale, shape).astype(dtype)
        return (np.round((x - 1) * 2.0**coarse) / 2.0**coarse + 1).astype(dtype) if coarse else x

    return draw


def uniform(shape, dtype, seed):
    """Return values of the same mean and variance."""
    return np.random.default_rng(seed).uniform(1 - 3**0.5 * 1e-6, 1 + 3**0.5 * 1e-6, shape)


def stuck(shape, dtype, seed):
    """Return values of which one in 200 is 1 + 2^-22."""
    rng = np.random.default_rng(seed)
    x = rng.normal(1, 1e-6, shape).astype(dtype)
    return np.where(rng.random(shape) < 1 / 200, np.float32(1 + 2**-22), x)


def halves(shape, dtype, seed):
    """Return values whose second half is the first one."""
    x = off_by()((shape[0] // 2, shape[1]), dtype, seed)
    return np.concatenate([x, x])


def outlier(shape, dtype, seed):
    """Return values of which one is 12 standard deviations out."""
    x = off_by()(shape, dtype, seed)
    x[0, 0] = 1 + 12e-6
    return x


@pytest.mark.parametrize(
    ("draw", "check"),
    [
        (off_by(mean=0.02), "mean"),
        (off_by(scale=1.02), "variance"),
        (off_by(coarse=22), "atoms"),
        (lambda *a: uniform(*a).astype("float32"), "legendre"),
        (stuck, "atoms"),
        (halves, "lags"),
        (outlier, "extremes"),
        (lambda shape, dtype, _: np.ones(shape, dtype), "variance"),
    ],
)
def test_wrong_weights_are_caught(draw, check):
    """A std of nine spacings hides none of the usual errors."""
    spec = InitSpec.parse("normal(std=1e-6, mean=1.0)")
    report = audit_callable(draw, spec, (96, 64), "out in", level="default")
    assert check in {failure.check for failure in report.failures}, report


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("normal(std=1e-4, mean=1.0)", "bfloat16"),
        ("normal(std=1e-9)", "float16"),
        ("uniform(low=1.0, high=1.001)", "bfloat16"),
        ("normal(std=1e-9, mean=1.0)", "float32"),
    ],
)
def test_laws_of_one_value_are_fixed(text, dtype):
    """They are held against it exactly, and the next value is another."""
    spec = InitSpec.parse(text)
    right = sampler(spec)((8, 8), dtype, 1)
    assert len(np.unique(right)) == 1
    assert target_of(spec, (8, 8), "out in", dtype).family == "fixed"
    assert_initialized(right, spec)
    wrong = right.copy()
    wrong[3, 5] = np.nextafter(right[3, 5], np.ones((), right.dtype) * 2)
    with pytest.raises(AssertionError, match="1 of 64 entries are not the fixed ones"):
        assert_initialized(wrong, spec)
    report = audit_callable(lambda *_: wrong, spec, (8, 8), dtype=dtype)
    assert [failure.check for failure in report.failures] == ["fixed"]


def test_values_near_an_edge_are_not_one():
    """Halfway between two values of bfloat16 float32 decides, and a law has both."""
    middle = 1 + 2.0**-8
    assert only_value(EntryLaw("normal", middle, 1e-12, (-math.inf, math.inf)), "bfloat16") is None
    above = EntryLaw("normal", middle + 1e-6, 1e-9, (-math.inf, math.inf))
    assert only_value(above, "bfloat16") == 1 + 2.0**-7


@pytest.mark.parametrize(
    ("text", "dtype", "working"),
    [
        ("uniform(low=0.99999, high=1.00001)", "float32", "float32"),
        ("normal(std=1e-07, mean=0.1)", "float32", "float32"),
        ("normal(std=1e-08, mean=1.00390625)", "bfloat16", "float32"),
        ("uniform(low=1.0, high=1.0000000000001)", "float64", "float64"),
    ],
)
def test_laws_that_rounding_moves_are_refused(text, dtype, working):
    """Right draws from rounded parameters and from exact ones differ, and neither is at fault."""
    spec = InitSpec.parse(text)
    with pytest.raises(InitSpecError, match=f"to {working}, as generators do") as caught:
        audit_callable(sampler(spec), spec, (96, 64), "out in", dtype=dtype)
    assert text in str(caught.value)
    with pytest.raises(InitSpecError, match="cannot be judged on 6144 values"):
        assert_initialized(sampler(spec)((96, 64), dtype, 1), spec)


def test_only_narrow_laws_are_read_by_rounding():
    """The laws of networks are read as they were."""
    for text in ("he_normal", "glorot_uniform", "he_truncated_normal", "normal(std=0.5, mean=1.0)"):
        for dtype, kind in (
            ("float32", Continuous),
            ("float64", Continuous),
            ("bfloat16", Rounded),
            ("float16", Rounded),
        ):
            what = target_of(InitSpec.parse(text), (64, 48), "out in", dtype)
            assert type(what.reading) is kind


def test_chance_of_runs():
    """A bound of more than 1 is 1, however large it is; and small ones are as they were."""
    assert _chance(282, 1 << 19, 8e-3) == 1.0
    assert _chance(2, 1000, 1e-9) == pytest.approx(1000**2 * 1e-9 / 2)


def test_quantiles_invert_the_distribution_function():
    """Values read by rounding are put where the law has them."""
    u = np.linspace(0.001, 0.999, 97)
    for family, ends in (
        ("normal", (-math.inf, math.inf)),
        ("uniform", (-(3**0.5), 3**0.5)),
        ("truncated", (-1.0, 3.0)),
        ("truncated", (0.5, 3.0)),
        ("truncated", (-9.0, -7.0)),
    ):
        law = EntryLaw(family, 0.3, 0.2, ends)
        np.testing.assert_allclose(law.cdf(law.centred(u) + law.moments()[0]), u, rtol=1e-7)


def test_atoms_of_few_values():
    """min_discrepancy of atoms is finite where values repeat, and small."""
    what = target_of(InitSpec.parse("normal(std=1e-6, mean=1.0)"), (96, 64), "out in", "float32")
    atoms = next(check for check in checks_of(what) if check.name == "atoms")
    assert isinstance(atoms.start(what), _FewWide)
    assert 0 < atoms.min_discrepancy(1 << 21, what) < 0.005


def test_sparse_weights_of_nothing_but_zeros():
    """They have no entries to judge, and fail."""
    spec = InitSpec.parse("sparse(sparsity=0.5)")
    report = audit_callable(lambda shape, dtype, _: np.zeros(shape, dtype), spec, (16, 16))
    assert [failure.check for failure in report.failures] == ["draws"]
    assert "nothing but zeros where 128 are others" in report.failures[0].message
    with pytest.raises(AssertionError, match="all of 256 values are zeros"):
        assert_initialized(np.zeros((16, 16), np.float32), spec)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("normal(std=1e39)", "float32 does not hold"),
        ("sparse(sparsity=0.5, std=1e-50)", "float32 does not hold"),
        ("uniform(low=1.0, high=1.0001)", "a lower level), or a wider law"),
        ("normal(std=1e-6, mean=1.00000003)", "a mean that float32 holds exactly, or a wider law"),
    ],
)
def test_a_refusal_says_what_helps(text, says):
    """A uniform law is moved inside whatever its mean is; some laws no float32 holds at all."""
    with pytest.raises(SpecError) as caught:
        audit_callable(sampler(InitSpec.normal()), InitSpec.parse(text), (96, 64), "out in")
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["uniform(low=-1e-7, high=2e-7)", "uniform(low=0.0, high=2e-7)"])
def test_subnormal_bounds(text):
    """Rounded once, a value may lie half a subnormal beyond a bound."""
    spec = InitSpec.parse(text)
    draw = sampler(spec)
    report = audit_callable(draw, spec, (96, 64), "out in", dtype="float16", level="quick")
    assert report.passed, report


def test_a_lopsided_cut_is_audited():
    """At 2 and 40 standard deviations the law ends, the density at 40 being nothing."""
    spec = InitSpec.parse("truncated_normal(std=0.1, lower=2.0, upper=40.0)")
    report = audit_callable(sampler(spec), spec, (96, 64), "out in", level="quick")
    assert report.passed, report


def test_a_huge_law_warns_of_nothing():
    """Its spacing overflows on the way."""
    spec = InitSpec.normal(std=1e37)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = audit_callable(sampler(spec), spec, (96, 64), "out in", level="quick")
    assert report.passed, report
