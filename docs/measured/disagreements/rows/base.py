"""What a row is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from docs.measured.disagreements.results import Numbers

Measured = dict[str, Numbers]
"""What each place measured for one row."""


@dataclass(frozen=True)
class Row:
    """One disagreement.

    Attributes:
        id: its key in the results, and its anchor on the page.
        title: what one does.
        summary: the outcome in one line, with the numbers in it.
        text: the paragraph of the page, with the numbers in it.
        contradictions: what the numbers of a place do not bear out, a sentence each; empty where the claim
            holds there.
        picture: the picture, as SVG.
        code: Python that shows it and does it right.
        right: the line of initspec that is right.
        links: upstream issues, as (text, address).
    """

    id: str
    title: str
    summary: Callable[[Measured], str]
    text: Callable[[Measured], str]
    contradictions: Callable[[str, Numbers], list[str]]
    picture: Callable[[Measured], str]
    code: tuple[str, ...]
    right: str
    links: tuple[tuple[str, str], ...] = ()


def check(**claims: bool) -> list[str]:
    """Return the claims that do not hold, as words."""
    return [claim.replace("_", " ") for claim, holds in claims.items() if not holds]


def github(repository: str, number: int) -> tuple[str, str]:
    """Return the link to an issue."""
    return f"{repository}#{number}", f"https://github.com/{repository}/issues/{number}"
