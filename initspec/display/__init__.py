"""How specs, axes and comparisons look in a notebook and in the docs."""

from __future__ import annotations

from initspec.display.html import to_html

__all__ = ["to_html"]
