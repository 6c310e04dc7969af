"""The class `Propagation`, the result of `propagate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from initspec.propagation.result import Result

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.figure import Figure


class Propagation(Result):
    """The numbers of a network that was run, and their picture."""

    def plot(self, path: str | PathLike[str] | None = None, dark: bool = False) -> Figure:
        """Draw histograms, the standard deviations against the theory, and the singular values.

        Args:
            path: where to save the picture: PNG, SVG or PDF by its suffix; None saves nothing.
            dark: light text on a dark ground.

        Returns:
            The `matplotlib.figure.Figure`.

        Raises:
            NetworkError: matplotlib is not installed, or cannot write such a file.
        """
        from initspec.propagation.plot import plot  # matplotlib is slow to load, and an extra

        return plot(self, path, dark)
