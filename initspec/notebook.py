"""What Jupyter asks of an object that it shows."""

from __future__ import annotations


class HtmlRepr:
    """A value that notebooks show as a page; `initspec.display` has one for each type."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        # The one import that runs upwards: Jupyter asks the object itself.
        from initspec.display import to_html

        return to_html(self)
