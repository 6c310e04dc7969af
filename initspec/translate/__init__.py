"""The Rosetta table: which line of one framework is which line of another, and what changes.

>>> from initspec.translate import translate
>>> print(translate("keras.initializers.HeNormal()").spec)
he_truncated_normal
"""

from __future__ import annotations

from initspec.translate.entries import NoEqualError, TranslationError
from initspec.translate.lines import Line, meanings
from initspec.translate.lookup import FRAMEWORKS
from initspec.translate.translation import TARGETS, Translation, translate

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
