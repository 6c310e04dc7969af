"""exp, log, sin, cos and the inverse of softplus against mpmath, bit by bit."""

import decimal
import hashlib
import os
import subprocess
import sys

import mpmath
import numpy as np
import pytest

from initspec.numerics import decimals, elementary, gaussian
from initspec.stream import quantile

_FEW = 400


def _mp(function):
    def value(x):
        with mpmath.workprec(400):
            return function(mpmath.mpf(float(x)))

    return value


EXACT = {
    "exp": _mp(mpmath.exp),
    "log": _mp(mpmath.log),
    "sin": _mp(mpmath.sin),
    "cos": _mp(mpmath.cos),
    "inverse_softplus": _mp(lambda x: mpmath.log(mpmath.expm1(x))),
}

_DOUBLED = {
    "exp": elementary._exp,
    "log": elementary._log,
    "sin": lambda x: elementary._sin(x, 0),
    "cos": lambda x: elementary._sin(x, 1),
    "inverse_softplus": elementary._inverse_softplus,
}


def arguments(name):
    """Return arguments of every size, and those next to zeros and ends."""
    rng = np.random.default_rng(5)
    steps = np.arange(-20, 21) * 2.0**-53
    tiny = 10 ** rng.uniform(-323, 0, _FEW)
    if name == "exp":
        ends = [709.78, -708.0, -745.0, -746.0, 0.0, -0.0, 710.0]
        return np.r_[rng.uniform(-708, 709, _FEW), rng.uniform(-1, 1, _FEW), tiny, -tiny, ends]
    if name in ("sin", "cos"):
        multiples = np.arange(-_FEW, _FEW) * (np.pi / 2)
        far = np.r_[rng.uniform(-1e6, 1e6, _FEW), 10 ** rng.uniform(6, 308, 30)]
        return np.r_[multiples, far, np.arange(1, 50) * 1e6, rng.uniform(-4, 4, _FEW), tiny]
    wide = np.r_[tiny, 10 ** rng.uniform(0, 308, _FEW), rng.uniform(0.001, 0.1, _FEW)]
    if name == "log":
        return np.r_[wide, 1 + steps, rng.uniform(0.9, 1.1, _FEW), 5e-324]
    return np.r_[tiny, rng.uniform(0.001, 60, 2 * _FEW), np.log(2) + steps, 700.0, 1e300]


@pytest.mark.parametrize("name", EXACT)
def test_nearest(name):
    """Every value is the float64 nearest to the real number."""
    x = arguments(name)
    with mpmath.workprec(400):
        nearest = [float(EXACT[name](number)) for number in x]
    np.testing.assert_array_equal(getattr(elementary, name)(x), nearest)


@pytest.mark.parametrize("name", EXACT)
def test_error_bound(name):
    """Before it is rounded, a value in double-double is within the bound that decides rounding."""
    x = arguments(name)
    with np.errstate(all="ignore"):
        (high, low), loose = _DOUBLED[name](x)
    worst = 0.0
    with mpmath.workprec(400):
        for number, *value, error in zip(
            x, high, low, np.broadcast_to(loose, x.shape), strict=True
        ):
            exact = EXACT[name](number)
            if np.isfinite(value[0]) and error < 1 and value[0] and exact:
                off = abs(sum(map(mpmath.mpf, map(float, value))) - exact)
                worst = max(worst, float((off - error) / abs(exact)))
    assert worst < elementary._ERROR / 8


@pytest.mark.parametrize("name", EXACT)
def test_decimal_decides(name, monkeypatch):
    """Where double-double leaves the last bit open, decimal digits give it."""
    monkeypatch.setattr(elementary, "_ERROR", 1.0)
    x = arguments(name)[::40]
    few = getattr(elementary, name)(x)
    monkeypatch.undo()
    np.testing.assert_array_equal(few, getattr(elementary, name)(x))


def test_small_powers_take_no_decimals(monkeypatch):
    """Double-double decides nearly all that is normal, and all that is 0."""
    x = np.r_[np.random.default_rng(3).uniform(-695, -650, 4096), np.full(100, -1e4)]
    calls = []
    nearest = decimals.nearest
    monkeypatch.setattr(decimals, "nearest", lambda *args: calls.append(args) or nearest(*args))
    elementary.exp(x)
    assert len(calls) < 5


@pytest.mark.parametrize("rounding", [decimal.ROUND_DOWN, decimal.ROUND_HALF_EVEN])
def test_decimal_context_of_the_caller(rounding):
    """Neither its traps nor its rounding, digits and exponents reach these functions."""
    x = [0.1, 0.7, 30.0]
    before = [[decimals.nearest(getattr(decimals, name), each) for each in x] for name in EXACT]
    law = gaussian.truncated.__wrapped__(-1.25, 2.5)
    knots = quantile.knots(-1.25, 2.5, 32)
    traps = [*decimal.getcontext().traps]
    with decimal.localcontext(decimal.Context(3, rounding, -2, 2, traps=traps)):
        decimals.pi.cache_clear()
        quantile._series.cache_clear()
        after = [[decimals.nearest(getattr(decimals, name), each) for each in x] for name in EXACT]
        assert gaussian.truncated.__wrapped__(-1.25, 2.5) == law
        np.testing.assert_array_equal(quantile.knots(-1.25, 2.5, 32), knots)
    assert after == before


def test_ends():
    """At and beyond the ends of its domain a function is what IEEE-754 says."""
    x = [0.0, -1.0, np.inf, np.nan]
    for function in (elementary.log, elementary.inverse_softplus):
        np.testing.assert_array_equal(function(x), [-np.inf, np.nan, np.inf, np.nan])
    far = [-800.0, 800.0, -np.inf, np.inf, np.nan]
    np.testing.assert_array_equal(elementary.exp(far), [0.0, np.inf, 0.0, np.inf, np.nan])
    for function in (elementary.sin, elementary.cos):
        np.testing.assert_array_equal(function([np.inf, np.nan]), [np.nan, np.nan])


def test_shape():
    """Any shape goes in and comes out, and blocks do not show."""
    x = np.linspace(-3, 3, 3 * elementary._BLOCK).reshape(3, 2, -1)
    values = elementary.sin(x)
    assert values.shape == x.shape
    np.testing.assert_array_equal(values[1, 1, ::977], elementary.sin(x[1, 1, ::977]))
    assert elementary.exp(0.0).shape == ()


_DIGEST = """
import hashlib, sys
import numpy as np
from initspec.numerics import elementary
rng = np.random.Generator(np.random.Philox(3))
x = rng.random(4096) * 50 + 1e-6
values = [getattr(elementary, n)(x) for n in ("exp", "log", "sin", "cos", "inverse_softplus")]
print(hashlib.sha256(np.stack(values).tobytes()).hexdigest())
"""


def test_simd():
    """The bits do not depend on the instructions that NumPy picks."""
    core = getattr(np, "_core", None) or np.core
    umath = core._multiarray_umath
    picked = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(picked)}
    run = subprocess.run(
        [sys.executable, "-c", _DIGEST], env=environment, capture_output=True, text=True, check=True
    )
    names = ("exp", "log", "sin", "cos", "inverse_softplus")
    x = np.random.Generator(np.random.Philox(3)).random(4096) * 50 + 1e-6
    here = np.stack([getattr(elementary, name)(x) for name in names])
    assert run.stdout.strip() == hashlib.sha256(here.tobytes()).hexdigest()


def test_pi():
    """Pi has all the digits that were asked for."""
    with mpmath.workdps(420):
        assert str(decimals.pi(400)) == mpmath.nstr(mpmath.pi, 400)
