"""A call that is refused."""

from __future__ import annotations

import pytest

from initspec import InitSpecError


def refuse(call, *says, kind=InitSpecError):
    """Assert that `call` raises `kind` with each of `says` in its message."""
    with pytest.raises(kind) as caught:
        call()
    for words in says:
        assert words in str(caught.value), str(caught.value)
