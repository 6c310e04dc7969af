"""Functions that several activations share."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from initspec.activations.base import Floats
from initspec.numerics import gaussian


def unit(x: Floats) -> Floats:
    """Return 1 in the dtype of x: a Python number would make float64 of a `where`."""
    return np.ones((), x.dtype)


def logistic(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)), by tanh, which overflows nowhere."""
    values: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return values


def slope_of_logistic(s: Floats) -> Floats:
    """Return the derivative of the logistic function where its value is s."""
    slope: Floats = s * (1 - s)
    return slope


def softplus(x: Floats) -> Floats:
    """Return log(1 + exp(x)), which overflows nowhere."""
    values: Floats = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return values


_REACH = 9.0
_STEPS = 32
"""The cdf is tabulated at multiples of 1 / 32 in -9..9."""


@lru_cache(maxsize=2)
def _knots(dtype: Any) -> tuple[Floats, Floats]:
    """Return the normal cdf and density at the knots."""
    z = np.arange(-_REACH * _STEPS, _REACH * _STEPS + 1) / _STEPS
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return gaussian.cdf(z).astype(dtype), density.astype(dtype)


def normal_cdf(x: Floats) -> Floats:
    """Return P(Z <= x), to an absolute 2e-16 in float64, thirty times faster than `gaussian.cdf`.

    A Taylor series of seven terms around the nearest knot: its coefficients are the Hermite
    polynomials. NumPy itself has no error function.
    """
    values, densities = _knots(x.dtype)
    clipped = np.clip(np.nan_to_num(x, nan=0.0), -_REACH, _REACH)
    nearest = np.rint(clipped * _STEPS)
    index = nearest.astype(np.intp) + int(_REACH * _STEPS)
    z = nearest / _STEPS
    h = clipped - z
    # The sum over k of (-1)^k He_k(z) h^k / (k + 1)!, with He_(k+1) = z He_k - k He_(k-1).
    before, now = np.ones_like(z), z
    terms, factor = np.ones_like(z), h
    for k in range(1, 8):
        factor = factor * (-1 / (k + 1)) * (1 if k == 1 else h)
        terms = terms + now * factor
        before, now = now, z * now - k * before
    result: Floats = values[index] + densities[index] * h * terms
    return np.where(np.isnan(x), x, result)
