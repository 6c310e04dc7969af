"""Audit a whole model: is it what a recipe makes, parameter by parameter and all together?

The model is read twice: once from end to end, a parameter at a time, to measure; and of the
parameters that fail, to say what they are instead. Only then is K, the number of random tests,
known, by which the false-alarm rate of 1e-6 for the model is shared.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from initspec import FanRule, InitSpec
from initspec.backend import HasInitializers, HasValues, optional
from initspec.dtypes import FLOATS
from initspec.errors import TargetError
from initspec.models.assign import Only
from initspec.models.assignment import Assignments
from initspec.models.names import Names
from initspec.models.owner import owner, parameters
from initspec.models.recipe import Recipe, recipe_of
from initspec.models.rule import Rule
from initspec.stream import check_seed
from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.base import rejects
from initspec_conformance.expected.arrays import Array
from initspec_conformance.models.battery import Measured
from initspec_conformance.models.copies import copies
from initspec_conformance.models.diagnose import DEPENDENCE, DTYPE, diagnose
from initspec_conformance.models.findings import Checked, ModelFinding, ParameterAudit
from initspec_conformance.models.fitted import Context
from initspec_conformance.models.pooled import POOLED, Member, groups_of, pool
from initspec_conformance.models.reading import Reading, judgeable, look, unchanged
from initspec_conformance.models.report import ModelAudit
from initspec_conformance.models.ties import ties
from initspec_conformance.models.trained import TRAINED, dependence
from initspec_conformance.statistics.error_rates import Rates, one_stage

Values = Callable[[Sequence[str]], Iterable[Array | None]]
"""Returns the values of parameters by their paths, one after the other."""


def audit_model(
    model: Any,
    recipe: str | Recipe | Sequence[Rule],
    *,
    seed: int | None = None,
    names: Names = None,
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
        names: the names of the streams that they were drawn from, as `initialize` took them.
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
    every = parameters(model, inputs=inputs)
    rules = recipe_of(recipe)
    kept = [Rule("keep", p.path, optional=True) for p in every if _is_quantised(p.dtype)]
    rules = replace(rules, rules=(*kept, *rules.rules))
    assignments = rules.on(model, only=only, names=names, inputs=inputs, **numbers)
    if len(kept) == len(every) or not len(assignments):
        what = "parameters of floats" if kept else "parameters"
        raise TargetError(f"the model has no {what}: there is nothing to audit")
    readable: HasValues = optional(owner(model), HasValues, "values of models")  # type: ignore[arg-type]
    backend = owner(model)
    default = backend.default_recipe(model) if isinstance(backend, HasInitializers) else ""
    context = Context(every, rules, getattr(model, "config", None), numbers, default)
    findings, readings, tests = audit_values(
        assignments, lambda paths: readable.values(model, paths), context, seed
    )
    if only is None:
        tied = list(ties(model, every))
        broken = {finding.path for finding in tied}
        findings = [f for f in findings if f.kind != "copy" or f.path not in broken] + tied
    level = one_stage(tests).first
    rows = tuple(_row(reading, level) for reading in readings)
    sketches = {r.assignment.path: r.sketch for r in readings if r.sketch is not None}
    seconds = time.perf_counter() - start
    return ModelAudit(tuple(findings), rows, rules.name, tests, seconds, sketches)


def _is_quantised(dtype: str) -> bool:
    """Return whether a dtype is of integers or of small floats, which are not judged."""
    return dtype not in FLOATS and not dtype.startswith("complex")


def audit_values(
    assignments: Assignments,
    values: Values,
    context: Context,
    seed: int | None = None,
) -> tuple[list[ModelFinding], list[Reading], int]:
    """Return what is wrong with values, what was read of each parameter, and how many random tests.

    Args:
        assignments: the parameters with their specs.
        values: returns the values of parameters by their paths.
        context: what an explanation of a fault may come from.
        seed: the seed that they were drawn from; None where that is unknown.
    """
    paths = [assignment.path for assignment in assignments]
    empty = {_parent(p.path) for p in context.parameters if not math.prod(p.shape)}
    readings = [
        Reading(assignment, skipped="its kernel is empty, so that it has no fan")
        if _parent(assignment.path) in empty and _has_fans(assignment.spec)
        else look(assignment, array, seed, assignment.name)
        for assignment, array in zip(assignments, values(paths), strict=True)
    ]
    by_path = dict(zip(paths, readings, strict=True))

    def again(paths: Sequence[str]) -> Iterator[Array]:
        for path, array in zip(paths, values(paths), strict=True):
            yield unchanged(by_path[path], array)

    members = [
        Member(reading.assignment, measured)
        for reading in readings
        for measured in reading.measured
    ]
    groups = groups_of(members)
    tests = sum(member.measured.tests for member in members) + len(POOLED) * len(groups)
    level = one_stage(tests).first
    findings = {reading.assignment.path: list(reading.findings) for reading in readings}
    copied = set()
    prints = [reading.fingerprint for reading in readings if reading.fingerprint]
    for finding in copies(prints, lambda path: next(again([path]))):
        findings[finding.path].append(finding)
        copied.add(finding.path)
    rejected = {path: _rejected(by_path[path], level, path in copied) for path in paths}
    failed = {id(measured) for pieces in rejected.values() for measured, _ in pieces}
    failing = []
    to_read = [path for path in paths if any(checks for _, checks in rejected[path])]
    for path, array in zip(to_read, again(to_read), strict=True):
        reading = by_path[path]
        findings[path] += _diagnosed(reading, array, rejected[path], level, context)
        failing.append((reading, 0.0 if path in copied else dependence(array)))
    _mark_trained(findings, failing)
    every = [finding for several in findings.values() for finding in several]
    every += _pooled(groups, level, failed)
    return every, readings, tests


def assert_model_initialized(
    model: Any,
    recipe: str | Recipe | Sequence[Rule],
    *,
    seed: int | None = None,
    names: Names = None,
    only: Only = None,
    inputs: Any = None,
    **numbers: float,
) -> None:
    """Assert that a model is what a recipe makes: `audit_model` in a line of a test.

    Raises:
        AssertionError: it is not, with every finding.
        InitSpecError: see `audit_model`.
    """
    __tracebackhide__ = True  # pytest shows the line of the test alone
    audit = audit_model(model, recipe, seed=seed, names=names, only=only, inputs=inputs, **numbers)
    if not audit.passed:
        raise AssertionError(str(audit))


def _parent(path: str) -> str:
    """Return the path of the layer of a parameter."""
    return path.rpartition(".")[0]


def _has_fans(spec: InitSpec | None) -> bool:
    return spec is not None and isinstance(spec.variance, FanRule)


def _rejected(reading: Reading, level: float, copied: bool) -> list[tuple[Measured, list[str]]]:
    """Return the pieces of which a check was rejected, with those that nothing explains already."""
    explained = set[str]()
    if copied:
        explained |= {*DEPENDENCE, *DTYPE}
    if any(finding.kind == "coarse dtype" for finding in reading.findings):
        explained |= set(DTYPE)
    pieces = []
    for measured in reading.measured:
        names = [name for name, evidence in measured.evidence.items() if rejects(evidence, level)]
        if names:
            pieces.append((measured, [name for name in names if name not in explained]))
    return pieces


def _diagnosed(
    reading: Reading,
    values: Array,
    rejected: list[tuple[Measured, list[str]]],
    level: float,
    context: Context,
) -> Iterator[ModelFinding]:
    """Yield what is wrong with the pieces of which a check was rejected."""
    pieces = {piece.name: piece for piece in judgeable(reading.assignment, values, [])}
    for measured, names in rejected:
        if names:
            piece = pieces[measured.name]
            for finding in diagnose(reading.assignment, piece, measured, names, level, context):
                computed = reading.assignment.parameter.computed
                yield replace(finding, looks_like=COMPUTED) if computed else finding


COMPUTED = "what a parametrization of the weight computes: it is not what is drawn"
"""What a weight that fails looks like where it is computed, as by spectral_norm."""


def _mark_trained(
    findings: dict[str, list[ModelFinding]], failing: Sequence[tuple[Reading, float]]
) -> None:
    """Mark as trained the matrices whose rows depend on each other, and the vectors beside them.

    Matrices that fail alone and show it only together are marked together: sums of independent z
    have the same bound. Vectors are marked where most of the matrices that fail are.
    """
    matrices = [
        (reading, z)
        for reading, z in failing
        if len(reading.assignment.shape) > 1 and _is_random(reading)
    ]
    trained = [(reading, z) for reading, z in matrices if z > TRAINED]
    rest = [(reading, z) for reading, z in matrices if 0 < abs(z) <= TRAINED]
    together = sum(z for _, z in rest) / math.sqrt(max(len(rest), 1))
    if together > TRAINED:
        trained += rest
    for reading, z in trained:
        path = reading.assignment.path
        by_law = [finding for finding in findings[path] if finding.kind in OF_A_LAW]
        if by_law:
            more = "" if z > TRAINED else f", with {len(rest) - 1} others z = {together:.1f}"
            message = f"its rows depend on each other, z = {z:.1f}{more}; {by_law[0].message}"
            looks = "weights that were trained, loaded or computed"
            others = [finding for finding in findings[path] if finding.kind not in OF_A_LAW]
            findings[path] = [*others, ModelFinding(path, "trained", message, looks)]
    if 2 * len(trained) <= len(matrices):
        return
    for reading, _ in failing:
        path = reading.assignment.path
        several = findings[path]
        if len(reading.assignment.shape) < 2 and all(f.kind in OF_A_LAW for f in several):
            looks = "it changed beside weights that were trained"
            findings[path] = [ModelFinding(path, "trained", several[0].message, looks)]


def _is_random(reading: Reading) -> bool:
    return any(measured.expected.family == "iid" for measured in reading.measured)


OF_A_LAW = ("mean", "std", "distribution", "support", "dependence", "value", "part")
"""The kinds of findings that training makes."""


def _pooled(
    groups: dict[str, tuple[Member, ...]], level: float, failed: set[int]
) -> Iterator[ModelFinding]:
    """Yield what the parameters of a group show together, of those that pass alone."""
    for name, members in groups.items():
        passing = tuple(member for member in members if id(member.measured) not in failed)
        if len(passing) < 2:
            continue
        for check in POOLED:
            together = pool(check, passing)
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
    checks = tuple(
        Checked(f"{measured.name} {name}".lstrip(), e.message, e.p_value, not rejects(e, level))
        for measured in reading.measured
        for name, e in measured.evidence.items()
    )
    return ParameterAudit(
        assignment.path, spec, size, tests, sees_mean, sees_std, reading.skipped, checks
    )
