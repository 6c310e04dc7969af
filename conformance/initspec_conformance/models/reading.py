"""What one reading of a parameter shows: what is certain, what the checks measure, its copies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from initspec import Repeat
from initspec.axes import UnequalLayout
from initspec.dtypes import FLOATS
from initspec.errors import InitSpecError, TargetError
from initspec.models.assignment import Assignment
from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.laws import structure_of
from initspec_conformance.expected.parts import BrokenError
from initspec_conformance.models import defects
from initspec_conformance.models.battery import Measured, measure
from initspec_conformance.models.bits import differing
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.fingerprints import Fingerprint, fingerprint
from initspec_conformance.models.pieces import Piece, pieces_of, remaining
from initspec_conformance.models.sketches import sketch_of
from initspec_conformance.results.sketch import Sketch


@dataclass
class Reading:
    """What a reading of a parameter shows.

    Attributes:
        assignment: the parameter and its rule.
        findings: what is wrong for certain.
        measured: what the checks measured, piece by piece.
        fingerprint: by which copies are found.
        skipped: why it is not judged by its law.
        sample: some of its values, which are the same when it is read again.
        sketch: what a picture of its largest piece needs.
    """

    assignment: Assignment
    findings: list[ModelFinding] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    fingerprint: Fingerprint | None = None
    skipped: str = ""
    sample: Array | None = None
    sketch: Sketch | None = None


def look(assignment: Assignment, values: Array | None, seed: int | None, name: str) -> Reading:
    """Return what a reading of a parameter shows.

    Args:
        assignment: the parameter and its rule.
        values: its values; None where it has none.
        seed: the seed that it was drawn from, None where that is unknown.
        name: the name of its stream.
    """
    reading = Reading(assignment)
    if values is None:
        reading.skipped = "it has no values"
        message = "it has no values: it is without memory, as on the meta device"
        reading.findings.append(ModelFinding(assignment.path, "untouched", message))
        return reading
    if not values.size or values.dtype.name not in FLOATS:
        what = f"of {values.dtype.name}" if values.size else "empty"
        reading.skipped = f"it is {what}"
        return reading
    reading.sample = sample_of(values)
    defect = defects.not_finite(values)
    if defect is None and assignment.spec is None:
        reading.skipped = "its rule keeps it"
        return reading
    if defect is not None:
        reading.findings.append(defect.on(assignment.path))
        reading.skipped = "it is not finite"
        return reading
    proven = False
    if seed is not None:
        count, first = differing(assignment, values, seed, name)
        proven = not count
        if count:
            reading.findings.append(_of_bits(assignment, values, seed, count, first))
    try:
        pieces = judgeable(assignment, values, reading.findings)
        reading.fingerprint = _fingerprint(assignment, values)
    except BrokenError as error:
        reading.findings.append(ModelFinding(assignment.path, "structure", str(error)))
        reading.skipped = "its entries do not go together as its spec says"
        return reading
    except InitSpecError as error:
        reading.skipped = str(error)
        return reading
    if not proven:
        reading.measured += map(measure, pieces)
    if pieces:
        largest = max(pieces, key=lambda piece: piece.values.size)
        if not (largest.name or assignment.parts):  # rows of zeros are judged apart, and seen
            largest = replace(largest, values=values)
        reading.sketch = sketch_of(largest)
    return reading


SAMPLE = 256
"""How many values show that a parameter is as it was."""


def sample_of(values: Array) -> Array:
    """Return some values from all parts of an array, as a copy."""
    flat = values.reshape(-1)
    return np.array(flat[:: max(flat.size // SAMPLE, 1)])


def unchanged(reading: Reading, values: Array | None) -> Array:
    """Return the values of a parameter that is read again.

    Raises:
        TargetError: they are not those that were read before.
    """
    if values is not None and reading.sample is not None:
        sample = sample_of(values)
        if sample.dtype == reading.sample.dtype and sample.tobytes() == reading.sample.tobytes():
            return values
    raise TargetError(
        f"{reading.assignment.path} changed while the model was audited: audit it when nothing "
        "fills or trains it"
    )


def judgeable(assignment: Assignment, values: Array, findings: list[ModelFinding]) -> list[Piece]:
    """Return what is to be judged by its law, and add to findings what is wrong for certain."""
    left = []
    for piece in pieces_of(assignment, values):
        if piece.expected.family != "iid":
            left.append(piece)
            continue
        path = f"{assignment.path} {piece.name}".rstrip()
        rest = piece
        defect = defects.constant(piece.values, piece.expected) or defects.strange(
            piece.values, piece.expected
        )
        if defect:
            findings.append(defect.on(path))
            continue
        for axis in (0, -1):
            zero = defects.zero_slices(rest.values, axis, coincidence(piece.expected))
            if zero is not None:
                places = np.flatnonzero(zero)
                if not axis and piece.rows is not None:
                    places = piece.rows[places]
                size = values.shape[axis]
                findings.append(defects.of_zeros(places, axis, size, assignment.role).on(path))
                rest = remaining(rest, zero, axis)
        defect = defects.coarse(rest.values, piece.expected.dtype)
        if defect:
            findings.append(defect.on(path))
        left.append(rest)
    return left


def _fingerprint(assignment: Assignment, values: Array) -> Fingerprint | None:
    """Return the fingerprint of a parameter whose values are random, but for constant parts."""
    spec, layout = assignment.spec, assignment.axes.layout(values.shape)
    assert spec is not None
    if structure_of(spec) == "fixed":
        return None
    constant = [part.index for part in assignment.parts if structure_of(part.spec) == "fixed"]
    if constant:
        values = values.copy()
        for index in constant:
            values[index] = 0
    if isinstance(spec.distribution, Repeat):
        if isinstance(layout, UnequalLayout):
            return None
        # What is to be equal is no copy: it is left out, as zeros are.
        places = layout.logical(np.arange(values.size).reshape(values.shape))
        kept = spec.distribution.repetition(layout).distinct(places).ravel()
        flat = np.zeros_like(values).ravel()
        flat[kept] = values.ravel()[kept]
        values = flat.reshape(values.shape)
    sizes = layout.cut if isinstance(layout, UnequalLayout) else layout.sizes
    return fingerprint(assignment.path, values, sizes, assignment.mean or 0.0)


def _of_bits(
    assignment: Assignment, values: Array, seed: int, count: int, first: tuple[int, ...]
) -> ModelFinding:
    where = ", ".join(map(str, first))
    message = (
        f"{count} of {values.size} elements are not those of the seed {seed}, the first at "
        f"[{where}]"
    )
    looks = "another seed, or another name" if 2 * count > values.size else ""
    return ModelFinding(assignment.path, "bits", message, looks)
