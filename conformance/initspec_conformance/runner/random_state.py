"""The global random states: no draw may move them, and none may depend on them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from initspec.backend import HasRandomState


class RandomState:
    """The global random state of Python, NumPy and, where a backend gives it, its framework.

    Args:
        backend: gives its framework's, where it has one; see `initspec.backend.HasRandomState`.
    """

    def __init__(self, backend: object = None) -> None:
        self._framework = backend if isinstance(backend, HasRandomState) else None
        self._name = str(getattr(backend, "name", ""))

    def __call__(self) -> dict[str, Any]:
        """Return each state, by whose it is."""
        kind, keys, position, *rest = np.random.get_state(legacy=True)
        states = {
            "numpy.random": (kind, keys.tobytes(), position, *rest),  # type: ignore[union-attr]
            "random": random.getstate(),
        }
        return states | ({self._name: self._framework.random_state()} if self._framework else {})

    @contextmanager
    def elsewhere(self, seed: int) -> Iterator[None]:
        """Have all states at another place; afterwards they are as before."""
        with ExitStack() as after:
            after.callback(np.random.set_state, np.random.get_state())
            after.callback(random.setstate, random.getstate())
            np.random.seed(seed)
            random.seed(seed)
            if self._framework:
                after.enter_context(self._framework.elsewhere(seed))
            yield
