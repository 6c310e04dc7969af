"""The mixin by which Jupyter finds the HTML of an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar


class HtmlRepr:
    """A value that notebooks show as a page."""

    __slots__ = ()

    # Set by `initspec` to the function of `initspec.display`, which lies above what it shows.
    _to_html: ClassVar[Callable[[object], str]]

    def _repr_html_(self) -> str:
        return HtmlRepr._to_html(self)
