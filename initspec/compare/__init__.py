"""Compare the backends: draw one spec through each, and test it against its law."""

from initspec.compare.comparison import Comparison, Row, compare

__all__ = ["Comparison", "Row", "compare"]
