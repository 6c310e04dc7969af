"""Models of Keras: every weight has an initializer, and torch's memory is looked at even so."""

import keras

from initspec import coverage


def build() -> keras.Model:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def test_a_model_passes() -> None:
    """With a note where the engine leaves no memory unwritten."""
    result = coverage(build)
    assert result.passed
    assert bool(result.note) is (keras.backend.backend() != "torch")
