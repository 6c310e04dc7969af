"""The Keras 3 backend, on TensorFlow, PyTorch and JAX.

Importing this package registers the `InitSpecInitializer` with Keras, which a fresh process needs
before it loads a model that was saved with one. Keras itself is not imported: where it is not yet,
the registration waits for it.
"""

from __future__ import annotations

from initspec_keras.backend import KerasBackend
from initspec_keras.registration import register

backend = KerasBackend()
register()
