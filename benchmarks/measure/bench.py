"""What the measurements share: calls timed in turn, and what they come to."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import Any

import pytest

from benchmarks.measure import memory
from benchmarks.measure.processors import others, reading

Call = Callable[[], object]

_REST = 0.02
"""Seconds for which threads of OpenMP at most spin on after a call, in the time of the next one."""

clock = time.perf_counter
processor = time.process_time


def times(call: Call, loops: int = 1) -> tuple[float, float]:
    """Return the time of one call, the mean of `loops` in a row, and the processors' time of it."""
    work, start = processor(), clock()
    for _ in range(loops):
        call()
    return (clock() - start) / loops, (processor() - work) / loops


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return the median with the quartiles."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [*values] * 3
    return {"median": median(values), "low": low, "high": high, "rounds": len(values)}


class Bench:
    """Measurements of one test; what they come to goes into the report of pytest-benchmark."""

    def __init__(self, benchmark: Any, quick: bool, busy: bool) -> None:
        self._benchmark, self.quick, self._busy = benchmark, quick, busy
        self._budget = 0.01 if quick else 2.0 if busy else 5.0
        self._least, self._most = (2, 2) if quick else (6 if busy else 8, 100)
        self._before = reading()

    def size(self, full: int, quick: int = 64) -> int:
        """Return a size: the full one, or where only whether it runs is asked, a small one."""
        return min(full, quick) if self.quick else full

    def ratio(self, row: str, ours: Call, theirs: Call) -> None:
        """Record the time of `ours` over that of `theirs`: the median of pairs run in turn."""
        self._record(row, [a / b for (a, _), (b, _) in self._pairs(ours, theirs)])

    def work(self, row: str, ours: Call, theirs: Call) -> None:
        """Record the ratio of times, and as `{row}-processor` that of the processors' time.

        The latter is that of all threads: less than by the clock where theirs are more than ours.
        """
        self._needs_quiet()
        pairs = self._pairs(ours, theirs, rest=_REST)
        self._record(row, [a / b for (a, _), (b, _) in pairs])
        self._record(f"{row}-processor", [a / b for (_, a), (_, b) in pairs])

    def difference(self, row: str, ours: Call, theirs: Call, loops: int = 100) -> None:
        """Record how many microseconds a call of `ours` takes more than one of `theirs`."""
        self._needs_quiet()
        pairs = self._pairs(ours, theirs, 2 if self.quick else loops)
        self._record(row, [(a - b) * 1e6 for (a, _), (b, _) in pairs])

    def microseconds(self, row: str, ours: Call, loops: int = 100) -> None:
        """Record how many microseconds a call takes."""
        self._needs_quiet()
        pairs = self._pairs(ours, lambda: None, 2 if self.quick else loops)
        self._record(row, [a * 1e6 for (a, _), _ in pairs])

    def cpu(self, row: str, ours: Call) -> None:
        """Record how many seconds of a processor a call takes."""
        self._needs_quiet()
        taken: list[float] = []

        def once() -> None:
            taken.append(times(ours)[1])

        self._benchmark.pedantic(once, rounds=self._least, iterations=1, warmup_rounds=1)
        self._record(row, taken[1:])

    def process(
        self, row: str, place: str, module: str, *arguments: object, unit: int = 1 << 20
    ) -> None:
        """Record what a process of a module prints, in units: its peak memory in bytes, in MiB."""
        self._needs_quiet()
        measure = self._benchmark.pedantic
        (peak,) = measure(memory.printed, (place, module, *arguments), rounds=1, iterations=1)
        self._record(row, [peak / unit])

    def allocated(self, row: str, ours: Call) -> None:
        """Record the most that Python allocates in a call, in MiB."""
        self._needs_quiet()
        tracemalloc.start()
        self._benchmark.pedantic(ours, rounds=1, iterations=1)
        self._record(row, [tracemalloc.get_traced_memory()[1] / (1 << 20)])
        tracemalloc.stop()

    def memory(self, row: str, place: str, case: str, log2: int, unit: int | None = None) -> None:
        """Record the peak memory of a case beyond the result, over that of the framework's own.

        Args:
            row: the row's id.
            place: which frameworks the processes need.
            case: a case of `benchmarks.measure.memory`; its other side is the case "own-..." of
                the same name, where there is one.
            log2: of the number of elements.
            unit: the bytes of the row's unit; None is the size of the result.
        """
        self._needs_quiet()
        measure = self._benchmark.pedantic
        apart = not self.quick or case == memory.SEEDED
        peak, size = measure(memory.beyond, (place, case, log2, apart), rounds=1, iterations=1)
        self._record(row, [peak / (unit or size)])

    def sweep(
        self,
        curve: str,
        label: str,
        calls: Mapping[int, tuple[float, Call]],
        row: str = "",
        rounds: int = 7,
    ) -> None:
        """Record nanoseconds for a unit of work at growing sizes, all sizes run in turn.

        Args:
            curve: the line's id.
            label: its name in the picture.
            calls: the units of work and the call, by log2 of the elements.
            row: where the most that a unit takes at any size over the least is recorded, round by
                round.
            rounds: how often all sizes run.
        """
        self._needs_quiet()
        rounds, least = (2, 0.0) if self.quick else (rounds, 0.05)
        loops = {}
        for size, (_, call) in calls.items():
            call()
            loops[size] = max(1, int(least / max(times(call)[0], 1e-9)))
        taken: dict[int, list[float]] = {size: [] for size in calls}

        def one_round() -> None:
            for size, (work, call) in calls.items():
                taken[size].append(times(call, loops[size])[0] / work * 1e9)

        self._benchmark.pedantic(one_round, rounds=rounds, iterations=1)
        points = [[size, median(times)] for size, times in taken.items()]
        lines = self._benchmark.extra_info.setdefault("curves", {})
        taken_by_others = others(self._before, reading())
        lines[curve] = {"label": label, "points": points, "others": taken_by_others}
        if row:
            self._record(row, [max(unit) / min(unit) for unit in zip(*taken.values(), strict=True)])

    def _needs_quiet(self) -> None:
        if self._busy:
            pytest.skip("beside other work ratios alone are measured")

    def _pairs(
        self, ours: Call, theirs: Call, loops: int = 1, rest: float = 0.0
    ) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """Return the `times` of both, run in turn, each first as often as second, after a `rest`.

        pytest-benchmark times whole pairs: its own clock for ours and this one for theirs gave
        1.1 for a call of JAX against itself.
        """

        def timed(call: Call) -> tuple[float, float]:
            time.sleep(rest)
            return times(call, loops)

        for call in (theirs, ours):
            timed(call)
        one_pair = (timed(theirs)[0] + timed(ours)[0]) * loops
        twice = round(min(max(self._budget / one_pair, self._least), self._most) / 2)
        taken: list[tuple[tuple[float, float], tuple[float, float]]] = []

        def pair() -> None:
            if len(taken) % 2:
                own = timed(ours)
                taken.append((own, timed(theirs)))
            else:
                other = timed(theirs)
                taken.append((timed(ours), other))

        self._benchmark.pedantic(pair, rounds=2 * twice, iterations=1)
        return taken

    def _record(self, row: str, values: Sequence[float]) -> None:
        rows = self._benchmark.extra_info.setdefault("rows", {})
        rows[row] = spread(values) | {"others": others(self._before, reading())}
