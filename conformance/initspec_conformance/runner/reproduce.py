"""What repeats a finding: a line for a shell, or for Python where an object was checked."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Any

from initspec import Backend
from initspec.backend import usable
from initspec.errors import BackendError
from initspec_conformance.expected.expected import Expected
from initspec_conformance.runner.levels import LEVELS, Level

_ENGINE = "KERAS_BACKEND"
"""What Keras draws with is chosen by a variable: without it a line repeats something else."""


def reproduce_run(
    backends: Sequence[Backend[Any]],
    level: Level,
    nonce: int,
    owner: str,
    only: str,
    *,
    builtins: bool = False,
) -> str:
    """Return what repeats a part of a run.

    Args:
        backends: those of the run.
        level: how much was drawn.
        nonce: 0 for the fixed seeds.
        owner: the name of the backend.
        only: the id of a cell, or a pattern of some.
        builtins: whether the framework's own initializers were audited.
    """
    backend = next(backend for backend in backends if str(backend.name) == owner)
    if not _registered(backend, owner) or LEVELS.get(level.name) != level:
        function = "native_audit" if builtins else "run"
        return f"print({function}([backend], {_how(level, nonce)}, only={only!r}))"
    engine = os.environ.get(_ENGINE) if "keras" in owner.lower() else None
    words = [
        *([f"{_ENGINE}={engine}"] if engine else []),
        *("initspec", "conformance", shlex.quote(owner)),
        *(["--native"] if builtins else []),
        *([f"--{level.name}"] if level.name != "default" else []),
        *([f"--seed={nonce}"] if nonce else []),
        f"--only={shlex.quote(only)}",
    ]
    return " ".join(words)


def reproduce_audit(expected: Expected, level: Level, nonce: int) -> str:
    """Return the Python that repeats the audit of a function, `draw`."""
    axes = f", {str(expected.axes)!r}" if expected.axes is not None else ""
    weight = f"{expected.shape}{axes}, dtype={expected.dtype!r}"
    return f"print(audit_callable(draw, {expected.spec!r}, {weight}, {_how(level, nonce)}))"


def _how(level: Level, nonce: int) -> str:
    named = LEVELS.get(level.name) == level
    seed = f", seed={nonce}" if nonce else ""
    return f"level={(level.name if named else level)!r}{seed}"


def _registered(backend: Any, name: str) -> bool:
    try:
        return usable(name) is backend
    except BackendError:
        return False
