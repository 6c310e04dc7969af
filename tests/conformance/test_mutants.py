"""The suite can fail: every mutant is caught, by the check that is meant for it."""

from pathlib import Path

import pytest
from initspec_conformance.checks import BATTERY, checks_of
from initspec_conformance.checks.calls import CALLS
from initspec_conformance.runner.levels import LEVELS
from initspec_conformance.runner.properties import PROPERTIES
from initspec_conformance.statistics.error_rates import two_stages
from mutants import CATALOGUE, EQUIVALENT, MUTANTS, Mutant, mutant_matrix
from verdicts import golden, verdict

from initspec.backend import Backend

VERDICTS = (Path(__file__).parent / "verdicts.txt").read_text("utf-8").splitlines()


def test_verdicts_are_complete():
    """The committed lines are those of every mutant and of every golden vector, in their order."""
    lines = [line.rsplit(" | ", 2)[0] for line in VERDICTS if line.startswith("mutant")]
    assert lines == [f"mutant | {kind.name}" for kind in CATALOGUE]
    assert [line for line in VERDICTS if line.startswith("golden")] == list(golden())


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
    assert verdict(row) in VERDICTS


@pytest.mark.parametrize("nonce", [0, 1, 2])
@pytest.mark.parametrize("kind", EQUIVALENT, ids=ids(EQUIVALENT))
def test_equivalent_mutants_are_not(kind, nonce):
    """What is Haar after all is rejected by nothing, with three sets of seeds."""
    matrix = mutant_matrix("default", mutants=[kind], nonce=nonce)
    assert matrix.rows[0].caught == ()
    assert matrix.passed
    assert verdict(matrix.rows[0]) in VERDICTS


WEIGHTS = {
    kind().expected: kind for kind in MUTANTS if kind.level == "quick" and max(kind.shape) > 8
}


@pytest.mark.parametrize("kind", WEIGHTS.values(), ids=[str(weight) for weight in WEIGHTS])
def test_what_catches_mutants_passes_the_unspoiled(kind):
    """The same backend without the fault passes every check of the mutant's weight."""
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
    known = {*BATTERY, *CALLS, *(prop.name for prop in PROPERTIES)}
    for kind in CATALOGUE:
        assert kind.__doc__ not in (None, kind.__mro__[1].__doc__), kind
        assert kind.level in ("quick", "default")
        assert not kind.caught_by or kind.caught_by in known
        assert isinstance(kind(), Backend)
    # `resolution` is of initspec itself: a backend has no part in it.
    assert known - {kind.caught_by for kind in MUTANTS} == {"resolution"}


def test_levels_are_those_that_the_prediction_allows():
    """What a mutant is off by is at least what its check sees at its level, at that of stage 1."""
    seen = 0
    for kind in MUTANTS:
        mutant, check = kind(), BATTERY.get(kind.caught_by)
        if check is None or mutant.predicted() is None:
            continue
        expected = mutant.expected
        assert check.applies(expected)
        draws = LEVELS[kind.level].draws(expected, 0)
        n = draws * (expected.layout.stack if expected.family == "haar" else expected.size)
        rates = two_stages(len(CALLS) + len(checks_of(expected)) + len(PROPERTIES))
        assert mutant.predicted() >= check.min_discrepancy(n, expected, rates), mutant.name
        seen += 1
    assert seen >= 40


def test_a_missed_mutant_is_reported():
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
    matrix = mutant_matrix("quick", mutants=kinds)
    quick = [kind for kind in kinds if kind.level == "quick"]
    lines = str(matrix).splitlines()
    assert lines[0].startswith(f"{len(quick)} of {len(quick)} mutants are caught")
    for kind in quick:
        (line,) = (line for line in lines if line.startswith(f"{kind.name} "))
        assert line.count("#") == 1
