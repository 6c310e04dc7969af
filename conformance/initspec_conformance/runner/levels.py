"""How much a run draws: quick, default, thorough."""

from __future__ import annotations

from dataclasses import dataclass

from initspec.errors import InitSpecError, unknown
from initspec_conformance.expected.expected import Expected
from initspec_conformance.statistics.error_rates import GROWTH

BATCH = 1 << 19
"""How many elements are judged at a time, at least one draw."""

_CALL = 512
"""Below this size a call costs more than its elements, so fewer draws are made."""


@dataclass(frozen=True)
class Level:
    """How much is drawn.

    Attributes:
        name: its name.
        entries: the elements of stage 1, over all draws.
        matrices: the matrices of stage 1 for orthogonal families, at most.
        seconds: how long the draws of a cell may take before it counts as hanging.
    """

    name: str
    entries: int
    matrices: int
    seconds: float

    def draws(self, expected: Expected, stage: int) -> int:
        """Return how many draws a stage takes: 2 at least, stage 1 `entries` / 512 at most."""
        if expected.family in ("fixed", "empty"):
            return 2
        wanted = -(-self.entries // expected.size)
        if expected.family == "haar":
            # Statistics of whole matrices need many, and a call costs more than a small matrix: a
            # quarter of them where each is a draw of its own, fewer where they are large.
            each = expected.layout.stack
            affordable = max(min(self.matrices * (1 << 14) // expected.size, self.matrices // 4), 8)
            wanted = max(wanted, min(-(-self.matrices // each), affordable))
        return max(min(wanted, self.entries // _CALL, 4096), 2) * int(GROWTH**stage)


LEVELS = {
    level.name: level
    for level in (
        Level("quick", 1 << 18, 1 << 10, 120.0),
        Level("default", 1 << 21, 1 << 12, 120.0),
        Level("thorough", 1 << 24, 1 << 14, 600.0),
    )
}


def level_of(level: str | Level) -> Level:
    """Return the level of a name.

    Raises:
        InitSpecError: there is none of this name.
    """
    if isinstance(level, Level):
        return level
    if not isinstance(level, str) or level not in LEVELS:
        raise InitSpecError(unknown("level", level, LEVELS))
    return LEVELS[level]
