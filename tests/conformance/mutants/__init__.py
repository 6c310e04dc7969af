"""Deliberately wrong backends: a suite is worth what it catches."""

from __future__ import annotations

from mutants.base import Mutant
from mutants.catalogue import CATALOGUE, EQUIVALENT, MUTANTS
from mutants.matrix import Matrix, Row, mutant_matrix

__all__ = ["CATALOGUE", "EQUIVALENT", "MUTANTS", "Matrix", "Mutant", "Row", "mutant_matrix"]
