"""Where the tests run of what is Keras' own code, and so the same on each engine."""

import keras
import pytest

one_engine = pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="Keras' own code, the same on each engine: run on torch, which compiles nothing",
)
