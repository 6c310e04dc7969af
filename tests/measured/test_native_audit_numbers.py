"""The numbers of the native audit are of checks that exist."""

from __future__ import annotations

from initspec_conformance.checks import BATTERY

from docs.measured.files import load
from docs.measured.native_audit.causes import CAUSES
from docs.measured.native_audit.measure import TELLING
from docs.measured.native_audit.page import PATH

CALLS = {"draws", "reproducible", "distinct_seeds", "global_state"}
"""What is asked of every call, beside the battery."""


def test_every_check_exists():
    """A check that is renamed is renamed in the numbers, the causes and the order of quoting."""
    failed = {
        check for audit in load(PATH).values() for c in audit["cells"] for check in c["failed"]
    }
    named = failed | set(TELLING) | {check for cause in CAUSES for check in cause.checks}
    assert named <= {*BATTERY, *CALLS}
