"""The share of the processors' time that other processes take during a measurement.

The load average would not do: it looks back over a minute, counts the measured process itself, and
counts processes that are stopped.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_STAT = Path("/proc/stat")


@dataclass(frozen=True)
class Reading:
    """Seconds of the processors up to now.

    Attributes:
        all: what all processes have taken of the processors that this one may use.
        own: what this one has taken, with its children that have ended.
        offered: what has been there to take.
    """

    all: float
    own: float
    offered: float


def reading() -> Reading | None:
    """Read the processors' time; None where there is no `/proc/stat`."""
    if not _STAT.exists():
        return None
    own = sum(os.times()[:4])
    ticks = [_busy(line) for line in _STAT.read_text("ascii").splitlines() if _usable(line)]
    return Reading(sum(ticks) / os.sysconf("SC_CLK_TCK"), own, len(ticks) * time.monotonic())


def _usable(line: str) -> bool:
    """Return whether a line is of a processor that this process may use."""
    name = line.split(maxsplit=1)[0].removeprefix("cpu")
    return line.startswith("cpu") and name.isdigit() and int(name) in os.sched_getaffinity(0)


def _busy(line: str) -> int:
    """Return the ticks that a processor was not idle; those of guests are in those of users."""
    user, nice, system, _idle, _wait, irq, soft, steal = map(int, line.split()[1:9])
    return user + nice + system + irq + soft + steal


def others(before: Reading | None, after: Reading | None) -> float | None:
    """Return the share that others have taken between two readings, of all that was offered.

    None where it cannot be read: there is no `/proc/stat`, or it does not even count this process,
    as in some containers.
    """
    if before is None or after is None:
        return None
    total, own = after.all - before.all, after.own - before.own
    offered = after.offered - before.offered
    if offered <= 0 or total < own / 2:
        return None
    return min(1.0, max(0.0, total - own) / offered)
