"""What `pytest --pyargs initspec_conformance -p initspec_conformance.plugin` runs."""

from __future__ import annotations

import pytest


# What a framework warns of is not what is judged here, even where a project makes errors of it.
@pytest.mark.filterwarnings("default")
def test_conformance(conformance_failures: list[str]) -> None:
    """A backend draws the law of a spec on one weight, or has a property of all backends."""
    if conformance_failures:
        pytest.fail("\n".join(conformance_failures), pytrace=False)
