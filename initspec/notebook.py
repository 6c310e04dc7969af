"""The mixin by which Jupyter finds the HTML of an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar


class HtmlRepr:
    """A value that notebooks show as a page.

    Attributes:
        to_html: makes the page. `initspec` sets it to that of `initspec.display`, which lies above
            the values that it shows.
    """

    __slots__ = ()

    to_html: ClassVar[Callable[[object], str]]

    def _repr_html_(self) -> str:
        return HtmlRepr.to_html(self)
