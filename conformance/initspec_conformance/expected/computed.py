"""The weights of families whose entries are computed from their place, written from the papers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec import HippoLegS, InitSpec, Ramp, Rotary, Sinusoidal
from initspec.axes import Layout
from initspec_conformance.expected.arrays import Values

ROLES = ("stack", "out", "in", "kernel")
THROUGH: dict[str | None, Callable[[Values], Values]] = {
    None: lambda x: x,
    "exp": np.exp,
    "log": np.log,
    "inverse_softplus": lambda x: x + np.log(-np.expm1(-x)),
}


def _ramp(spec: InitSpec, layout: Layout) -> Values:
    family = spec.distribution
    assert isinstance(family, Ramp)
    role: str = family.along or layout.roles[0]
    count = dict(zip(ROLES, (layout.stack, layout.out, layout.in_, layout.taps), strict=True))[role]
    if family.step is not None:
        values = family.start + family.step * np.arange(count) ** family.power
    else:
        assert family.stop is not None
        steps = np.linspace(0, 1, count) ** family.power
        values = family.start * (1 - steps) + family.stop * steps
    return _along(role, THROUGH[family.through](np.asarray(values, np.float64)))


def _sinusoidal(spec: InitSpec, layout: Layout) -> Values:
    family = spec.distribution
    assert isinstance(family, Sinusoidal)
    tokens = int(family.extra_tokens)
    count = layout.stack - tokens
    if family.grid:  # get_2d_sincos_pos_embed of facebookresearch/mae and DiT: "here w goes first"
        sizes = [size for size in layout.role("stack") if size > 1]
        height, width = sizes if len(sizes) == 2 else 2 * [round(math.sqrt(count))]
        across, down = np.meshgrid(np.arange(width), np.arange(height))
        halves = [_waves(family, each.reshape(-1), layout.out // 2) for each in (across, down)]
        table = np.concatenate(halves, axis=1)
    else:
        table = _waves(family, np.arange(count), layout.out)
    table = np.concatenate([np.zeros((tokens, layout.out)), table])
    return np.asarray(spec.gain * table)[:, :, None, None]


def _waves(family: Sinusoidal, positions: NDArray[np.int64], width: int) -> Values:
    """Vaswani et al. (2017), section 3.5."""
    pairs = width // 2
    exponents = np.arange(pairs) / (pairs - 1 if family.endpoint else pairs)
    angles = positions[:, None] / family.base**exponents
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=1 if family.halves else 2)
    return np.asarray(waves.reshape(len(positions), width), np.float64)


def _rotary(spec: InitSpec, layout: Layout) -> Values:
    """Su et al. (2021), eq. 15, as transformers writes it."""
    family = spec.distribution
    assert isinstance(family, Rotary)
    d = 2 * layout.size
    return _along(layout.roles[0], 1.0 / family.base ** (np.arange(0, d, 2) / d))


def _hippo_legs(spec: InitSpec, layout: Layout) -> Values:
    """`transition("legs", N)` of state-spaces/s4, models/s4/hippo.py."""
    family = spec.distribution
    assert isinstance(family, HippoLegS)
    q = np.arange(layout.size if family.matrix == "B" else layout.out, dtype=np.float64)
    scale = np.sqrt(2 * q + 1)
    if family.matrix == "B":
        return _along(layout.roles[0], scale)
    column, row = np.meshgrid(q, q)
    legendre = -(np.where(row >= column, 2 * q + 1, 0) - np.diag(q))
    return np.asarray(scale[:, None] * legendre / scale)[None, :, :, None]


def _along(role: str, values: NDArray[Any]) -> Values:
    """Return values along one role, in [stack, out, in, kernel]."""
    return np.asarray(values, np.float64).reshape([-1 if name == role else 1 for name in ROLES])


COMPUTED: dict[type, Callable[[InitSpec, Layout], Values]] = {
    HippoLegS: _hippo_legs,
    Ramp: _ramp,
    Rotary: _rotary,
    Sinusoidal: _sinusoidal,
}
"""The weight of each family, which broadcasts to [stack, out, in, kernel]."""


def errors_of(spec: InitSpec, values: Values) -> Values:
    """Return by how many units each entry may be off, if computed in arithmetic of that unit.

    Args:
        spec: of a family of COMPUTED.
        values: entries from the first on along each axis, [stack, out, ...].
    """
    if isinstance(spec.distribution, Sinusoidal):
        # exp(-x) p has an angle off by (2 x + 3) exp(-x) p units and its product, at most 4 p.
        positions = np.arange(len(values), dtype=np.float64)
        return 8 * spec.gain * (positions + 4).reshape(-1, *(1,) * (values.ndim - 1))
    # A power is off by the logarithm of its base times its exponent, below 16 here.
    return 64 * np.abs(values) + 8 * float(np.abs(values).max())
