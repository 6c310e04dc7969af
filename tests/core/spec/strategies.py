"""Random specs, for the tests that hold for every one."""

from __future__ import annotations

import math

from hypothesis import strategies as st

import initspec
from initspec import (
    Constant,
    DeltaOrthogonal,
    Dirac,
    FanRule,
    HippoLegS,
    Identity,
    InitSpec,
    InitSpecError,
    LogUniform,
    Mapped,
    Normal,
    Orthogonal,
    Ramp,
    Range,
    Rotary,
    Sinusoidal,
    Sparse,
    Std,
    TruncatedNormal,
    Uniform,
)

NAMES = {name: getattr(initspec, name) for name in initspec.__all__}
"""The public names, which `repr(spec)` is an expression of."""

finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False)
ordered = st.tuples(finite, finite).filter(lambda pair: pair[0] != pair[1]).map(sorted)
bounds = st.tuples(st.floats(-8, 4), st.floats(0.01, 16)).map(lambda p: (p[0], p[0] + p[1]))


def _truncation(args):
    try:
        return TruncatedNormal(*args[0], args[1])
    except InitSpecError:
        return TruncatedNormal(corrected=args[1])


truncations = st.tuples(bounds, st.booleans()).map(_truncation)
sparses = st.builds(Sparse, st.floats(0, 1, exclude_max=True), st.sampled_from(["in", "out"]))
powers = st.just(-0.5) | st.sampled_from([-1.0, -0.75, -1 / 3, 0.5, 2, -4.0, 0.01, 97 / 98])
fans = st.builds(FanRule, positive | st.sampled_from([1.0, 2.0, 4.0, 0.5]), powers)
modes = st.sampled_from([None, "fan_in", "fan_out", "fan_avg", "fan_geo_avg"])
gains_of_one = st.floats(0.1, 10)
gains = positive | st.sampled_from([1.0, 2.0, 0.5, math.sqrt(2)])
names = st.sampled_from(["he", "kaiming", "glorot", "xavier", "lecun"])
elementwise = st.just(Normal()) | st.just(Uniform()) | truncations
noises = st.floats(0, allow_infinity=False)
structured = (
    st.sampled_from([Orthogonal(), DeltaOrthogonal(), Identity(), Dirac()])
    | st.builds(Identity, noises)
    | st.builds(Dirac, noises)
)
bases = st.floats(1.0, 1e30, exclude_min=True)
ramps = st.builds(
    lambda ends, along, power, stop, through: Ramp(
        *(ends[0], ends[1] if stop else None, None if stop else ends[1] or 1.0, along, power),
        through if min(ends) > 0 else None,
    ),
    st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300)).filter(lambda e: e[0] != e[1]),
    st.sampled_from([None, "in", "out", "stack", "kernel"]),
    st.just(1.0) | positive,
    st.booleans(),
    st.sampled_from([None, "log", "inverse_softplus"]),
)
flags = st.booleans()
tables = st.builds(Sinusoidal, bases, flags, flags, flags, st.integers(0, 9))
computed = st.one_of(ramps, st.builds(Rotary, bases), st.builds(HippoLegS, st.sampled_from("AB")))

log_uniforms = ordered.filter(lambda ends: ends[0] > 0).map(lambda ends: LogUniform(*ends))
functions = st.sampled_from(["exp", "log", "inverse_softplus"])
moderate = st.floats(0.01, 100)


def _above_zero(args):
    low, width, through, gain = args
    return InitSpec(Mapped("uniform", through), Range(low + width, low + 3 * width), gain)


mapped = st.one_of(
    st.builds(
        InitSpec, st.builds(Mapped, elementwise, st.just("exp")), st.just("he"), gains_of_one
    ),
    st.builds(
        InitSpec,
        st.builds(Mapped, st.just(Normal()), st.just("exp")),
        st.builds(Std, moderate, moderate),
    ),
    st.tuples(moderate, moderate, functions, st.floats(0.1, 1)).map(_above_zero),
    st.builds(
        InitSpec,
        st.builds(
            Mapped,
            st.builds(LogUniform, st.floats(0.01, 0.1), moderate.map(lambda x: x + 1)),
            functions,
        ),
        st.none(),
    ),
)

once = st.one_of(
    st.builds(InitSpec, log_uniforms, st.none()),
    mapped,
    st.builds(InitSpec, elementwise | sparses, fans | names, gains, modes),
    st.builds(InitSpec, elementwise, st.builds(Std, positive, finite), gains),
    st.builds(InitSpec, sparses, st.builds(Std, positive), gains),
    st.builds(InitSpec, st.just(Uniform()), ordered.map(lambda ends: Range(*ends)), gains),
    st.builds(InitSpec, structured | tables, st.none(), gains),
    st.builds(InitSpec, computed, st.none()),
    st.builds(lambda value: InitSpec(Constant(value), None), finite),
)


def _repeated(spec, *how):
    try:
        return InitSpec.repeat(spec, how[0], along=how[1], order=how[2])
    except InitSpecError:  # a constant
        return spec


specs = once | st.builds(
    _repeated,
    once,
    st.none() | st.integers(2, 10**9),
    st.sampled_from(["out", "stack"]),
    st.sampled_from(["grouped", "tiled"]),
)
