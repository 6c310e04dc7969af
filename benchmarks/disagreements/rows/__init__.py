"""The rows: what each claims, how it is told, and the picture of it."""

from __future__ import annotations

from benchmarks.disagreements.rows.base import Row
from benchmarks.disagreements.rows.fans import ROWS as FANS
from benchmarks.disagreements.rows.laws import BFLOAT16, HE_NORMAL, OUTSIDE, TRUNCATED_NORMAL
from benchmarks.disagreements.rows.structure import ORTHOGONAL, RECURRENT, SHARED, SPARSE

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
