"""The page of `initspec list`."""

from __future__ import annotations

import inspect
from typing import Any

from initspec.api import InitSpec
from initspec.cli.console import Console
from initspec.cli.pages.layout import show_rows, show_text
from initspec.spec.constructors import CONSTRUCTORS
from initspec.spec.formula import formula

_EXAMPLES = {
    "sparse": "sparse(sparsity=0.9)",
    "constant": "constant(value=0.5)",
    "log_uniform": "log_uniform(low=0.001, high=0.1)",
    "ramp": "ramp(start=0.0, stop=1.0)",
    "repeat": "repeat(of=he_normal, times=4)",
}
"""Examples of the constructors with a required argument."""

_ALIASES = {"xavier": "glorot", "kaiming": "he"}


def rows() -> list[dict[str, Any]]:
    """Return every named spec with its distribution and arguments."""
    return [_row(name) for name in CONSTRUCTORS]


def show(rows: list[dict[str, Any]]) -> None:
    """Print a line for each spec, other names of one law left out."""
    console = Console()
    table = [(row["spec"], row["law"]) for row in rows if row["same_as"] is None]
    show_rows(console, ("spec", "distribution"), table)
    for old, new in _ALIASES.items():
        show_text(console, f"{old}_* is {new}_*", "dim")
    note = "Bounds of a cut are in standard deviations of the normal before the cut."
    show_text(console, note, "dim")


def _row(name: str) -> dict[str, Any]:
    """Return the row of one constructor."""
    first, _, rest = name.partition("_")
    example = InitSpec.parse(_EXAMPLES.get(name, name))
    return {
        "spec": _EXAMPLES.get(name, name),
        "law": formula(example).short,
        "same_as": f"{_ALIASES[first]}_{rest}" if first in _ALIASES else None,
        "arguments": list(inspect.signature(getattr(InitSpec, name)).parameters),
    }
