"""The words of keras.initializers: what its functions mean, and its line for a spec."""

from __future__ import annotations

from initspec_keras.vocabulary.functions import KERAS
from initspec_keras.vocabulary.lines import LINES
from initspec_keras.vocabulary.tensorflow import TENSORFLOW

KERAS.lines.update(LINES)
KERAS.libraries = (TENSORFLOW,)

__all__ = ["KERAS"]
