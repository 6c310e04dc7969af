"""What the Keras tests share. They run on the Keras backend that KERAS_BACKEND names."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

# TensorFlow reads it on import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture
def array() -> Callable[[Any], np.ndarray]:
    """Return a tensor of the active framework as a NumPy array."""
    import keras

    return lambda tensor: np.asarray(keras.ops.convert_to_numpy(tensor))
