"""Models of Keras: every weight has an initializer, and torch's memory is looked at even so."""

import keras
import pytest

from initspec import coverage


def build() -> keras.Model:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def test_a_model_passes() -> None:
    """With a note where the engine leaves no memory unwritten."""
    result = coverage(build)
    assert result.passed
    assert bool(result.note) is (keras.backend.backend() != "torch")


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="others leave no memory unwritten")
def test_weights_that_nothing_wrote() -> None:
    """Under the names of the first build, on which Keras counts in the second."""
    import torch

    def unwritten(shape: tuple[int, ...], dtype: str) -> torch.Tensor:
        return torch.empty(shape)

    def net() -> keras.Model:
        dense = keras.layers.Dense(2, kernel_initializer=unwritten)
        return keras.Sequential([keras.Input((3,)), dense])

    (item,) = coverage(net).untouched
    assert item.path.endswith("/kernel")
    assert item.elements == 6
