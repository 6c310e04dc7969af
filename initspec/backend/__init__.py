"""What a backend is, and how one is found."""

from __future__ import annotations

from initspec.backend.registry import GROUP, Backend, Status, backends, missing, usable
from initspec.spec.value import Spec

__all__ = ["GROUP", "Backend", "Spec", "Status", "backends", "missing", "usable"]
