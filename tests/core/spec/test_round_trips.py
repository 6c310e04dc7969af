"""Specs and axes through dict, JSON, text and pickle, and the line that each spec prints."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from initspec import (
    Axes,
    FanRule,
    InitSpec,
    InitSpecError,
    Sparse,
    Std,
    TruncatedNormal,
)
from tests.core.spec.strategies import NAMES, gains, modes, names, specs

sizes = st.integers(1, 10**6)
roles = st.sampled_from(["in", "out", "kernel", "stack"])
splits = st.tuples(
    st.lists(st.tuples(roles, sizes).map(lambda f: f"{f[0]}={f[1]}"), max_size=3),
    st.lists(roles, max_size=1),
).filter(any)
counts = st.lists(
    st.tuples(st.sampled_from(["in", "out", "kernel"]), sizes).map(lambda f: f"{f[0]}={f[1]}"),
    min_size=1,
    max_size=3,
)
items = st.one_of(
    roles,
    splits.map(lambda s: f"({' '.join(s[0] + s[1])})"),
    counts.map(lambda c: f"[{' '.join(c)}]"),
)


@given(specs)
@example(InitSpec(variance=4.0, gain=1e308))
@example(InitSpec(variance=5e-324, gain=5e-324))
def test_spec_round_trips(spec):
    """Every spec comes back equal, and with equal hash, from each of its forms."""
    assert InitSpec.from_dict(spec.to_dict()) == spec
    assert InitSpec.from_json(spec.to_json()) == spec
    assert InitSpec.from_json(spec.to_json().encode()) == spec
    assert InitSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    line = InitSpec.parse(str(spec))
    assert line == spec
    assert hash(line) == hash(spec)
    assert str(line) == str(spec)
    assert eval(repr(spec), NAMES) == spec
    assert InitSpec.parse(repr(spec)) == spec
    assert "InitSpec.parse" not in repr(spec)
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert copy.deepcopy(spec) == spec
    event(str(spec).partition("(")[0])


@given(specs)
def test_documents_say_every_field(spec):
    """A document keeps how a spec was written, not only what it means."""
    back = InitSpec.from_json(spec.to_json())
    for field in ("distribution", "variance", "gain", "mode"):
        assert getattr(back, field) == getattr(spec, field)


@given(st.lists(items, min_size=1, max_size=6), st.integers(0, 6), st.booleans())
def test_axes_round_trip(words, where, elastic):
    """Every axes line comes back equal from str, repr, pickle and deepcopy."""
    if elastic:
        words = [*words[:where], "kernel...", *words[where:]]
    axes = Axes(" ".join(words))
    assert str(axes) == " ".join(words)
    assert Axes(str(axes).replace(" ", "\t ")) == axes
    for other in (Axes(str(axes)), pickle.loads(pickle.dumps(axes)), copy.deepcopy(axes)):
        assert other == axes
        assert hash(other) == hash(axes)
    assert eval(repr(axes), {"Axes": Axes}) == axes


@given(st.text(alphabet="inoutkerlsac=0123456789.()[] \n", max_size=60))
def test_axes_never_break(line):
    """Any line at all is axes or an AxesError."""
    try:
        axes = Axes(line)
    except InitSpecError:
        return
    assert Axes(str(axes)) == axes


power = st.integers(-20, 20).map(lambda n: 2.0**n)


@given(st.sampled_from(["normal", "uniform", "truncated_normal"]), names, gains, modes, power)
def test_equal_specs_print_alike(family, name, gain, mode, factor):
    """A fan rule and a gain print alike, whichever of the two carries a power of two squared."""
    if not 1e-100 < gain < 1e100:
        return
    spec = InitSpec(family, name, gain, mode)
    other = InitSpec(family, FanRule(spec.variance.scale * factor**2), gain / factor, spec.mode)
    assert spec == other
    assert str(spec) == str(other)


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        (InitSpec(), "he_normal"),
        (InitSpec.kaiming_uniform(gain=1.5, mode="fan_out"), "he_uniform(gain=1.5, mode=fan_out)"),
        (InitSpec.xavier_normal(), "glorot_normal"),
        (InitSpec.lecun_normal(mode="fan_avg"), "glorot_normal"),
        (InitSpec.glorot_normal(mode="fan_in"), "lecun_normal"),
        (InitSpec.variance_scaling(4.0), "lecun_normal(gain=2.0)"),
        (InitSpec.variance_scaling(0.3), "variance_scaling(scale=0.3)"),
        (
            InitSpec.variance_scaling(0.3, "fan_out", TruncatedNormal(-1, 2)),
            "variance_scaling(scale=0.3, distribution=truncated_normal(lower=-1.0), mode=fan_out)",
        ),
        (
            InitSpec.he_truncated_normal(lower=-3),
            "he_truncated_normal(lower=-3.0)",
        ),
        (InitSpec.variance_scaling(4.0, power=-1), "variance_scaling(scale=4.0, power=-1.0)"),
        (
            InitSpec(Sparse(0.5), FanRule(2.0, -0.75), 3.0),
            "InitSpec(distribution=sparse(sparsity=0.5), variance=fan(scale=18.0, power=-0.75))",
        ),
        (InitSpec.normal(0.02, mean=1.0), "normal(std=0.02, mean=1.0)"),
        (InitSpec.uniform(), "uniform(low=-0.05, high=0.05)"),
        (
            InitSpec.truncated_normal(0.02, corrected=False),
            "truncated_normal(std=0.02, corrected=False)",
        ),
        (InitSpec.sparse(0.9), "sparse(sparsity=0.9, std=0.01)"),
        (InitSpec.sparse(0.9, along="out"), "sparse(sparsity=0.9, std=0.01, along=out)"),
        (
            InitSpec(Sparse(0.9), "he"),
            "InitSpec(distribution=sparse(sparsity=0.9), variance=he)",
        ),
        (InitSpec("uniform", Std(0.5)), "InitSpec(distribution=uniform, variance=std(std=0.5))"),
        (InitSpec.orthogonal(1.5), "orthogonal(gain=1.5)"),
        (InitSpec.identity(2.0, noise=0.1), "identity(gain=2.0, noise=0.1)"),
        (InitSpec.dirac(noise=0), "dirac"),
        (InitSpec.constant(0.5), "constant(value=0.5)"),
        (InitSpec.zeros(), "zeros"),
        (InitSpec.constant(1), "ones"),
    ],
    ids=str,
)
def test_lines(spec, line):
    """The canonical line of common specs."""
    assert str(spec) == line
    assert InitSpec.parse(line) == spec


@pytest.mark.parametrize(
    "line",
    [
        "he_normal",
        "he_normal()",
        "  he_normal ( )  ",
        "he_normal(mode=fan_in, gain=1)",
        'he_normal(mode="fan_in",)',
        "kaiming_normal",
        "variance_scaling(2)",
        "variance_scaling(2, distribution=normal())",
        "InitSpec(normal, he)",
        "InitSpec.he_normal()",
        "InitSpec(distribution=Normal(), variance='he')",
        "InitSpec(distribution=normal, variance=fan(scale=2.0))",
        "InitSpec()",
        "he_normal(\n  gain=1,\n)",
    ],
)
def test_ways_to_say_he_normal(line):
    """parse reads each way of writing one spec."""
    assert InitSpec.parse(line) == InitSpec.he_normal()


@pytest.mark.parametrize(
    ("spec", "expression"),
    [
        (InitSpec(), "InitSpec.he_normal()"),
        (InitSpec.glorot_uniform(mode="fan_in"), "InitSpec.lecun_uniform()"),
        (InitSpec.he_uniform(mode="fan_out"), "InitSpec.he_uniform(mode='fan_out')"),
        (InitSpec.he_normal(negative_slope=0.2), "InitSpec.he_normal(negative_slope=0.2)"),
        (InitSpec.normal(0.02, mean=1), "InitSpec.normal(std=0.02, mean=1.0)"),
        (InitSpec.zeros(), "InitSpec.zeros()"),
        (
            InitSpec(Sparse(0.9, "out"), Std(0.5), 2.0),
            "InitSpec.sparse(sparsity=0.9, std=1.0, along='out')",
        ),
        (
            InitSpec(Sparse(0.9, "out"), "he"),
            "InitSpec(distribution=Sparse(sparsity=0.9, along='out'), variance='he')",
        ),
        (
            InitSpec("uniform", Std(0.5)),
            "InitSpec(distribution='uniform', variance=Std(std=0.5))",
        ),
    ],
)
def test_expressions(spec, expression):
    """repr is the expression that one writes."""
    assert repr(spec) == expression
