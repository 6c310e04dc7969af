"""All that the author of a vocabulary imports, beside `initspec` and `initspec.backend`."""

from __future__ import annotations

from initspec.spec.formula import number, scale_of
from initspec.translate.laws import centred, normal, uncut, uniform
from initspec.translate.objects import read_object
from initspec.translate.vocabulary import (
    IGNORED,
    Entry,
    NoEqualError,
    Reading,
    TranslationError,
    Vocabulary,
    WeightShape,
)
from initspec.translate.writing import (
    SWAPPED,
    Code,
    LineRequest,
    Lines,
    Written,
    built_in,
    by_hand,
    call,
    gain_argument,
    is_square,
    none,
    roles,
    root,
    slope,
)

__all__ = [
    "IGNORED",
    "SWAPPED",
    "Code",
    "Entry",
    "LineRequest",
    "Lines",
    "NoEqualError",
    "Reading",
    "TranslationError",
    "Vocabulary",
    "WeightShape",
    "Written",
    "built_in",
    "by_hand",
    "call",
    "centred",
    "gain_argument",
    "is_square",
    "none",
    "normal",
    "number",
    "read_object",
    "roles",
    "root",
    "scale_of",
    "slope",
    "uncut",
    "uniform",
]
