"""Load TensorFlow without its log messages.

Since 2.17 it logs to the standard error stream of the process before it reads TF_CPP_MIN_LOG_LEVEL:
https://github.com/tensorflow/tensorflow/issues/100442.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


class QuietTensorFlow(MetaPathFinder):
    """Find TensorFlow as Python does, and close standard error while it is loaded."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the module spec of TensorFlow; None for all else."""
        spec = PathFinder.find_spec(name) if name == "tensorflow" else None
        loader = spec.loader if spec is not None else None
        if loader is not None:
            load = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                with _native_stderr_closed():
                    load(module)

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


@contextmanager
def _native_stderr_closed() -> Iterator[None]:
    """Discard all output to file descriptor 2; exceptions still reach Python."""
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # closed, as by 2>&-: there is nothing to keep quiet
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
