"""Calling code that nobody vouches for: one call at a time, with a deadline, its result checked."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from initspec_conformance.arrays import Array
from initspec_conformance.target import Target

_GLANCE = 0.1  # seconds between looks at whether a call in progress is still wanted


class BadDrawError(Exception):
    """A draw that cannot be judged: it raised, hung, or returned something else than the weight."""


class _Call:
    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.begun, self.done = threading.Event(), threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class Caller:
    """Runs a backend's code on one thread, one call after the other.

    Backends need not be thread-safe, and may use global random state. While one draw is judged,
    the next is drawn. A call that outlives its deadline is left behind with its thread, because
    Python can stop no thread; the next call gets a new one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def __call__(self, function: Callable[[], Any], seconds: float) -> Any:
        """Return what `function` returns, or raise what it raises.

        Raises:
            TimeoutError: it took longer than `seconds`.
        """
        call = _Call(function)
        with self._lock:
            if self._closed:
                raise RuntimeError("the run was stopped")
            if self._thread is None:
                self._calls = queue.SimpleQueue()
                self._thread = threading.Thread(
                    target=_serve, args=(self._calls,), daemon=True, name="initspec-draws"
                )
                self._thread.start()
            self._calls.put(call)
            call.begun.wait()
            self._wait(call, seconds)
        if call.error is not None:
            raise call.error
        return call.result

    def _wait(self, call: _Call, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not call.done.wait(_GLANCE):
            if self._closed or time.monotonic() > end:
                self._thread = None
                if self._closed:
                    raise RuntimeError("the run was stopped")
                raise TimeoutError(f"took longer than {seconds:g} s")

    def close(self) -> None:
        """Take no more calls, give up the one under way, and end the thread once it is idle."""
        self._closed = True
        with self._lock:  # a call that was being put before `None` has been served or given up
            self._calls.put(None)


def _serve(calls: queue.SimpleQueue[_Call | None]) -> None:
    while (call := calls.get()) is not None:
        call.begun.set()
        try:
            call.result = call.function()
        except BaseException as error:
            call.error = error
        call.done.set()


Draw = Callable[[int], Any]
"""Draws the weight that a seed says."""


class Source:
    """Draws of one target, each checked before anything is computed from it.

    Args:
        target: what the draws should be.
        draw: draws the weight of a seed.
        caller: runs it.
        seconds: how long a draw may take.
    """

    def __init__(self, target: Target, draw: Draw, caller: Caller, seconds: float) -> None:
        self._target, self._draw = target, draw
        self._caller, self._seconds = caller, seconds
        self.moved: str = ""

    def __call__(self, seed: int) -> Array:
        """Return the draw of a seed.

        Raises:
            BadDrawError: it raised, hung, or is not finite numbers of the target's shape and dtype.
        """
        try:
            result = self._caller(lambda: self._guarded(seed), self._seconds)
        except TimeoutError as error:
            raise BadDrawError(f"the draw with seed {seed} {error}: it hangs") from None
        except Exception as error:
            raise BadDrawError(
                f"the draw with seed {seed} raised {type(error).__name__}: {error}"
            ) from error
        return self._checked(result, seed)

    def _guarded(self, seed: int) -> Any:
        before = _global_state()
        result = np.asarray(self._draw(seed))
        after = _global_state()
        moved = [name for name in before if before[name] != after[name]]
        if moved and not self.moved:
            self.moved = f"drawing with seed {seed} moved the global state of {' and '.join(moved)}"
        return result

    def _checked(self, result: Array, seed: int) -> Array:
        target = self._target
        what = f"the draw with seed {seed}"
        if result.shape != target.shape:
            raise BadDrawError(
                f"{what} has the shape {result.shape} where {target.shape} was asked"
            )
        if result.dtype != target.numpy_dtype:
            raise BadDrawError(
                f"{what} has the dtype {result.dtype} where {target.dtype} was asked"
            )
        bad = int(result.size - np.isfinite(result).sum())
        if bad:
            raise BadDrawError(f"{what} has {bad} values that are NaN or infinite")
        return result


def _global_state() -> dict[str, Any]:
    kind, keys, position, *rest = np.random.get_state(legacy=True)
    return {
        "numpy.random": (kind, keys.tobytes(), position, *rest),  # type: ignore[union-attr]
        "random": random.getstate(),
    }
