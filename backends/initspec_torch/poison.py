"""Values that new memory has before anything writes it.

torch's own `fill_uninitialized_memory` has one value for each dtype, which a model may well have:
True, or the largest integer. It comes with deterministic algorithms, which factories switch too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from initspec_torch.wrapped import inner_tensors

BYTES = (0xFF, 0x40)
"""Each byte of memory with the first and the second poison. Floats are NaN with the first, which
survives casts and arithmetic, and about 3 with the second; integers are -1 or their largest with
the first."""
_TRUTHS = (1, 0)
_GROW = ("resize_", "resize_as_")
"""Operations that give a tensor more memory than it had."""


@contextmanager
def poisoned(poison: int) -> Iterator[None]:
    """Fill the new memory of this thread, and of threads that it starts, with a poison."""
    state = _State(poison)
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=devices), state.threads(), state.storages():
        try:
            with _Mode(state):
                yield
        finally:
            state.ended = True  # a pool of threads may go on


def byte_of(dtype: torch.dtype, poison: int) -> int:
    """Return what each byte of memory is with a poison; a bool has but two."""
    return (_TRUTHS if dtype == torch.bool else BYTES)[poison]


class _State:
    """A poison, and where it is filled in."""

    def __init__(self, poison: int) -> None:
        self.poison = poison
        self.ended = False

    def fill(self, storage: torch.UntypedStorage, dtype: torch.dtype, start: int = 0) -> None:
        """Fill memory from a byte on."""
        if not self.ended and start < storage.nbytes() and storage.device.type != "meta":
            memory = torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)
            memory[start:].fill_(byte_of(dtype, self.poison))

    @contextmanager
    def threads(self) -> Iterator[None]:
        """Have threads that start poisoned too: a dispatch mode is that of one thread."""
        start = threading.Thread.start

        def poisoned_start(thread: Any) -> None:
            run = thread.run

            def poisoned_run() -> None:
                with _Mode(self):
                    run()

            thread.run = poisoned_run
            start(thread)

        threading.Thread.start = poisoned_start  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            threading.Thread.start = start  # type: ignore[method-assign]

    @contextmanager
    def storages(self) -> Iterator[None]:
        """Have storages that are made and grown without an operation poisoned too."""
        kind = torch.UntypedStorage
        resize = kind.resize_

        def poisoned_init(storage: Any, *args: Any, **keywords: Any) -> None:
            size = args[0] if args else keywords.get("size")
            if isinstance(size, int):  # else values
                self.fill(storage, torch.uint8)

        def poisoned_resize(storage: Any, size: int) -> Any:
            before = storage.nbytes()
            grown = resize(storage, size)
            self.fill(storage, torch.uint8, before)
            return grown

        kind.__init__ = poisoned_init
        kind.resize_ = poisoned_resize
        try:
            yield
        finally:
            del kind.__init__, kind.resize_  # which are those of base classes


class _Mode(TorchDispatchMode):
    """Fills what operations return that make memory and write nothing."""

    def __init__(self, state: _State) -> None:
        super().__init__()
        self._state = state

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Compile nothing here, so that torch need not import Dynamo to be kept from it: 3 s."""
        return False

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), keywords: Any = None
    ) -> Any:
        name = getattr(operation, "overloadpacket", operation).__name__
        if name in _GROW:
            before = [inner.untyped_storage().nbytes() for _, inner in inner_tensors(args[0])]
        elif name.lstrip("_").startswith(("empty", "new_empty")):
            before = []
        else:
            return operation(*args, **(keywords or {}))
        result = operation(*args, **(keywords or {}))
        for (_, inner), start in zip(inner_tensors(result), chain(before, repeat(0)), strict=False):
            self._state.fill(inner.untyped_storage(), inner.dtype, start)
        return result
