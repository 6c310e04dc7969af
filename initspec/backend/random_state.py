"""A framework's global random numbers, for whoever watches that a backend leaves them alone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable


@runtime_checkable
class HasRandomState(Protocol):
    """A backend whose framework has a global random state; the two methods are optional."""

    def random_state(self) -> bytes:
        """Return the state, to be compared with another; this may import the framework."""

    def elsewhere(self, seed: int) -> AbstractContextManager[None]:
        """Return a context in which the state is that of a seed; afterwards it is as before.

        Args:
            seed: in [0, 2^31).
        """
