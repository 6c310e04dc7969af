"""Which line of one framework is which line of another, and what changes.

What each framework's lines mean is part of its backend; they are found when a line is translated.

>>> from initspec.translate import translate
>>> print(translate("keras.initializers.HeNormal()").spec)
he_truncated_normal
"""

from __future__ import annotations

from initspec.translate.lines import Line, meanings
from initspec.translate.translation import Translation, targets, translate
from initspec.translate.vocabularies import frameworks, vocabularies
from initspec.translate.vocabulary import NoEqualError, TranslationError, Vocabulary

__all__ = [
    "Line",
    "NoEqualError",
    "Translation",
    "TranslationError",
    "Vocabulary",
    "frameworks",
    "meanings",
    "targets",
    "translate",
    "vocabularies",
]
