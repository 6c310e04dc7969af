"""No check is forgotten: each is deterministic, or its power is simulated under its deviation."""

import ast
from pathlib import Path

import pytest
from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.base import Check
from initspec_conformance.results.findings import Finding

HERE = Path(__file__).parent
FILES = [HERE / "test_power.py", HERE / "test_power_of_rest.py"]


def texts(node, constants):
    """Return the texts in a part of a file, those of the constants that it names included."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            found.add(part.value)
        if isinstance(part, ast.Name):
            found |= constants.get(part.id, set())
    return found


def simulated(source):
    """Return what the tests of a file name that compare a simulation with `min_discrepancy`."""
    module, constants, found = ast.parse(source), {}, set()
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = texts(node.value, {})
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            called = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            if "min_discrepancy" in called:
                found |= texts(node, constants)
    return found


SIMULATED = set.union(*(simulated(path.read_text("utf-8")) for path in FILES))


@pytest.mark.parametrize("name", BATTERY)
def test_power_is_simulated(name):
    """A check that states what it sees has a test of it; one that is deterministic sees all."""
    check = BATTERY[name]
    own = type(check).min_discrepancy is not Check.min_discrepancy
    assert own == bool(check.unit)
    assert own or check.null.startswith("deterministic")
    assert not own or name in SIMULATED


def test_a_forgotten_check_is_seen():
    """The test above can fail: a test that only names a check does not count."""
    assert simulated('def test_it():\n    replicates("mean")') == set()
    assert "mean" not in simulated('def helper():\n    x.min_discrepancy\n    "mean"')
    assert simulated('N = ("mean",)\ndef test_it():\n    N, x.min_discrepancy') == {"mean"}


def test_a_finding_says_what_it_sees():
    """A number with its unit; nothing where any deviation is seen; words where none is."""
    told = {0.0: "", 0.0123: "0.012 sigma", float("inf"): "nothing: too few samples"}
    for least, text in told.items():
        finding = Finding("mean", "", 0.0, None, 1, least, "", passed=True, unit="sigma")
        assert finding.sees == text
        assert ("sees" in str(finding)) == bool(text)
