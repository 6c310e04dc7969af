"""The suite can fail: every mutant is caught, by the check that is meant for it."""

import pytest
from initspec_conformance.checks import BATTERY
from initspec_conformance.mutants import CATALOGUE, EQUIVALENT, MUTANTS, Mutant, mutant_matrix
from initspec_conformance.runner import judge
from initspec_conformance.runner.levels import LEVELS
from initspec_conformance.runner.properties import PROPERTIES
from initspec_conformance.statistics.error_rates import two_stages

from initspec.backend import Backend


def ids(kinds):
    """Return the names of mutants."""
    return [kind.name for kind in kinds]


@pytest.mark.parametrize("kind", MUTANTS, ids=ids(MUTANTS))
def test_mutants_are_caught(kind):
    """At the level that it declares, the check meant for it rejects."""
    matrix = mutant_matrix("default", mutants=[kind])
    (row,) = matrix.rows
    assert row.level == kind.level
    assert kind.caught_by in row.caught, str(matrix)
    assert row.meant.reproduce
    assert matrix.passed


@pytest.mark.parametrize("nonce", [0, 1, 2])
@pytest.mark.parametrize("kind", EQUIVALENT, ids=ids(EQUIVALENT))
def test_equivalent_mutants_are_not(kind, nonce):
    """What is Haar after all is rejected by nothing, with three sets of seeds."""
    matrix = mutant_matrix("default", mutants=[kind], nonce=nonce)
    assert matrix.rows[0].caught == ()
    assert matrix.passed


TARGETS = {kind().target: kind for kind in MUTANTS if kind.level == "quick" and max(kind.shape) > 8}


@pytest.mark.parametrize("kind", TARGETS.values(), ids=[str(target) for target in TARGETS])
def test_what_catches_mutants_passes_the_unspoiled(kind):
    """The same backend without the fault passes every check of the mutant's target."""
    right = type(
        "Right",
        (Mutant,),
        {"spec": kind.spec, "shape": kind.shape, "axes": kind.axes, "dtype": kind.dtype},
    )
    matrix = mutant_matrix("quick", mutants=[right])
    assert matrix.rows[0].caught == (), str(matrix)


def test_the_catalogue():
    """Forty or more, each with a name of its own, a docstring, and a check for every check."""
    assert len(MUTANTS) >= 40
    assert len(set(ids(CATALOGUE))) == len(CATALOGUE)
    known = {*BATTERY, *judge.CALLS, *(prop.name for prop in PROPERTIES)}
    for kind in CATALOGUE:
        assert kind.__doc__ not in (None, kind.__mro__[1].__doc__), kind
        assert kind.level in ("quick", "default")
        assert not kind.caught_by or kind.caught_by in known
        assert isinstance(kind(), Backend)
    # `resolved` is of initspec itself: a backend has no part in it.
    assert known - {kind.caught_by for kind in MUTANTS} == {"resolution"}


def test_levels_are_those_that_the_prediction_allows():
    """What a mutant is off by is at least what its check sees at its level, at that of stage 1."""
    seen = 0
    for kind in MUTANTS:
        mutant, check = kind(), BATTERY.get(kind.caught_by)
        if check is None or mutant.predicted() is None:
            continue
        target = mutant.target
        assert check.applies(target)
        draws = LEVELS[kind.level].draws(target, 0)
        n = draws * (target.layout.stack if target.family == "haar" else target.size)
        rates = two_stages(len(judge.tests_of(target)) + len(PROPERTIES))
        assert mutant.predicted() >= check.min_discrepancy(n, target, rates), mutant.name
        seen += 1
    assert seen >= 40


def test_a_missed_mutant_is_told():
    """A mutant that its check does not see makes the matrix fail, and say so."""

    class Harmless(Mutant):
        """Nothing is wrong with it."""

        caught_by = "variance"

    matrix = mutant_matrix("quick", mutants=[Harmless])
    assert not matrix.passed
    assert "0 of 1 mutants" in str(matrix)
    assert "harmless (he_normal 64x96[out in] float32, quick): std" in str(matrix)


def test_the_matrix_as_text():
    """A line a mutant: a mark for each check that looked at it."""
    kinds = [kind for kind in CATALOGUE if kind.caught_by in ("draws", "fixed")]
    told = []
    matrix = mutant_matrix("quick", lambda *call: told.append(call), mutants=kinds)
    quick = [kind for kind in kinds if kind.level == "quick"]
    assert [call[:2] for call in told] == [(i + 1, len(quick)) for i in range(len(quick))]
    assert all(call[3] for call in told)
    lines = str(matrix).splitlines()
    assert lines[0].startswith(f"{len(quick)} of {len(quick)} mutants are caught")
    for kind in quick:
        (line,) = (line for line in lines if line.startswith(f"{kind.name} "))
        assert line.count("#") == 1
