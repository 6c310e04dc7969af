"""Judge cells on all cores, until they are done or Ctrl-C is pressed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

from initspec.backend import Backend
from initspec_conformance.runner.sampling import CallError, DrawThread, TimeBudget

Item = TypeVar("Item")
Result = TypeVar("Result")

_VERSION = 120.0  # seconds that importing a framework may take


@dataclass
class Outcome(Generic[Result]):
    """What became of some items, as far as they were reached.

    Attributes:
        versions: the version of each backend, by name.
        results: by the place of the item.
        interrupted: whether Ctrl-C ended it early.
    """

    versions: dict[str, str] = field(default_factory=dict)
    results: dict[int, Result] = field(default_factory=dict)
    interrupted: bool = False


def run_parallel(
    work: Callable[[Item, DrawThread], Result],
    items: Sequence[Item],
    backends: Sequence[Backend[object]],
    done: Callable[[int, int, Result], None],
    workers: int | None = None,
) -> Outcome[Result]:
    """Work through items on several threads; all draws come from one more.

    Args:
        work: makes the result of an item.
        items: what to work on.
        backends: their versions are read first, which loads their frameworks.
        done: called as done(how many are, the place of the last, its result).
        workers: how many at a time; None takes the number of cores.
    """
    outcome: Outcome[Result] = Outcome({str(backend.name): "" for backend in backends})
    thread = DrawThread()
    pool = ThreadPoolExecutor(workers or os.cpu_count(), thread_name_prefix="initspec-judge")
    try:
        for backend in backends:
            outcome.versions[str(backend.name)] = version_of(backend)
        # The cores are taken: threads of a BLAS beside them wait for each other, which makes a
        # small QR 160 times slower. Their number is one of the process, unless another limit of
        # threadpoolctl holds it.
        with threadpool_limits(1, user_api="blas"):
            futures = {pool.submit(work, item, thread): i for i, item in enumerate(items)}
            for count, future in enumerate(as_completed(futures), 1):
                index = futures[future]
                outcome.results[index] = future.result()
                done(count, index, outcome.results[index])
    except KeyboardInterrupt:
        outcome.interrupted = True
    finally:
        outcome.interrupted |= _end(thread, pool)
    return outcome


def _end(thread: DrawThread, pool: ThreadPoolExecutor) -> bool:
    """Let what is under way come to its next draw; return whether Ctrl-C was pressed meanwhile."""
    interrupted = False
    while True:
        try:
            thread.close()
            pool.shutdown(wait=True, cancel_futures=True)
        except KeyboardInterrupt:
            interrupted = True
        else:
            return interrupted


def version_of(backend: Backend[object]) -> str:
    """Return the version of a backend, whose framework is loaded by this."""
    thread = DrawThread()
    try:
        return str(thread(lambda: str(backend.version()), TimeBudget(_VERSION)))
    except (CallError, TimeoutError) as error:  # the report is written all the same
        why = str(error).partition(":")[0] or "it hangs"
        return f"of unknown version ({why})"
    finally:
        thread.close()
