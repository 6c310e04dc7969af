"""The rows: what each claims, its text and its picture."""

from __future__ import annotations

from docs.measured.disagreements.rows.base import Row
from docs.measured.disagreements.rows.fans import ROWS as FANS
from docs.measured.disagreements.rows.laws import BFLOAT16, HE_NORMAL, OUTSIDE, TRUNCATED_NORMAL
from docs.measured.disagreements.rows.structure import ORTHOGONAL, RECURRENT, SHARED, SPARSE

ROWS: tuple[Row, ...] = (
    HE_NORMAL,
    TRUNCATED_NORMAL,
    *FANS,
    RECURRENT,
    SHARED,
    BFLOAT16,
    ORTHOGONAL,
    SPARSE,
    OUTSIDE,
)
