"""Compare the backends: draw one spec through each, and test it against its law."""

from initspec.compare.comparison import Comparison, Row, compare
from initspec.compare.namesakes import Namesake

__all__ = ["Comparison", "Namesake", "Row", "compare"]
