"""What a backend is, and how one is found."""

from __future__ import annotations

from initspec.backend.registry import GROUP, Backend, Status, backends, missing, usable

__all__ = ["GROUP", "Backend", "Status", "backends", "missing", "usable"]
