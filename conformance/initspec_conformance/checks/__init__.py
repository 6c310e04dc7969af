"""The battery: one file a property. A new check is a class in one of them and a line here."""

from __future__ import annotations

from initspec_conformance.checks.atoms import Atoms
from initspec_conformance.checks.base import Check, Evidence
from initspec_conformance.checks.constant_entries import ConstantEntries
from initspec_conformance.checks.correlation import Lags, Periods, Seeds, Transpose
from initspec_conformance.checks.dtype import Binades, Distinct, FullWidth, Lattice
from initspec_conformance.checks.duplicates import Copies, Repeats
from initspec_conformance.checks.fixed import Fixed
from initspec_conformance.checks.haar import (
    ColumnPowers,
    Determinant,
    Entry,
    Means,
    Neighbours,
    RowPowers,
    SignPairs,
    Signs,
    Trace,
    TraceOfSquare,
)
from initspec_conformance.checks.moments import Mean, Variance
from initspec_conformance.checks.orthogonality import Orthogonality
from initspec_conformance.checks.positions import Positions
from initspec_conformance.checks.rows import Rows, Underdispersed
from initspec_conformance.checks.serial import Serial
from initspec_conformance.checks.shape import Distance, Legendre, Tails
from initspec_conformance.checks.sparsity import Masks, Places, Zeros
from initspec_conformance.checks.support import Extremes, Support
from initspec_conformance.checks.zero_pairs import Adjacency, Overlap
from initspec_conformance.checks.zero_spectra import Distances, Waves
from initspec_conformance.expected.expected import Expected

BATTERY: dict[str, Check] = {
    check.name: check
    for check in (
        Zeros(),
        Mean(),
        Variance(),
        Legendre(),
        Distance(),
        Tails(),
        Support(),
        Extremes(),
        Lags(),
        Seeds(),
        Periods(),
        Transpose(),
        Serial(),
        Rows(),
        Positions(),
        Copies(),
        Repeats(),
        ConstantEntries(),
        Underdispersed(),
        Orthogonality(),
        Determinant(),
        Signs(),
        Means(),
        Trace(),
        TraceOfSquare(),
        Entry(),
        ColumnPowers(),
        RowPowers(),
        SignPairs(),
        Neighbours(),
        Places(),
        Adjacency(),
        Distances(),
        Waves(),
        Overlap(),
        Masks(),
        Distinct(),
        Binades(),
        Lattice(),
        Atoms(),
        FullWidth(),
        Fixed(),
    )
}
"""Every check of draws, by its name."""


def checks_of(expected: Expected) -> tuple[Check, ...]:
    """Return the checks that apply to a weight."""
    return tuple(check for check in BATTERY.values() if check.applies(expected))


__all__ = ["BATTERY", "Check", "Evidence", "checks_of"]
