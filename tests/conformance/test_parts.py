"""Weights that are judged by parts, each of one law."""

from __future__ import annotations

import numpy as np
import pytest
from initspec_conformance import assert_initialized, audit_model

from initspec import InitSpec, Rule, initialize
from tests.audited import fake_framework
from tests.core.models.fake import Model, weight

SHAPE = (64, 48)


def drawn(spec: InitSpec, dtype: str = "float32") -> np.ndarray:
    """Return a weight of a spec."""
    return spec.to_numpy()(SHAPE, dtype, np.random.default_rng(17))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_noise_on_an_identity(dtype: str) -> None:
    """The noise and the diagonal have their laws; in 16 bits the diagonal lies about its gain."""
    spec = InitSpec.identity(noise=0.01)
    right = drawn(spec, dtype)
    assert_initialized(right, spec)
    for wrong, says in (
        (drawn(InitSpec.identity(noise=0.02), dtype), "Off the diagonal it looks like"),
        (drawn(InitSpec.normal(0.01), dtype), "off the gain 1"),
        (drawn(InitSpec.identity(noise=0.01), dtype).T[::-1].T, "off the gain 1"),
        (right + 0.1 * np.eye(*SHAPE, dtype=right.dtype), "off the gain 1"),
    ):
        with pytest.raises(AssertionError, match=says):
            assert_initialized(wrong, spec)
    if dtype == "float32":
        with pytest.raises(AssertionError, match="On the diagonal it looks like"):
            assert_initialized(drawn(InitSpec.identity(1.02, noise=0.01)), spec)


@pytest.mark.parametrize(
    ("line", "axes", "shape"),
    [
        ("repeat(of=he_normal(mode=fan_out), times=4)", "out in kernel...", (64, 16, 3, 3)),
        ("repeat(of=he_uniform, times=4, order=tiled)", "kernel... in out", (3, 3, 16, 64)),
        ("repeat(of=lecun_normal, along=stack)", "(stack=3 out) in [in=2]", (96, 48)),
        ("repeat(of=orthogonal, times=2)", "out in", (64, 24)),
        ("repeat(of=identity(noise=0.1), times=2)", "out in", (96, 40)),
    ],
)
def test_equal_outputs(line: str, axes: str, shape: tuple[int, ...]) -> None:
    """Repeats are equal, and what they repeat has its own law."""
    spec = InitSpec.parse(line)
    right = spec.to_numpy(axes)(shape, rng=np.random.default_rng(5))
    assert_initialized(right, spec, axes)
    independent = InitSpec(spec.distribution.of, spec.variance, spec.gain, spec.mode)
    with pytest.raises(AssertionError, match="values are not those that they repeat"):
        assert_initialized(independent.to_numpy(axes)(shape), spec, axes)
    with pytest.raises(AssertionError, match="was not drawn from"):
        assert_initialized(right * np.float32(1.4), spec, axes)
    family = spec.distribution
    if family.times:
        order = "tiled" if family.order == "grouped" else "grouped"
        other = InitSpec.repeat(independent, family.times, along=family.along, order=order)
        with pytest.raises(AssertionError, match="values are not those that they repeat"):
            assert_initialized(other.to_numpy(axes)(shape), spec, axes)


def test_a_model_of_equal_outputs() -> None:
    """Repeats are no copies; a weight that another repeats is, and so is one that has none."""
    rules = [
        Rule("repeat(of=he_normal, times=4)", "*.up"),
        Rule("repeat(of=lecun_normal, along=stack)", "experts"),
        Rule("identity(noise=0.01)", "state"),
    ]
    model = Model(
        [
            weight("a.up", (32, 64), "out in"),
            weight("b.up", (32, 64), "out in"),
            weight("experts", (3, 32, 48), "stack out in"),
            weight("state", (64, 64), "out in"),
        ]
    )
    with fake_framework():
        initialize(model, rules, seed=3)
        assert audit_model(model, rules).passed
        model.arrays["b.up"] = model.arrays["a.up"].copy()
        model.arrays["experts"] = InitSpec.lecun_normal().to_numpy("stack out in")((3, 32, 48))
        model.arrays["state"] = np.zeros((64, 64), np.float32)
        audit = audit_model(model, rules)
    assert [(finding.path, finding.kind) for finding in audit.findings] == [
        ("b.up", "copy"),
        ("experts", "structure"),
        ("state", "structure"),
    ]
