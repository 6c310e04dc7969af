"""Cells judged on all cores, until they are done or somebody presses Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

from initspec.backend import Backend
from initspec_conformance.runner.sampling import Allowance, Caller, CallError

Item = TypeVar("Item")
Result = TypeVar("Result")

_VERSION = 120.0  # seconds that importing a framework may take


class Gathering(Generic[Item, Result]):
    """The results of some items, as far as they were reached.

    Args:
        work: makes the result of an item; called as work(item, caller), on several threads.
        workers: how many at a time; None takes the number of cores.

    Attributes:
        versions: the version of each backend, by name.
        results: by the place of the item.
        interrupted: whether Ctrl-C ended it early.
    """

    def __init__(self, work: Callable[[Item, Caller], Result], workers: int | None) -> None:
        self._work, self._workers = work, workers
        self.versions: dict[str, str] = {}
        self.results: dict[int, Result] = {}
        self.interrupted = False

    def __call__(
        self,
        backends: Sequence[Backend[object]],
        items: Sequence[Item],
        tell: Callable[[int, int, Result], None],
    ) -> None:
        """Work through the items.

        Args:
            backends: who is asked for a version.
            items: what to work on.
            tell: called as tell(how many are done, the place of the last, its result).
        """
        caller = Caller()
        workers = self._workers or os.cpu_count()
        pool = ThreadPoolExecutor(workers, thread_name_prefix="initspec-judge")
        try:
            self.versions = {str(backend.name): "" for backend in backends}
            for backend in backends:
                self.versions[str(backend.name)] = _version(backend, caller)
            # The cores are taken: threads of a BLAS beside them wait for each other, which makes a
            # small QR 160 times slower. Their number is one of the process, unless another limit
            # of threadpoolctl holds it; OpenMP's is one of each thread, see `Source`.
            with threadpool_limits(1, user_api="blas"):
                self._gather(pool, caller, items, tell)
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self._end(caller, pool)

    def _gather(
        self,
        pool: ThreadPoolExecutor,
        caller: Caller,
        items: Sequence[Item],
        tell: Callable[[int, int, Result], None],
    ) -> None:
        futures = {pool.submit(self._work, item, caller): i for i, item in enumerate(items)}
        for count, future in enumerate(as_completed(futures), 1):
            index = futures[future]
            self.results[index] = future.result()
            tell(count, index, self.results[index])

    def _end(self, caller: Caller, pool: ThreadPoolExecutor) -> None:
        """Let what is under way come to its next draw, however often Ctrl-C is pressed."""
        while True:
            try:
                caller.close()
                pool.shutdown(wait=True, cancel_futures=True)
            except KeyboardInterrupt:
                self.interrupted = True
            else:
                return


def _version(backend: Backend[object], caller: Caller) -> str:
    try:
        return str(caller(lambda: str(backend.version()), Allowance(_VERSION)))
    except (CallError, TimeoutError) as error:  # a stranger's: the report is written all the same
        why = str(error).partition(":")[0] or "it hangs"
        return f"of unknown version ({why})"
