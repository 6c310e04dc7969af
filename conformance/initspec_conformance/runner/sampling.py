"""Call third-party draw functions on one thread, with a timeout, and validate the result."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from initspec.backend import Backend
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected
from initspec_conformance.runner.random_state import RandomState

_POLL = 0.1  # seconds between looks at the deadline and at whether the run was stopped


class BadDrawError(Exception):
    """A draw that cannot be judged: it raised, hung, or returned something else than the weight."""


class CallError(Exception):
    """What third-party code raised, as text: "KeyError: 'no such kernel'"."""


class TimeBudget:
    """How long some calls may take, all together.

    Args:
        seconds: the limit.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.spent = seconds, 0.0

    @property
    def left(self) -> float:
        """The seconds that are left, none or less where the time is up."""
        return self.seconds - self.spent


class _Call:
    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        self.begun, self.done = threading.Event(), threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class DrawThread:
    """Run third-party code on one thread, one call after the other.

    Backends need not be thread-safe, and may use global random state. While one draw is judged,
    the next is drawn. A call that outlives its deadline is left behind with its thread, because
    Python cannot stop a thread; the next call gets a new one.

    Libraries that are loaded when the thread starts have one thread of OpenMP on it. The cores may
    be taken by what judges: a QR on threads that wait for each other takes 100 times as long.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def __call__(self, function: Callable[[], Any], budget: TimeBudget) -> Any:
        """Return what `function` returns.

        Raises:
            CallError: it raised, `SystemExit` and `KeyboardInterrupt` included: a Ctrl-C of the
                user's is raised in the main thread, never in this one.
            TimeoutError: it took longer than was left of the budget.
        """
        if budget.left <= 0:
            raise TimeoutError
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
            self._wait(call, budget)
        if call.error is not None:
            raise CallError(_describe(call.error)) from call.error
        return call.result

    def _wait(self, call: _Call, budget: TimeBudget) -> None:
        begun = time.monotonic()
        end = begun + budget.left
        try:
            while not call.done.wait(_POLL):
                if self._closed or time.monotonic() > end:
                    self._thread = None
                    if self._closed:
                        raise RuntimeError("the run was stopped")
                    raise TimeoutError
        finally:
            budget.spent += time.monotonic() - begun

    def close(self) -> None:
        """Take no more calls, give up the one under way, and end the thread once it is idle."""
        self._closed = True
        with self._lock:  # a call that was being put before `None` has been served or given up
            self._calls.put(None)


def _serve(calls: queue.SimpleQueue[_Call | None]) -> None:
    threadpool_limits(1, user_api="openmp")  # of this thread alone
    while (call := calls.get()) is not None:
        call.begun.set()
        try:
            call.result = call.function()
        except BaseException as error:
            call.error = error
        call.done.set()


def _describe(error: BaseException) -> str:
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:  # a third party's exception may not even have a text
        return kind
    return f"{kind}: {text}" if text else kind


class Sampler:
    """Draws of one weight, each checked before anything is computed from it.

    Args:
        expected: what the draws should be.
        draw: draws the weight of a seed.
        thread: runs it.
        budget: how long all draws may take, together.
        backend: the source of the draws, and of the global random state of its framework.
    """

    def __init__(
        self,
        expected: Expected,
        draw: Callable[[int], Any],
        thread: DrawThread,
        budget: TimeBudget,
        backend: Backend[Any] | None = None,
    ) -> None:
        self._expected, self._draw = expected, draw
        self._shared = RandomState(backend)
        self._thread, self._budget = thread, budget
        self._begun = False
        self.moved: str = ""

    @property
    def slow(self) -> bool:
        """Whether a quarter of the time is spent: what can be left out then is."""
        return 4 * self._budget.spent > self._budget.seconds

    def __call__(self, seed: int, elsewhere: bool = False) -> Array:
        """Return the draw of a seed; `elsewhere`, with the global random state at another place.

        Raises:
            BadDrawError: it raised, hung, or is not finite numbers of the right shape and dtype.
        """
        try:
            result = self._thread(lambda: self._guarded(seed, elsewhere), self._budget)
        except TimeoutError:
            raise BadDrawError(
                f"the draw with seed {seed} hangs, or the machine is too busy: the draws of this "
                f"cell took longer than {self._budget.seconds:g} s"
            ) from None
        except CallError as error:
            raise BadDrawError(f"the draw with seed {seed} raised {error}") from error
        return self._checked(result, seed)

    def _guarded(self, seed: int, elsewhere: bool) -> Any:
        if elsewhere:
            with self._shared.elsewhere(seed ^ 0x5EED):
                return self._kept(seed)
        before = self._shared()
        result = self._kept(seed)
        after = self._shared()
        moved = [name for name in before if before[name] != after[name]]
        # The first draw may import a framework, and what is imported may draw.
        if moved and self._begun and not self.moved:
            self.moved = f"drawing with seed {seed} moved the global state of {' and '.join(moved)}"
        self._begun = True
        return result

    def _kept(self, seed: int) -> Array:
        """Return the draw of a seed, in memory of its own: the next draw may fill the same."""
        result = np.asarray(self._draw(seed))
        fits = result.shape == self._expected.shape and result.dtype == self._expected.numpy_dtype
        return result.copy() if fits else result

    def _checked(self, result: Array, seed: int) -> Array:
        expected = self._expected
        what = f"the draw with seed {seed}"
        if result.shape != expected.shape:
            raise BadDrawError(
                f"{what} has the shape {result.shape} where {expected.shape} was asked"
            )
        if result.dtype != expected.numpy_dtype:
            raise BadDrawError(
                f"{what} has the dtype {result.dtype} where {expected.dtype} was asked"
            )
        bad = int(result.size - np.isfinite(result).sum())
        if bad:
            raise BadDrawError(f"{what} has {bad} values that are NaN or infinite")
        if expected.family == "sparse" and not result.any():
            raise BadDrawError(f"{what} has nothing but zeros where {expected.entries} are others")
        return result
