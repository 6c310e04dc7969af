"""Specs are compared by what they mean, and are plain immutable data."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

from initspec import (
    FanRule,
    InitSpec,
    InitSpecError,
    Normal,
    Orthogonal,
    Range,
    Sparse,
    Std,
    TruncatedNormal,
    Uniform,
)

SAME = [
    [
        InitSpec(),
        InitSpec.he_normal(),
        InitSpec.kaiming_normal(),
        InitSpec.variance_scaling(2.0),
        InitSpec("normal", "he"),
        InitSpec(Normal(), FanRule(2), 1, "fan_in"),
        InitSpec(Normal, "kaiming"),
        InitSpec.he_normal(negative_slope=0.0),
        InitSpec.he_normal(gain=np.float32(1)),
    ],
    [
        InitSpec.lecun_normal(gain=2.0),
        InitSpec.variance_scaling(4.0),
        InitSpec.variance_scaling(1.0, gain=2),
        InitSpec.variance_scaling(0.25, gain=4.0),
        InitSpec.glorot_normal(gain=2.0, mode="fan_in"),
    ],
    [
        InitSpec.he_normal(gain=2.0, mode="fan_out"),
        InitSpec.variance_scaling(8, "fan_out"),
        InitSpec.variance_scaling(np.int64(8), np.str_("fan_out")),
    ],
    [
        InitSpec.glorot_uniform(),
        InitSpec.xavier_uniform(),
        InitSpec("uniform", "xavier"),
        InitSpec.lecun_uniform(mode="fan_avg"),
        InitSpec.variance_scaling(1.0, "fan_avg", "uniform"),
    ],
    [
        InitSpec.he_truncated_normal(),
        InitSpec.kaiming_truncated_normal(lower=-2, upper=2),
        InitSpec("truncated_normal"),
        InitSpec.variance_scaling(2.0, distribution="truncated_normal"),
    ],
    [
        InitSpec.he_normal(negative_slope=1.0),
        InitSpec.he_normal(negative_slope=-1.0),
        InitSpec.lecun_normal(),
    ],
    [
        InitSpec.normal(std=0.5),
        InitSpec("normal", Std(0.5)),
        InitSpec("normal", Std(0.25), gain=2.0),
        InitSpec.normal(0.5, mean=-0.0),
    ],
    [
        InitSpec.uniform(-2, 2),
        InitSpec("uniform", Range(-2.0, 2.0)),
        InitSpec("uniform", Range(-1.0, 1.0), gain=2.0),
    ],
    [InitSpec("uniform", Range(0.0, 1.0), 2.0), InitSpec.uniform(-0.5, 1.5)],
    [InitSpec.zeros(), InitSpec.constant(0), InitSpec.constant(-0.0)],
    [InitSpec.ones(), InitSpec.constant(1), InitSpec.constant(np.float16(1))],
    [InitSpec.orthogonal(), InitSpec("orthogonal"), InitSpec(Orthogonal(), None, 1)],
    [InitSpec.sparse(0.5), InitSpec(Sparse(np.float32(0.5)), Std(0.01))],
    # Different from all of the above, and from each other.
    [InitSpec.he_normal(mode="fan_geo_avg")],
    [InitSpec.he_uniform()],
    [InitSpec.normal(std=0.5, mean=0.5)],
    [InitSpec.uniform(-2, 2.5)],
    [InitSpec("uniform", Std(0.5))],
    [InitSpec.truncated_normal(0.5)],
    [InitSpec.truncated_normal(0.5, corrected=False)],
    [InitSpec.truncated_normal(0.5, upper=2.5)],
    [InitSpec.orthogonal(2.0)],
    [InitSpec.delta_orthogonal()],
    [InitSpec.identity()],
    [InitSpec.dirac()],
    [InitSpec.sparse(0.5, along="out")],
    [InitSpec.sparse(0.25)],
    [InitSpec.constant(0.5)],
    [InitSpec.ramp(0, 1), InitSpec.ramp(0.0, np.float32(1.0), power=1), InitSpec.ramp(-0.0, 1)],
    [InitSpec.ramp(0, step=1)],
    [InitSpec.ramp(0, 1, along="out")],
    [InitSpec.sinusoidal(), InitSpec("sinusoidal"), InitSpec.sinusoidal(base=10_000, halves=False)],
    [InitSpec.sinusoidal(halves=True), InitSpec.sinusoidal(halves=np.True_)],
    [InitSpec.sinusoidal(gain=2.0)],
    [InitSpec.rotary(), InitSpec("rotary")],
    [InitSpec.hippo_legs(), InitSpec("hippo_legs")],
    [InitSpec.hippo_legs("B")],
]
"""Specs in one list mean the same; specs in two do not."""

EVERY = [spec for same in SAME for spec in same]


@pytest.mark.parametrize("same", SAME, ids=lambda same: str(same[0]))
def test_equal_by_meaning(same):
    """Specs of one meaning are equal, hash alike and print alike."""
    for a, b in itertools.product(same, same):
        assert a == b
        assert hash(a) == hash(b)
        assert str(a) == str(b)


def test_different_by_meaning():
    """Specs of different meanings differ, and so do their lines."""
    assert len(set(EVERY)) == len(SAME)
    for a, b in itertools.combinations([same[0] for same in SAME], 2):
        assert a != b
        assert str(a) != str(b)
    assert InitSpec() != "he_normal"
    assert InitSpec() != None  # noqa: E711


def test_equal_specs_give_equal_bits():
    """What is equal resolves to the same numbers and the same draw."""
    for same in SAME:
        for shape in ((8, 6), (8, 6, 3)):
            outcomes = set()
            for spec in same:
                try:
                    resolved = spec.resolve(shape)
                    rng = np.random.default_rng(1)
                    bits = spec.to_numpy()(shape, "float64", rng).tobytes()
                    outcomes.add(
                        (resolved.mean, resolved.sigma, resolved.scale, resolved.support, bits)
                    )
                except InitSpecError as error:
                    outcomes.add(type(error))
            assert len(outcomes) == 1


@pytest.mark.parametrize("slope", [0.01, 0.2, 1 / 3, math.sqrt(5), -0.2])
def test_negative_slope(slope):
    """negative_slope is He et al. (2015), eq. 15: scale 2 / (1 + slope^2)."""
    for name in ("normal", "uniform", "truncated_normal"):
        spec = getattr(InitSpec, f"he_{name}")(negative_slope=slope)
        assert spec == InitSpec.variance_scaling(2 / (1 + slope * slope), distribution=name)
        assert spec == getattr(InitSpec, f"kaiming_{name}")(negative_slope=slope)
        assert spec.std((7, 11)) == pytest.approx(math.sqrt(2 / (1 + slope**2) / 11))


def test_named_constructors_and_fields():
    """Each fan constructor is its rule with its own default mode."""
    for rule, family in itertools.product(
        ("lecun", "glorot", "xavier", "he", "kaiming"), ("normal", "uniform", "truncated_normal")
    ):
        named = getattr(InitSpec, f"{rule}_{family}")
        assert named() == InitSpec(family, rule)
        assert named(gain=1.5, mode="fan_out") == InitSpec(family, rule, 1.5, "fan_out")
        assert named().mode == ("fan_avg" if rule in ("glorot", "xavier") else "fan_in")
        if family == "truncated_normal":
            wider = named(lower=-3, upper=2.5)
            assert wider == InitSpec(TruncatedNormal(-3, 2.5), rule)


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        (InitSpec.he_normal(), {"gain": 2.0}, InitSpec.he_normal(gain=2.0)),
        (InitSpec.he_normal(), {"mode": "fan_out"}, InitSpec.he_normal(mode="fan_out")),
        (InitSpec.he_normal(gain=2), {"distribution": "uniform"}, InitSpec.he_uniform(gain=2)),
        (InitSpec.he_normal(mode="fan_out"), {"variance": "glorot"}, InitSpec.glorot_normal()),
        (InitSpec.glorot_normal(), {"variance": "he"}, InitSpec.he_normal()),
        (
            InitSpec.glorot_normal(),
            {"variance": "he", "mode": "fan_out"},
            InitSpec.he_normal(mode="fan_out"),
        ),
        (InitSpec.he_normal(gain=2.0), {"variance": Std(0.5)}, InitSpec.normal(1.0)),
        (InitSpec.normal(0.5), {"variance": "he"}, InitSpec.he_normal()),
        (InitSpec.he_normal(gain=2.0), {"distribution": "orthogonal"}, InitSpec.orthogonal(2.0)),
        (InitSpec.orthogonal(2.0), {"distribution": "normal"}, InitSpec.he_normal(gain=2.0)),
        (
            InitSpec.he_normal(gain=2.0),
            {"distribution": InitSpec.ones().distribution},
            InitSpec.ones(),
        ),
        (InitSpec.ones(), {"distribution": "normal"}, InitSpec.he_normal()),
        (InitSpec.normal(0.5), {}, InitSpec.normal(0.5)),
    ],
    ids=str,
)
def test_replace(before, changes, after):
    """replace keeps what is not named and fits, and leaves the old spec alone."""
    line = str(before)
    assert before.replace(**changes) == after
    assert str(before) == line


@pytest.mark.parametrize(
    ("spec", "changes", "says"),
    [
        (InitSpec(), {"gian": 2.0}, "did you mean 'gain'"),
        (InitSpec(), {"gain": 0}, "above 0"),
        (InitSpec.normal(), {"mode": "fan_in"}, "leave"),
        (InitSpec.uniform(), {"distribution": "normal"}, "FanRule, Std"),
        (InitSpec.ones(), {"gain": 2}, "takes no gain"),
        (InitSpec.orthogonal(), {"variance": "he"}, "takes no"),
    ],
    ids=str,
)
def test_replace_checks(spec, changes, says):
    """replace refuses what the constructor refuses, and unknown fields."""
    with pytest.raises(InitSpecError, match=says):
        spec.replace(**changes)


@pytest.mark.parametrize("spec", EVERY, ids=str)
def test_copies(spec):
    """Copies and pickles of every protocol are equal, hash alike and keep each field."""
    copies = [copy.copy(spec), copy.deepcopy(spec)]
    copies += [pickle.loads(pickle.dumps(spec, n)) for n in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in copies:
        assert other == spec
        assert hash(other) == hash(spec)
        for field in ("distribution", "variance", "gain", "mode"):
            assert getattr(other, field) == getattr(spec, field)
        assert {spec: 1}[other] == 1


def test_pickles_cross_processes():
    """A pickle made under one string hash is found as a key under another, both ways."""
    code = (
        "import pickle, sys; from initspec import InitSpec;"
        "specs = pickle.load(sys.stdin.buffer);"
        "assert all(s in {InitSpec.parse(str(s))} for s in specs), 'hash';"
        "sys.stdout.buffer.write(pickle.dumps(specs))"
    )
    for seed in ("1", "2"):
        result = subprocess.run(
            [sys.executable, "-c", code],
            input=pickle.dumps(EVERY),
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        back = pickle.loads(result.stdout)
        assert back == EVERY
        assert set(back) == set(EVERY)


@pytest.mark.parametrize(
    "name", ["gain", "mode", "distribution", "variance", "_key", "_hash", "new"]
)
def test_immutable(name):
    """No field can be set or deleted, none added."""
    spec = InitSpec()
    # A frozen dataclass with slots answers an unknown name with TypeError (cpython#90562).
    with pytest.raises((AttributeError, TypeError)):
        setattr(spec, name, 1)
    with pytest.raises((AttributeError, TypeError)):
        delattr(spec, name)
    assert spec == InitSpec.he_normal()


@pytest.mark.parametrize(
    "part", [Normal(), TruncatedNormal(), FanRule(2.0), Std(0.1), Range(0, 1), Uniform()], ids=repr
)
def test_parts_are_immutable(part):
    """Distributions and rules cannot be changed either, and are keys."""
    for name in (*part.__struct_fields__, "new"):
        with pytest.raises(AttributeError):
            setattr(part, name, 1.0)
    assert {part: 1}[copy.deepcopy(part)] == 1
    assert pickle.loads(pickle.dumps(part)) == part


@pytest.mark.parametrize("number", [np.float64(1.5), np.float32(1.5), np.float16(1.5)], ids=repr)
def test_numbers_of_numpy_become_python_s(number):
    """NumPy numbers are accepted, and leave only Python floats behind."""
    specs = [
        InitSpec.he_normal(gain=number),
        InitSpec.normal(number, mean=number),
        InitSpec.uniform(-number, number),
        InitSpec.truncated_normal(number, mean=number, lower=-number, upper=number),
        InitSpec.constant(number),
        InitSpec.variance_scaling(number),
        InitSpec.he_normal(negative_slope=number),
        InitSpec.sparse(type(number)(0.5), number, np.str_("out")),
        InitSpec.he_normal(mode=np.str_("fan_out")),
    ]
    for spec in specs:
        assert InitSpec.from_json(spec.to_json()) == spec
        assert InitSpec.parse(str(spec)) == spec
        assert "np." not in str(spec) + repr(spec)
        assert type(spec.gain) is float
        assert spec.mode is None or type(spec.mode) is str


def test_exotic_equals_may_print_differently():
    """Two equal specs print alike wherever float64 can say gain and rule as one number.

    Where it cannot (gain^2 * scale or gain * std is no float64, nor a perfect square), the line
    keeps the two numbers as they were given: both lines are right, and read back to equal specs.
    """
    for a, b in (
        (InitSpec("normal", Std(3.0), 0.1), InitSpec("normal", Std(0.1), 3.0)),
        (InitSpec.variance_scaling(0.3, gain=1.1), InitSpec.variance_scaling(1.2, gain=0.55)),
    ):
        assert a == b
        assert hash(a) == hash(b)
        assert str(a) != str(b)
        assert InitSpec.parse(str(a)) == InitSpec.parse(str(b)) == a


def test_there_is_one_zero():
    """A negative zero is written as zero."""
    assert InitSpec.normal(0.5, mean=-0.0).to_json() == InitSpec.normal(0.5, mean=0.0).to_json()
