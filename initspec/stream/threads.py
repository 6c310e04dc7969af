"""Write tiles on one thread or several; each thread takes the next tile when it is free."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from initspec.errors import TargetError
from initspec.stream.logical import Logical, Worker
from initspec.stream.tiles import Tile

THREADS = "INITSPEC_THREADS"
"""The environment variable that sets the number of threads; unset, a processor each, up to 4."""

_USUAL_THREADS = 4  # more wait for Python's lock: of 16 processors, 16 take twice as long as 4
_MOST_THREADS = 16  # each has 2 to 10 MiB of scratch


def work(logical: Logical, parts: Iterator[Tile]) -> None:
    """Write all tiles."""
    with worker() as lent:
        for tile in parts:
            logical.write(lent, tile)


@contextlib.contextmanager
def worker() -> Iterator[Worker]:
    """Lend a worker: its generator takes longer to make than a small weight to draw."""
    try:
        lent = _workers.pop()  # lists pop and append at once, whatever the threads do
    except IndexError:
        lent = Worker()
    yield lent
    _workers.append(lent)


def share(logical: Logical, parts: Iterator[Tile], threads: int) -> None:
    """Write tiles on several threads, this one included."""
    shared = _Shared(parts)
    helpers = []
    try:
        with contextlib.suppress(RuntimeError):  # the interpreter is shutting down
            helpers = [_pool().submit(work, logical, shared) for _ in range(threads - 1)]
        work(logical, shared)
    finally:
        shared.stop()  # after an error, such as Ctrl-C, there is nothing more to take
        wait(helpers)  # no thread writes to the memory after this
    for helper in helpers:
        helper.result()


class _Shared:
    """An iterator that several threads share."""

    def __init__(self, parts: Iterator[Tile]) -> None:
        self._parts, self._lock = parts, threading.Lock()

    def __iter__(self) -> _Shared:
        return self

    def stop(self) -> None:
        """Drop the remaining tiles."""
        with self._lock:
            self._parts = iter(())

    def __next__(self) -> Tile:
        with self._lock:
            return next(self._parts)


_workers: list[Worker] = []


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_THREADS - 1, thread_name_prefix="initspec")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a fork does not inherit threads


def threads_of(threads: int | None) -> int:
    """Return the number of threads: the argument, else the environment variable, else up to 4."""
    if threads is None:
        value = os.environ.get(THREADS)
        if value is None:
            return min(_USUAL_THREADS, _available())
        threads = int(value) if value.isascii() and value.isdigit() else 0
        if threads < 1:
            raise TargetError(f"{THREADS}={value!r}: set it to a positive integer, or not at all")
    elif isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise TargetError(f"threads={threads!r}: pass a positive integer, or None for up to 4")
    return min(_MOST_THREADS, threads)


def _available() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
