"""The Keras 3 backend, on TensorFlow, PyTorch and JAX."""

from __future__ import annotations

from initspec_keras.backend import KerasBackend

backend = KerasBackend()
