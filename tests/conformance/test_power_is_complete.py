"""No check is forgotten: each is deterministic, or its power is simulated under its deviation."""

import pytest
import test_power  # noqa: F401 - its tests declare what they simulate
import test_power_of_rest  # noqa: F401
from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.base import GROUPS, Check
from initspec_conformance.results.findings import Finding
from power import SIMULATED, simulates


@pytest.mark.parametrize("name", BATTERY)
def test_power_is_simulated(name):
    """A check that states what it sees has a test of it; one that is deterministic sees all."""
    check = BATTERY[name]
    own = type(check).min_discrepancy is not Check.min_discrepancy
    assert own == bool(check.unit)
    assert own or check.null.startswith("deterministic")
    assert not own or name in SIMULATED


def test_a_simulation_that_compares_nothing_is_seen():
    """The test above can fail: a test that only names a check does not count."""
    with pytest.raises(AssertionError, match="'mean'"):
        simulates("mean")(lambda: None)()
    simulates("mean")(lambda: BATTERY["mean"].min_discrepancy(100, None))()
    assert "min_discrepancy" not in vars(BATTERY["mean"])


@pytest.mark.parametrize("name", BATTERY)
def test_every_check_has_a_row(name):
    """Its group is one of the table's rows."""
    assert BATTERY[name].group in GROUPS


def test_a_finding_says_what_it_sees():
    """A number with its unit; nothing where any deviation is seen; words where none is."""
    told = {0.0: "", 0.0123: "0.012 sigma", float("inf"): "nothing: too few samples"}
    for least, text in told.items():
        finding = Finding("mean", "", 0.0, None, 1, least, "", passed=True, unit="sigma")
        assert finding.sees == text
        assert ("sees" in str(finding)) == bool(text)
