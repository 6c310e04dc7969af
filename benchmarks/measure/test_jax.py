"""Rows against jax.nn.initializers. Both are waited for."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from benchmarks.measure.memory import FAMILIES, SEEDED
from initspec import InitSpec, initialize

OWN = jax.nn.initializers
PAIRS = {
    "he-normal": (InitSpec.he_truncated_normal(), OWN.he_normal()),
    "glorot-uniform": (InitSpec.glorot_uniform(), OWN.glorot_uniform()),
    "orthogonal": (InitSpec.orthogonal(), OWN.orthogonal()),
}
"""The spec and the function whose law it is."""


def jitted(init, side):
    """Return a call that draws side x side under jit."""
    draw = jax.jit(lambda key: init(key, (side, side), jnp.float32))
    key = jax.random.key(0)
    return lambda: draw(key).block_until_ready()


@pytest.mark.parametrize("name", ["he-normal", "glorot-uniform"])
def test_native(bench, name):
    """A large weight, both sides under jit."""
    spec, theirs = PAIRS[name]
    side = bench.size(4096)
    bench.ratio(f"native-jax-{name}", jitted(spec.to_jax(), side), jitted(theirs, side))


def test_first(bench):
    """The first kernel of a convolution: both sides are compiled anew at every call."""
    spec, theirs = PAIRS["he-normal"]
    ours, key = spec.to_jax(), jax.random.key(0)

    def first(init):
        draw = jax.jit(lambda key: init(key, (3, 3, 64, 64), jnp.float32))
        draw(key).block_until_ready()

    bench.ratio("native-jax-first", lambda: first(ours), lambda: first(theirs))


def test_control(bench):
    """A function against itself: what the measuring alone makes of a ratio."""
    side = bench.size(4096)
    bench.ratio("native-jax-itself", jitted(OWN.he_normal(), side), jitted(OWN.he_normal(), side))


@pytest.mark.parametrize("name", PAIRS)
def test_small(bench, name):
    """A call on 16 x 16, both as they stand."""
    spec, theirs = PAIRS[name]
    init, key = spec.to_jax(), jax.random.key(0)
    bench.difference(
        f"native-small-jax-{name}",
        lambda: init(key, (16, 16)).block_until_ready(),
        lambda: theirs(key, (16, 16)).block_until_ready(),
    )


@pytest.mark.parametrize("name", PAIRS)
def test_small_jitted(bench, name):
    """A call on 16 x 16, both under jit."""
    spec, theirs = PAIRS[name]
    row = f"native-small-jax-{name}-jit"
    bench.difference(row, jitted(spec.to_jax(), 16), jitted(theirs, 16))


def test_portable(bench, kernel):
    """The portable draw as a JAX array."""
    side = bench.size(4096)
    spec, shape = InitSpec.he_normal(), (side, side)
    bench.ratio(
        f"portable{kernel}-jax",
        # A new initializer for each: a second weight of one name brings a warning.
        lambda: spec.to_jax(seed=7)(None, shape).block_until_ready(),
        jitted(OWN.he_normal(), side),
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_native_memory(bench, family):
    """The peak of ours over that of the framework's own, in sizes of the result."""
    bench.memory(f"native-memory-jax-{family}", "jax", family, bench.size(26, 16))


def test_portable_memory(bench):
    """The peak of a portable draw beyond the result."""
    bench.memory("portable-memory-jax", "jax", SEEDED, bench.size(28, 16), 1 << 20)


def test_small_parameters(bench):
    """A thousand weights of 8 x 8."""
    rngs = nnx.Rngs(0)
    layers = [nnx.Linear(8, 8, use_bias=False, rngs=rngs) for _ in range(bench.size(1000, 10))]
    model = nnx.List(layers)
    bench.cpu("models-small-nnx", lambda: initialize(model, "he", 7))


def test_linear(bench):
    """The native draw from 2^10 to 2^26 elements, a factor of 16 at a time."""
    init = InitSpec.he_normal().to_jax()
    logs = range(10, bench.size(26, 14) + 1, 4)
    calls = {log: (1 << log, jitted(init, 1 << log // 2)) for log in logs}
    bench.sweep("jax-normal", "JAX normal", calls)
