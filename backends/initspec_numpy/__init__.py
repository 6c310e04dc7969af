"""The NumPy backend: the reference, and all that is needed where there is no framework."""

from __future__ import annotations

from initspec_numpy.backend import NumpyBackend

backend = NumpyBackend()
