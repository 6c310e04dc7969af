"""The native audit: the frameworks' own initializers, held against what is said of them."""

from __future__ import annotations

from initspec_conformance.native.audit import native_audit

__all__ = ["native_audit"]
