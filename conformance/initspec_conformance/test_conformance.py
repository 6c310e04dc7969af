"""What `pytest --pyargs initspec_conformance -p initspec_conformance.plugin` runs."""

from __future__ import annotations


def test_conformance(conformance_failures: list[str]) -> None:
    """A backend draws what a spec says on one weight, or has one of the properties of backends."""
    assert not conformance_failures, "\n".join(conformance_failures)
