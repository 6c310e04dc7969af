"""Rows against keras.initializers, on TensorFlow."""

from __future__ import annotations

import keras
import pytest
from keras.random import SeedGenerator

from benchmarks.measure.memory import FAMILIES, KERAS, SEEDED
from initspec import InitSpec, initialize

PAIRS = {
    "henormal": (InitSpec.he_truncated_normal(), keras.initializers.HeNormal),
    "orthogonal": (InitSpec.orthogonal(), keras.initializers.Orthogonal),
}
"""The spec and the class whose law it is."""


def test_native(bench):
    """A large weight."""
    shape = [bench.size(4096)] * 2
    init, theirs = InitSpec.he_truncated_normal().to_keras(), keras.initializers.HeNormal()
    bench.ratio("native-keras-he-normal", lambda: init(shape), lambda: theirs(shape))


@pytest.mark.parametrize("name", PAIRS)
def test_small(bench, name):
    """A call on 16 x 16, against the built-in that gives every call the same weight."""
    spec, own = PAIRS[name]
    init, theirs = spec.to_keras(), own()
    row = f"native-small-{KERAS}-{name}"
    bench.difference(row, lambda: init((16, 16)), lambda: theirs((16, 16)))


@pytest.mark.parametrize("name", PAIRS)
def test_small_anew(bench, name):
    """A call on 16 x 16, against the built-in with a SeedGenerator: each call draws anew."""
    spec, own = PAIRS[name]
    init, theirs = spec.to_keras(), own(seed=SeedGenerator())
    row = f"native-small-{KERAS}-{name}-anew"
    bench.difference(row, lambda: init((16, 16)), lambda: theirs((16, 16)))


def test_portable(bench, kernel):
    """The portable draw as a tensor of TensorFlow."""
    shape = (bench.size(4096),) * 2
    spec, theirs = InitSpec.he_normal(), keras.initializers.HeNormal()
    # A new initializer for each: a second weight of one name brings a warning.
    bench.ratio(
        f"portable{kernel}-keras", lambda: spec.to_keras(seed=7)(shape), lambda: theirs(shape)
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_native_memory(bench, family):
    """The peak of ours over that of the framework's own, in sizes of the result."""
    bench.memory(f"native-memory-{KERAS}-{family}", KERAS, family, bench.size(26, 16))


def test_portable_memory(bench):
    """The peak of a portable draw beyond the result."""
    bench.memory(f"portable-memory-{KERAS}", KERAS, SEEDED, bench.size(28, 16), 1 << 20)


def test_small_parameters(bench):
    """A thousand weights of 8 x 8."""
    inputs = keras.Input((8,))
    layers = [keras.layers.Dense(8, use_bias=False) for _ in range(bench.size(1000, 10))]
    # Side by side: Keras goes into layers one after another until Python's stack ends.
    model = keras.Model(inputs, [layer(inputs) for layer in layers])
    bench.cpu("models-small-keras", lambda: initialize(model, "he", 7))


def test_linear(bench):
    """The native draw from 2^10 to 2^26 elements, a factor of 16 at a time."""
    init, calls = InitSpec.he_normal().to_keras(), {}
    for log in range(10, bench.size(26, 14) + 1, 4):
        shape = (1 << log // 2, 1 << log // 2)
        calls[log] = (1 << log, lambda shape=shape: init(shape))
    bench.sweep("keras-normal", "Keras on TensorFlow, normal", calls)
