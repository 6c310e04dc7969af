"""Bad input: each raises an InitSpecError that says what was given, what is allowed, what to do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from initspec import (
    Constant,
    InitSpec,
    InitSpecError,
    Normal,
    Range,
    Sparse,
    Std,
    TruncatedNormal,
    Uniform,
    errors,
)
from tests.refusal import refuse

NAN, INF = math.nan, math.inf
NO_NUMBERS = [None, "1", True, False, 1j, [1.0], np.array([1.0]), np.bool_(True), b"1", Normal()]
NO_NUMBERS += [np.array(True), np.array("1"), np.array(1j), np.str_("1")]
NOT_FINITE = [NAN, INF, -INF, np.float32(INF), 10**400, np.longdouble("1e4000")]


def test_errors_are_value_errors():
    """Every error of initspec is an InitSpecError, and that is a ValueError."""
    kinds = [kind for name, kind in vars(errors).items() if name.endswith("Error")]
    assert len(kinds) >= 7
    assert all(issubclass(kind, InitSpecError) and issubclass(kind, ValueError) for kind in kinds)


POSITIVES = {
    "gain": lambda x: InitSpec(gain=x),
    "scale": InitSpec.variance_scaling,
    "std": InitSpec.normal,
    "gain of orthogonal": InitSpec.orthogonal,
    "std of truncated": InitSpec.truncated_normal,
    "std of sparse": lambda x: InitSpec.sparse(0.5, x),
}
REALS = {
    "mean": lambda x: InitSpec.normal(mean=x),
    "low": lambda x: InitSpec.uniform(x, 1e300),
    "high": lambda x: InitSpec.uniform(-1e300, x),
    "lower": lambda x: TruncatedNormal(x, 2.0),
    "upper": lambda x: TruncatedNormal(-2.0, x),
    "value": InitSpec.constant,
    "sparsity": Sparse,
    "negative_slope": lambda x: InitSpec.he_normal(negative_slope=x),
}


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("field", POSITIVES | REALS)
def test_no_numbers(field, value):
    """Where a number belongs, nothing else passes: no bool, no string, no array."""
    refuse(lambda: (POSITIVES | REALS)[field](value), f"{field.split()[0]}=", "pass a real number")


@pytest.mark.parametrize("value", NOT_FINITE, ids=repr)
@pytest.mark.parametrize("field", POSITIVES | REALS)
def test_not_finite(field, value):
    """No number of a spec is nan, infinite or beyond float64."""
    refuse(
        lambda: (POSITIVES | REALS)[field](value), f"{field.split()[0]}=", "pass a finite number"
    )


@pytest.mark.parametrize("value", [0, 0.0, -0.0, -1, -5e-324], ids=repr)
@pytest.mark.parametrize("field", POSITIVES)
def test_not_positive(field, value):
    """Gain, scale and std lie above 0."""
    refuse(lambda: POSITIVES[field](value), repr(value), "above 0", kind=errors.SpecError)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: InitSpec.he_normal(negative_slope=1e200), ("negative_slope=1e+200", "lower it")),
        (lambda: InitSpec.uniform(1, 1), ("low=1.0", "high=1.0", "must lie below")),
        (lambda: InitSpec.uniform(2, 1), ("low=2.0", "must lie below")),
        (lambda: Range(0.0, -0.0), ("must lie below",)),
        (lambda: TruncatedNormal(2, 2), ("lower=2.0", "upper=2.0", "must lie below")),
        (lambda: TruncatedNormal(2, -2), ("must lie below",)),
        (lambda: InitSpec.he_truncated_normal(lower=3, upper=1), ("must lie below",)),
        (lambda: TruncatedNormal(9, 10), ("lower=9.0", "too little", "nearer to 0")),
        (lambda: TruncatedNormal(-1e9, -1e8), ("too little",)),
        (lambda: TruncatedNormal(0, 1e-10), ("too little", "apart")),
        (lambda: TruncatedNormal(corrected=1), ("corrected=1", "True or False")),
        (lambda: TruncatedNormal(corrected="yes"), ("corrected='yes'", "True or False")),
        (lambda: Sparse(1), ("sparsity=1.0", "[0, 1)")),
        (lambda: Sparse(-0.1), ("sparsity=-0.1", "[0, 1)")),
        (lambda: Sparse(1 - 1e-17), ("[0, 1)",)),
        (lambda: InitSpec(Sparse(0.5), Std(1, mean=1)), ("mean=1.0", "leave it out")),
        (lambda: InitSpec("orthogonal", "he"), ("'he'", "orthogonal", "leave it out")),
        (lambda: InitSpec("dirac", 2.0), ("variance=2.0", "dirac", "leave it out")),
        (lambda: InitSpec("identity", Std(1.0)), ("identity", "leave it out")),
        (lambda: InitSpec("delta_orthogonal", "lecun"), ("delta_orthogonal", "leave it out")),
        (lambda: InitSpec(Constant(1), "he"), ("constant", "leave it out")),
        (lambda: InitSpec(Constant(1), None, gain=2), ("gain=2.0", "constant", "leave it out")),
        (lambda: InitSpec("normal", Range(0, 1)), ("Range(", "normal", "FanRule, Std")),
        (lambda: InitSpec("normal", Std(1), mode="fan_in"), ("mode='fan_in'", "Std(", "leave")),
        (lambda: InitSpec(Uniform(), Range(0, 1), mode="fan_in"), ("Range(", "leave")),
        (lambda: InitSpec("orthogonal", None, mode="fan_in"), ("orthogonal", "leave")),
        (lambda: InitSpec(Constant(1), None, mode="fan_in"), ("constant", "leave")),
        (lambda: InitSpec(mode=""), ("mode ''", "fan_geo_avg")),
        (lambda: InitSpec(mode=1), ("mode 1", "fan_geo_avg")),
        (lambda: InitSpec(variance=Normal()), ("scale=", "real number")),
        (lambda: InitSpec.identity(noise=-0.1), ("noise=-0.1", "0 or above")),
        (lambda: InitSpec.dirac(noise=math.nan), ("noise=nan", "finite")),
        (lambda: InitSpec.variance_scaling(power=0), ("power=0", "no fan", "Std(")),
        (lambda: InitSpec.variance_scaling(power=-4.5), ("power=-4.5", "from -4 to 4")),
        (lambda: InitSpec.variance_scaling(power=0.123), ("power=0.123", "at most 100")),
        (lambda: InitSpec.variance_scaling(power=True), ("power=True", "real number")),
    ],
)
def test_fields_that_do_not_go(call, says):
    """Values out of range and fields that do not go together."""
    refuse(call, *says, kind=errors.SpecError)


SHAPES = {
    "identity": [(3, 4, 5), (3, 4, 1)],
    "dirac": [(3, 4), (0, 4)],
    "delta_orthogonal": [(3, 4), (4, 3)],
}


@pytest.mark.parametrize("family", SHAPES)
def test_shapes_that_cannot_carry_a_family(family):
    """identity, dirac and delta_orthogonal say what shape they need and what to use instead."""
    for shape in SHAPES[family]:
        for call in (
            lambda shape=shape: InitSpec(family, None).std(shape),
            lambda shape=shape: InitSpec(family, None).to_numpy()(shape),
        ):
            refuse(call, family, str(shape), "kernel axis", "use ", kind=errors.ShapeError)


def test_delta_orthogonal_needs_no_fewer_outputs_than_inputs():
    """The rule that fails is named, and not the one about the kernel."""
    with pytest.raises(errors.ShapeError, match="and has 3 outputs and 4 inputs") as caught:
        InitSpec.delta_orthogonal().to_numpy()((3, 4, 5))
    assert "kernel axis" not in str(caught.value)


REMEDIES = {
    "orthogonal": "pass a shape of two axes or more",
    "sparse": "pass a shape of two axes or more",
    "identity": "pass a shape of two axes, or",
    "dirac": "pass a shape of three axes or more",
    "delta_orthogonal": "pass a shape of three axes or more",
}


@pytest.mark.parametrize("shape", [(), (7,)])
@pytest.mark.parametrize(
    "spec",
    [
        InitSpec.he_normal(),
        InitSpec.glorot_uniform(),
        InitSpec.orthogonal(),
        InitSpec.identity(),
        InitSpec.dirac(),
        InitSpec.delta_orthogonal(),
        InitSpec.sparse(0.5),
    ],
    ids=str,
)
def test_low_rank_without_axes(spec, shape):
    """What needs roles for the axes says on rank 0 and 1 what to pass."""
    remedy = REMEDIES.get(spec.distribution.name(), "axes='out [in=512]'")
    for call in (lambda: spec.std(shape), lambda: spec.to_numpy()(shape)):
        refuse(call, str(spec), str(shape), remedy, kind=errors.AxesError)


@pytest.mark.parametrize("family", REMEDIES)
def test_the_remedy_for_low_rank_is_enough(family):
    """A shape of as many axes as the message asks for is filled, with nothing more to find out."""
    rank = 3 if "three" in REMEDIES[family] else 2
    spec = InitSpec.sparse(0.5) if family == "sparse" else InitSpec(family, None)
    assert spec.to_numpy()((4, 4, 3)[:rank]).any()
