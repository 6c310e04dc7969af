"""A recipe of defaults against its framework: one law on freshly built layers.

Of each parameter values are pooled over builds, less the mean that the recipe declares and over its
std. Constants are equal, orthogonal weights orthogonal, and nothing lies beyond the support. The
framework's values are held to the law by the mean, the variance and eight Legendre moments of the
distribution function, of which the fourth is the kurtosis; and to what `initialize` draws by the
means of their first, second and fourth powers.

A test file raises a false alarm with a probability of at most 1e-6: each of its random statistics,
of which there are at most TESTS, has the level LEVEL. A std that is off by 5 % is seen with a
probability of 0.99: see tests/conformance/test_default_laws.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from initspec_conformance.checks.base import Check, rejects
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.moments import Mean, Variance
from initspec_conformance.checks.orthogonality import Orthogonality
from initspec_conformance.checks.shape import Legendre
from initspec_conformance.checks.support import Support
from initspec_conformance.expected.expected import Expected, expected_of
from initspec_conformance.statistics.error_rates import two_sided, upper

from initspec import InitSpec, Orthogonal, Std, TruncatedNormal
from initspec.distributions import Elementwise
from initspec.models.assignment import Assignment

TESTS = 1000
LEVEL = 1e-6 / TESTS
CHECKS: tuple[Check, ...] = (Mean(), Variance(), Legendre(), Support())
"""What holds one sample to its law; the last is no random statistic."""

Draw = Callable[[int], dict[str, np.ndarray]]


def check_defaults(assignments: Iterable[Assignment], theirs: Draw, ours: Draw) -> None:
    """Hold the assignments of a layer against builds of it.

    Args:
        assignments: those of the recipe.
        theirs: returns the parameters of a new layer by path, given the number of the build.
        ours: the same after `initialize`.

    Raises:
        AssertionError: a parameter starts otherwise.
    """
    assignments = list(assignments)
    built, drawn = pooled(assignments, theirs), pooled(assignments, ours)
    for assignment in assignments:
        where = f"{assignment.layer} {assignment.path} {assignment.shape}"
        values, others = built[assignment.path], drawn[assignment.path]
        if is_random(assignment.spec):
            check_sample(assignment.spec, values, where)
        if assignment.std:
            check_samples(values, others, where)


def statistics(assignments: Iterable[Assignment]) -> int:
    """Return how many random statistics `check_defaults` has."""
    return sum(
        3 + is_random(assignment.spec) * (len(CHECKS) - 1)
        for assignment in assignments
        if assignment.std
    )


def is_random(spec: InitSpec) -> bool:
    """Return whether the entries of a spec are independent draws."""
    family = spec.distribution
    return family.random and (spec.variance is not None or isinstance(family, Elementwise))


def needed(kurtosis: float, off: float = 0.95) -> int:
    """Return how many values show a std that is 0.95 times its own with a probability of 0.99."""
    return math.ceil((upper(LEVEL / 2) + upper(0.01)) ** 2 * (kurtosis - 1) / (1 - off**2) ** 2)


def unit(spec: InitSpec, n: int) -> Expected:
    """Return the law of a spec with mean 0 and std 1, on n values; as it is, where it has none."""
    family = spec.distribution
    if spec.variance is None:
        return expected_of(spec, (n,), None, "float32")
    if isinstance(family, TruncatedNormal):  # sigma is to be the std after the cut
        family = TruncatedNormal(family.lower, family.upper)
    return expected_of(InitSpec(family, Std(1.0)), (n,), None, "float32")


def check_sample(spec: InitSpec, values: np.ndarray, where: str) -> None:
    """Hold standardised values to the law of a spec."""
    expected = unit(spec, values.size)
    if spec.variance is None:
        values = spec.mean() + spec.std(values.shape) * values
    batch = Batch(expected, values.astype(np.float32)[None])
    for check in CHECKS:
        evidence = check.evidence_of(batch)
        assert not rejects(evidence, LEVEL), f"{where}: {check.name}: {evidence.message}"


def check_samples(values: np.ndarray, others: np.ndarray, where: str) -> None:
    """Hold two samples of standardised values against each other."""
    for power, name in ((1, "mean"), (2, "std"), (4, "kurtosis")):
        a, b = values**power, others**power
        z = (a.mean() - b.mean()) / math.sqrt(a.var() / a.size + b.var() / b.size)
        assert two_sided(z) > LEVEL, f"{where}: the {name} of two samples is {z:+.1f} sigma off"


def pooled(assignments: list[Assignment], draw: Draw) -> dict[str, np.ndarray]:
    """Return the standardised values of each parameter, of as many builds as its law needs."""
    values: dict[str, list[np.ndarray]] = {assignment.path: [] for assignment in assignments}
    short, build = assignments, 0
    while short:
        drawn = draw(build)
        assert set(drawn) == set(values)
        for assignment in short:
            values[assignment.path].append(standardised(assignment, drawn[assignment.path]))
        build += 1
        short = [a for a in short if a.std and sum(map(len, values[a.path])) < needed(kurtosis(a))]
    return {path: np.concatenate(arrays) for path, arrays in values.items()}


def kurtosis(assignment: Assignment) -> float:
    """Return the kurtosis of an assignment's values."""
    spec = assignment.spec
    return unit(spec, 2).rounding.moments[2] if is_random(spec) else 2.0


def standardised(assignment: Assignment, value: np.ndarray) -> np.ndarray:
    """Return the entries less their mean, over their std.

    Raises:
        AssertionError: what is to be constant or orthogonal is not, or a value is not finite.
    """
    where = f"{assignment.layer} {assignment.path} {assignment.shape}"
    assert value.shape == assignment.shape, where
    whole = np.ones(value.shape, bool)
    for part in reversed(assignment.parts):
        assert not part.spec.distribution.random, where
        np.testing.assert_array_equal(value[part.index], part.spec.mean(), f"{where} {part.name}")
        whole[part.index] = False
    spec = assignment.spec
    if isinstance(spec.distribution, Orthogonal):
        expected = expected_of(spec, value.shape, assignment.axes, "float32")
        Orthogonality().assert_holds(value[None].astype(np.float32), expected)
    entries = value[whole].astype(np.float64)
    assert np.isfinite(entries).all(), where
    if not assignment.std:
        exact = spec.to_numpy(str(assignment.axes), seed=0)(value.shape)[whole]
        np.testing.assert_allclose(entries, exact, rtol=1e-6, atol=1e-7, err_msg=where)
        return np.zeros_like(entries)
    return (entries - assignment.mean) / assignment.std
