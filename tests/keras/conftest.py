"""What the Keras tests share. They run on the Keras backend that KERAS_BACKEND names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.unoptimized import unoptimized

# TensorFlow reads it on import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="package", autouse=True)
def quickly_compiled() -> Iterator[None]:
    """Let JAX compile soon: eager Keras has a program for each operation and shape."""
    import keras

    with unoptimized(keras.config.backend()):
        yield


@pytest.fixture
def optimized() -> Iterator[None]:
    """Let JAX compile with all optimizations, as it does for users."""
    import keras

    with unoptimized(keras.config.backend(), False):
        yield


@pytest.fixture
def array() -> Callable[[Any], np.ndarray]:
    """Return a tensor of the active framework as a NumPy array."""
    import keras

    return lambda tensor: np.asarray(keras.ops.convert_to_numpy(tensor))
