"""What the tests of whole models share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from initspec.models import owner
from tests.core.models.fake import FakeBackend


@pytest.fixture(scope="module", autouse=True)
def framework() -> Iterator[None]:
    """Let models be those of the fake backend alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, "registered", lambda: ["fake"])
        patch.setattr(owner, "load", {"fake": FakeBackend()}.get)
        yield
