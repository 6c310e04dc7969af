"""Expectations under the standard normal law, to twelve digits and with an error estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from initspec.errors import ActivationError

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]

_NODES = 16
_INSIDE = 1e-12
"""How far within a panel its outer nodes stand, as a share of half its width."""

_LEVELS = 960
"""Bisections of a panel: a jump needs one for each of the 53 digits of float64, a singularity at 0,
where float64 is finer, needs more. With still more, the nodes would underflow."""

_SETTLED = 64
"""Bisections after which only a pole remains. Each leaves a share 2^(p - 1) of the integral of
|z|^-p: all of it where p is 1 and the integral infinite."""

_MANY = 32
"""More open panels than this are due to rounding; a pole affects one or two."""

_BODY = 12
"""Beyond this many standard deviations lies 4e-33 of the mass of the normal law."""

_FAR = 38
"""The density underflows beyond this many standard deviations."""

_CROWDED = 1 << 16
"""Largest number of open panels: a function with more oscillates."""

_BY_HAND = "write its gain yourself where you know it, as in lecun_normal(gain=1.2)"

_TOLERANCE = 1e-13
_NOISE = 2e-9
_TIGHT = 32
"""A panel of fewer floating-point numbers is not bisected: its nodes would hit a pole itself."""
_ROUGH = 1e-6
_NEGLIGIBLE = 1e-17


class Estimate(NamedTuple):
    """An integral and an estimate of its error, both absolute."""

    value: float
    error: float


def expectation(function: Function, kinks: Iterable[float] = (), parts: int = 1) -> Estimate:
    """Return E[f(z)] for z ~ N(0, 1) and a function f that is nowhere negative.

    Gauss-Lobatto quadrature on panels between the kinks and the integers, each bisected until its
    halves agree with it. The error estimate is the change by the last bisection: the error of the
    coarser rule, larger than that of the value. The same bisection resolves jumps and kinks
    that are not listed. A feature between the first nodes is missed: it must be wider than
    0.1 / parts.

    Args:
        function: takes and returns a float64 array of one axis.
        kinks: where f or a derivative of it jumps.
        parts: panels from one integer to the next, to start from.

    Returns:
        The expectation and its error estimate.

    Raises:
        ActivationError: f is not finite where the normal law has mass, or the expectation is
            infinite, or the estimate does not converge.

    >>> round(expectation(np.square).value, 12)
    1.0
    """
    inner = {float(kink) for kink in kinks if abs(kink) < _BODY}
    steps = range(-_BODY * parts, _BODY * parts + 1)
    edges = np.array(sorted({step / parts for step in steps} | inner))
    value, error = _refined(function, edges[:-1], edges[1:])
    # Most of the integral of a function that grows as fast as exp(z^2 / 5) lies out here.
    for edge in range(_BODY, _FAR):
        left = np.array([edge, -edge - 1.0])
        tail = _refined(function, left, left + 1, value)
        value, error = value + tail.value, error + tail.error
        if tail.value <= _NEGLIGIBLE * value:
            return Estimate(value, error)
    raise ActivationError(
        "its second moment under N(0, 1) is infinite, or not reached within 38 standard "
        "deviations: it grows too fast; pass a function that grows slower than exp(z^2 / 4)"
    )


def mean_square(
    function: Function, kinks: Iterable[float] = (), std: float = 1.0, parts: int = 1
) -> Estimate:
    """Return E[f(std * z)^2] for z ~ N(0, 1) and a real function f.

    The function is scaled by its own size, so that no intermediate square over- or underflows; the
    result may.

    Args:
        function: takes and returns a float64 array of one axis.
        kinks: where f or a derivative of it jumps.
        std: the standard deviation of its argument, above 0.
        parts: see `expectation`.

    Raises:
        ActivationError: see `expectation`.

    >>> round(mean_square(lambda x: np.maximum(x, 0), [0.0], std=2.0).value, 12)
    2.0
    """
    with np.errstate(all="ignore"):
        sample = np.abs(function(std * np.linspace(-4.0, 4.0, 81)))
        unit = float(np.max(sample, where=np.isfinite(sample), initial=0.0)) or 1.0

        def squared(z: Floats) -> Floats:
            values: Floats = (function(std * z) / unit) ** 2
            return values

        value, error = expectation(squared, [kink / std for kink in kinks], parts)
        return Estimate(
            float(np.float64(value) * unit * unit), float(np.float64(error) * unit * unit)
        )


def _refined(function: Function, left: Floats, right: Floats, before: float = 0.0) -> Estimate:
    """Return the integral over some panels, each refined until it is exact relative to the whole.

    `before` is the integral over the rest of the whole.
    """
    coarse = _panels(function, left, right)
    value = error = 0.0
    scale = before + float(coarse.sum())
    last = np.inf
    for level in range(_LEVELS):
        tight = right - left <= _TIGHT * np.spacing(np.maximum(np.abs(left), np.abs(right)))
        if (poles := tight & (coarse > _NOISE * scale)).any():
            raise _pole(left[poles][0])
        # The integral over such a panel has an error of its own size.
        held = float(coarse[tight].sum())
        value, error = value + held, error + held
        left, right, coarse = left[~tight], right[~tight], coarse[~tight]
        middle = (left + right) / 2
        halves = _panels(function, np.r_[left, middle], np.r_[middle, right]).reshape(2, -1)
        fine = halves.sum(0)
        scale = before + value + float(fine.sum())
        gap = np.abs(fine - coarse)
        done = gap <= _TOLERANCE * scale
        value, error = value + float(fine[done].sum()), error + float(gap[done].sum())
        if done.all():
            return Estimate(value, error)
        open_ = ~done
        left_over = float(gap[open_].sum())
        # Bisection halves the gap of a jump and does not change that of rounding, as in a float32
        # function, whose errors are independent from panel to panel.
        noise = float(np.sqrt(np.square(gap[open_]).sum()))
        stays = 0.8 * last < left_over < _ROUGH * scale
        if stays and noise < _NOISE * scale and np.count_nonzero(open_) > _MANY:
            return Estimate(value + float(fine[open_].sum()), error + noise)
        if level >= _SETTLED and left_over > 0.99 * last:
            break
        last = left_over
        coarse = halves[:, open_].ravel()
        left, right = (
            np.r_[left[open_], middle[open_]],
            np.r_[middle[open_], right[open_]],
        )
        if left.size > _CROWDED:
            raise ActivationError(
                "the quadrature of its square does not converge: it oscillates or jumps too often "
                f"around z = {left[np.argmax(coarse)]:.4g}; pass a function with fewer jumps"
            )
    raise _pole(left[np.argmax(coarse)])


def _pole(place: float) -> ActivationError:
    return ActivationError(
        f"it has a pole at z = {place:.4g}: its second moment is infinite, or too much of it lies "
        f"within a rounding of that place; pass a function without poles, or {_BY_HAND}"
    )


def _panels(function: Function, left: Floats, right: Floats) -> Floats:
    """Return the integral of f times the normal density over each panel."""
    nodes, weights = _rule()
    half = (right - left) / 2
    z = (left + right)[:, None] / 2 + half[:, None] * nodes
    values = np.asarray(function(z.ravel()), np.float64).reshape(z.shape)
    if not np.isfinite(values).all():
        where = z[~np.isfinite(values)]
        worst = float(where[np.argmin(np.abs(where))])
        raise ActivationError(
            f"it is not finite at z = {worst:.4g}, or its square is not: pass a function that is "
            f"finite wherever N(0, 1) has mass, or {_BY_HAND}"
        )
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    integrals: Floats = half * ((values * density) @ weights)
    return integrals


@lru_cache(maxsize=1)
def _rule() -> tuple[Floats, Floats]:
    """Return nodes and weights of Gauss-Lobatto quadrature on [-1, 1].

    It has nodes at both ends; Gauss-Legendre misses a jump that lies closer to an end than its
    first node. The end nodes are moved slightly inside, to their panel's side of a kink.
    """
    legendre = np.polynomial.Legendre.basis(_NODES - 1)
    inner = np.real(legendre.deriv().roots())
    nodes = np.r_[-1.0, (inner - inner[::-1]) / 2, 1.0]
    weights = 2 / (_NODES * (_NODES - 1) * legendre(nodes) ** 2)
    nodes[[0, -1]] *= 1 - _INSIDE
    return nodes, weights
