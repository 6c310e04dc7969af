"""Samplers for the truncated normal: three methods, each where it is exact and fastest."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch

from initspec.backend import gaussian
from initspec_torch.ranges import ends_inside

Fill = Callable[[torch.Tensor], None]

_INVERTED = 3.0
"""The farthest bound, in standard deviations, for which a float32 uniform (a lattice of 2^-24) is
fine enough: there one step of it moves the normal by 1.3e-5."""
_LEAST_INVERTED = 0.1
"""The least mass between the bounds for which it is: the steps in it are 2^24 times as many."""
_UNREACHED = 9.0
"""Standard deviations that torch's normals do not reach: 53 random bits end at 8.7."""
LEAST_REDRAWN = {"cpu": 0.5, "cuda": 0.999}
"""The least mass for which normals outside are drawn again, by device: on an accelerator the host
waits each time, for their number."""
NEVER = 2.0
"""Above every mass: nothing is drawn again."""


def truncated_normal(
    mean: float,
    std: float,
    lower: float,
    upper: float,
    dtype: torch.dtype,
    generator: torch.Generator | None,
    least_redrawn: float,
) -> Fill:
    """Return a function that fills a contiguous tensor of `dtype` with mean + std * Y.

    Y ~ N(0, 1) conditioned on lower <= Y <= upper. No value lies outside the bounds, in units of
    the weight: rounding is clamped. torch's own `trunc_normal_` draws again whole tensors until
    nothing is outside, which costs ten times as much. Where the mass between the bounds is less
    than `least_redrawn`, all operations are on single elements: a DTensor has no others.
    """
    mass = gaussian.truncated(lower, upper).mass
    low, high = ends_inside(mean + std * lower, mean + std * upper, dtype)
    factor = std
    if max(-lower, upper) <= _INVERTED and mass >= _LEAST_INVERTED:
        standard = _by_inversion(lower, upper, generator)
        factor *= math.sqrt(2.0)
    elif min(-lower, upper) >= _UNREACHED:
        standard = partial(torch.Tensor.normal_, generator=generator)
    elif mass >= least_redrawn:
        standard = _by_redrawing(lower, upper, generator)
    else:
        standard = _by_quantiles(lower, upper, generator)

    def fill(x: torch.Tensor) -> None:
        standard(x)
        x.mul_(factor)
        if mean:
            x.add_(mean)
        x.clamp_(low, high)

    return fill


def _by_inversion(lower: float, upper: float, generator: torch.Generator | None) -> Fill:
    """Y / sqrt 2 = erfinv(U), U uniform between the bounds' erf."""
    start, end = math.erf(lower / math.sqrt(2.0)), math.erf(upper / math.sqrt(2.0))
    return lambda x: x.uniform_(start, end, generator=generator).erfinv_()


def _by_redrawing(lower: float, upper: float, generator: torch.Generator | None) -> Fill:
    """Draw normals, and the few outside again, until none is."""

    def fill(x: torch.Tensor) -> None:
        x.normal_(generator=generator)
        outside = ((x < lower) | (x > upper)).nonzero().squeeze(1)
        while outside.numel():
            redrawn = x.new_empty(outside.numel()).normal_(generator=generator)
            x[outside] = redrawn
            outside = outside[(redrawn < lower) | (redrawn > upper)]

    return fill


def _by_quantiles(lower: float, upper: float, generator: torch.Generator | None) -> Fill:
    """Y = ndtri(U) in float64, on the mirror image in the lower tail, where U keeps its digits."""
    sign = -1.0 if lower + upper > 0 else 1.0
    start, end = (float(gaussian.cdf(x)) for x in sorted((sign * lower, sign * upper)))

    def fill(x: torch.Tensor) -> None:
        u = torch.empty_like(x, dtype=torch.float64).uniform_(start, end, generator=generator)
        x.copy_(torch.special.ndtri(u, out=u).mul_(sign))

    return fill
