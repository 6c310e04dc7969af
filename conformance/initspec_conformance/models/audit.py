"""Audit a whole model: is it what a recipe makes, parameter by parameter and all together?

The model is read twice: once from end to end, a parameter at a time, to measure; and of the
parameters that fail, to say what they are instead. Only then is K, the number of random tests,
known, by which the false-alarm rate of 1e-6 for the model is shared.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from initspec.backend import HasValues, optional
from initspec.dtypes import FLOATS
from initspec.errors import InitSpecError
from initspec.models.assign import Only
from initspec.models.assignment import Assignment
from initspec.models.owner import owner, parameters
from initspec.models.recipe import Recipe, recipe_of
from initspec.models.rule import Rule
from initspec.stream import check_seed
from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.base import rejects
from initspec_conformance.expected.arrays import Array
from initspec_conformance.models import defects
from initspec_conformance.models.battery import Measured, measure
from initspec_conformance.models.bits import differing
from initspec_conformance.models.copies import Read, copies
from initspec_conformance.models.diagnose import DEPENDENCE, DTYPE, diagnose
from initspec_conformance.models.findings import ModelAudit, ModelFinding, ParameterAudit
from initspec_conformance.models.fingerprints import Fingerprint, fingerprint
from initspec_conformance.models.fitted import Context
from initspec_conformance.models.pieces import Piece, pieces_of, remaining
from initspec_conformance.models.pooled import POOLED, Member, groups_of, pool
from initspec_conformance.models.ties import ties
from initspec_conformance.models.trained import is_trained
from initspec_conformance.statistics.error_rates import Rates, one_stage


@dataclass
class Reading:
    """What the first reading shows of a parameter.

    Attributes:
        assignment: the parameter and its rule.
        findings: what is wrong for certain.
        measured: what the checks measured, piece by piece.
        fingerprint: by which copies are found.
        skipped: why it is not judged by its law.
    """

    assignment: Assignment
    findings: list[ModelFinding] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    fingerprint: Fingerprint | None = None
    skipped: str = ""


def audit_model(
    model: Any,
    recipe: str | Recipe | Sequence[Rule],
    *,
    seed: int | None = None,
    only: Only = None,
    inputs: Any = None,
    **numbers: float,
) -> ModelAudit:
    """Hold a freshly built model against a recipe, parameter by parameter and all together.

    A model that is right has a finding with a probability of at most 1e-6.

    Args:
        model: a model of torch, Keras or JAX, which is left as it is.
        recipe: the name of one that comes with initspec, a Recipe, or a list of rules.
        seed: the seed that the weights were drawn from: then the bits are compared, too.
        only: paths or globs of the parameters to look at.
        inputs: example arguments, for a model that has no parameters without them.
        numbers: the numbers of names in the recipe, such as depth=12.

    Raises:
        RecipeError: the recipe does not fit the model; the message has every parameter and rule.
        TargetError: the model is of no known framework, or has no parameters yet.
        SeedError: the seed is out of range.
    """
    start = time.perf_counter()
    seed = None if seed is None else check_seed(seed)
    rules = recipe_of(recipe)
    assignments = rules.on(model, only=only, inputs=inputs, **numbers)
    readable: HasValues = optional(owner(model), HasValues, "values of models")  # type: ignore[arg-type]

    def read(path: str) -> Array:
        (values,) = readable.values(model, [path])
        assert values is not None
        return values

    paths = [assignment.path for assignment in assignments]
    readings = [
        _look(assignment, values, seed)
        for assignment, values in zip(assignments, readable.values(model, paths), strict=True)
    ]
    members = [
        Member(reading.assignment, measured)
        for reading in readings
        for measured in reading.measured
    ]
    groups = groups_of(members)
    tests = sum(member.measured.tests for member in members) + len(POOLED) * len(groups)
    level = one_stage(tests).first
    context = Context(model, rules, inputs, numbers)
    findings = {reading.assignment.path: list(reading.findings) for reading in readings}
    copied = set()
    for finding in copies([f for reading in readings if (f := reading.fingerprint)], read):
        findings[finding.path].append(finding)
        copied.add(finding.path)
    failed: set[int] = set()
    for reading in readings:
        path = reading.assignment.path
        findings[path] += _judged(reading, level, context, read, failed, path in copied)
    _mark_trained(findings, readings)
    every = [finding for several in findings.values() for finding in several]
    every += ties(model, parameters(model, inputs=inputs)) if only is None else []
    every += _pooled(groups, level, failed)
    rows = tuple(_row(reading, level) for reading in readings)
    return ModelAudit(tuple(every), rows, rules.name, tests, time.perf_counter() - start)


def assert_model_initialized(
    model: Any,
    recipe: str | Recipe | Sequence[Rule],
    *,
    seed: int | None = None,
    only: Only = None,
    inputs: Any = None,
    **numbers: float,
) -> None:
    """Assert that a model is what a recipe makes: `audit_model` in a line of a test.

    Raises:
        AssertionError: it is not, with every finding.
        InitSpecError: see `audit_model`.
    """
    audit = audit_model(model, recipe, seed=seed, only=only, inputs=inputs, **numbers)
    if not audit.passed:
        raise AssertionError(str(audit))


def _look(assignment: Assignment, values: Array | None, seed: int | None) -> Reading:
    """Return what one reading of a parameter shows."""
    reading = Reading(assignment)
    if values is None:
        reading.skipped = "it has no values"
        message = "it has no values: it is without memory, as on the meta device"
        reading.findings.append(ModelFinding(assignment.path, "untouched", message))
        return reading
    if not values.size or values.dtype.name not in FLOATS:
        reading.skipped = f"{values.dtype.name} of {values.shape}"
        return reading
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
        count, first = differing(assignment, values, seed)
        proven = not count
        if count:
            reading.findings.append(_of_bits(assignment, values, seed, count, first))
    try:
        pieces = judgeable(assignment, values, reading.findings)
    except InitSpecError as error:
        reading.skipped = str(error)
        return reading
    for piece in pieces:
        if not proven:
            reading.measured.append(measure(piece))
        if not piece.name and piece.expected.family == "iid":
            reading.fingerprint = fingerprint(assignment.path, piece.values, piece.expected)
    return reading


def judgeable(assignment: Assignment, values: Array, findings: list[ModelFinding]) -> list[Piece]:
    """Return what is to be judged by its law, and add to findings what is wrong for certain."""
    left = []
    for piece in pieces_of(assignment, values):
        if piece.expected.family != "iid":
            left.append(piece)
            continue
        path = f"{assignment.path} {piece.name}".rstrip()
        rest = piece
        defect = defects.constant(piece.values, piece.expected) or defects.strange(piece.values)
        if defect:
            findings.append(defect.on(path))
            continue
        for axis in (0, -1):
            zero = defects.zero_slices(rest.values, axis)
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


def _judged(
    reading: Reading, level: float, context: Context, read: Read, failed: set[int], copied: bool
) -> Iterator[ModelFinding]:
    """Yield what the random tests of a parameter show, but for what is explained already."""
    values: Array | None = None
    explained = set[str]()
    if copied:
        explained |= {*DEPENDENCE, *DTYPE}
    if any(finding.kind == "coarse dtype" for finding in reading.findings):
        explained |= set(DTYPE)
    for number, measured in enumerate(reading.measured):
        rejected = [n for n, evidence in measured.evidence.items() if rejects(evidence, level)]
        if not rejected:
            continue
        failed.add(id(measured))
        rejected = [name for name in rejected if name not in explained]
        if not rejected:
            continue
        if values is None:
            values = read(reading.assignment.path)
            if measured.expected.family == "iid" and not copied and is_trained(values):
                yield _trained(reading.assignment, measured)
                return
        piece = judgeable(reading.assignment, values, [])[number]
        yield from diagnose(reading.assignment, piece, measured, rejected, level, context)


def _trained(assignment: Assignment, measured: Measured) -> ModelFinding:
    message = "its rows depend on each other"
    if "variance" in measured.evidence:
        message += f"; {measured.evidence['variance'].message}"
    return ModelFinding(
        assignment.path, "trained", message, "weights that were trained, loaded or computed"
    )


def _mark_trained(findings: dict[str, list[ModelFinding]], readings: Sequence[Reading]) -> None:
    """Mark the vectors that fail as trained, where most matrices that fail are."""
    ranks = {reading.assignment.path: len(reading.assignment.shape) for reading in readings}
    failing = {path: several for path, several in findings.items() if several}
    matrices = [path for path in failing if ranks[path] > 1]
    trained = [path for path in matrices if failing[path][0].kind == "trained"]
    if 2 * len(trained) <= len(matrices):
        return
    for path, several in failing.items():
        if path not in matrices and all(finding.kind in OF_A_LAW for finding in several):
            message = several[0].message
            looks = "it changed beside weights that were trained"
            findings[path] = [ModelFinding(path, "trained", message, looks)]


OF_A_LAW = ("mean", "std", "distribution", "support", "dependence", "value", "part")
"""The kinds of findings that training makes of a vector."""


def _pooled(
    groups: dict[str, tuple[Member, ...]], level: float, failed: set[int]
) -> Iterator[ModelFinding]:
    """Yield what the parameters of a group show together, of those that pass alone."""
    for name, members in groups.items():
        passing = tuple(member for member in members if id(member.measured) not in failed)
        if len(passing) < 2:
            continue
        for check in POOLED:
            together = pool(name, check, passing)
            if together.p_value > level:
                continue
            if check == "mean":
                off = f"the means are {together.off:+.3g} std off"
            else:
                ratio = math.sqrt(max(1 + together.off, 0.0))
                off = f"the std is {ratio:.4g} times that of the recipe"
            message = f"{off} over {len(passing)} parameters together, z = {together.z:+.1f}"
            yield ModelFinding(name, "mean" if check == "mean" else "std", message)


def _row(reading: Reading, level: float) -> ParameterAudit:
    """Return how closely a parameter was looked at: its largest piece."""
    assignment = reading.assignment
    tests = sum(measured.tests for measured in reading.measured)
    sees_mean = sees_std = 0.0
    moments = [m for m in reading.measured if "variance" in m.evidence]
    if moments:
        largest = max(moments, key=lambda measured: measured.n)
        rates = Rates(level, None)
        sees_mean, variance = (
            BATTERY[name].min_discrepancy(largest.n, largest.expected, rates) for name in POOLED
        )
        sees_std = math.sqrt(1 + variance) - 1
    size = math.prod(assignment.shape)
    spec = "keep" if assignment.spec is None else str(assignment.spec)
    return ParameterAudit(assignment.path, spec, size, tests, sees_mean, sees_std, reading.skipped)
