"""The Rosetta table: which line of one framework is which line of another, and what changes.

>>> from initspec import rosetta
>>> print(rosetta.translate("keras.initializers.HeNormal()").spec)
he_truncated_normal
"""

from __future__ import annotations

from initspec.rosetta.entries import NoEqualError, TranslationError
from initspec.rosetta.lines import Line, meanings
from initspec.rosetta.lookup import FRAMEWORKS
from initspec.rosetta.translation import TARGETS, Translation, translate

__all__ = [
    "FRAMEWORKS",
    "TARGETS",
    "Line",
    "NoEqualError",
    "Translation",
    "TranslationError",
    "meanings",
    "translate",
]
