"""Engines: the frameworks that a backend runs on, of which a process has one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True, slots=True)
class Engine:
    """A framework that a backend runs on, such as TensorFlow under Keras.

    Attributes:
        extra: what installs it, `pip install 'initspec[extra]'`.
        modules: what has to be importable.
        environment: what a process that runs on it has in its environment.
    """

    extra: str
    modules: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict, hash=False)


@cache
def read_engines(package: str) -> dict[str, Engine]:
    """Return the engines of a backend by name, read from `engines.toml` in its package.

    It is a file, so that nox and the generators of the docs read it without importing anything.
    """
    import tomllib  # with the next one, a fifth of what importing initspec would cost
    from importlib.resources import files

    text = (files(package) / "engines.toml").read_text("utf-8")
    return {
        name: Engine(row["extra"], tuple(row["modules"]), row.get("environment", {}))
        for name, row in tomllib.loads(text).items()
    }
