"""Locks: what the weights of a model are drawn from, and their hashes, in a small file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initspec.errors import FormatError, InitSpecError, TargetError, shown, unknown
from initspec.models.locked import Locked
from initspec.models.verify import Target, compare
from initspec.stream import check_seed

VERSION = 1
"""The version of the documents that are written, and the newest that is read."""

_KEYS = ("lock_version", "recipe", "seed", "parameters")


@dataclass(frozen=True, slots=True)
class Lock:
    """What the weights of a model are drawn from: enough to draw them again with NumPy alone.

    Attributes:
        seed: of the portable stream.
        recipe: the name of the recipe; "" where it has none.
        parameters: the parameters, in the order of the model.
    """

    seed: int
    recipe: str
    parameters: tuple[Locked, ...]

    def __repr__(self) -> str:
        of = f" of {self.recipe!r}" if self.recipe else ""
        return f"<Lock{of} with the seed {self.seed}: {len(self.parameters)} parameters>"

    @property
    def drawn(self) -> tuple[Locked, ...]:
        """The parameters that are drawn: all but those that the recipe keeps."""
        return tuple(parameter for parameter in self.parameters if parameter.spec is not None)

    def draw(self, path: str | None = None) -> Any:
        """Return one weight as an array, or all of them by path, drawn with NumPy.

        Those that the recipe keeps cannot be drawn, and are left out.

        Args:
            path: any path of a parameter; None for all.

        Raises:
            TargetError: the model has no such path, or its recipe keeps the parameter.
            FormatError: what is drawn has not the hash of the lock.
        """
        if path is None:
            return {parameter.path: parameter.draw(self.seed) for parameter in self.drawn}
        by_path = {name: p for p in self.parameters for name in (p.path, *p.tied)}
        if path not in by_path:
            raise TargetError(unknown("parameter", path, by_path))
        return by_path[path].draw(self.seed)

    def verify(self, target: Target) -> tuple[str, ...]:
        """Return the paths whose values are not those of the lock, or are missing.

        What has a hash of its whole is compared by hash; all else is drawn again: orthogonal
        weights, whose last bits depend on LAPACK, are compared to 1e-6 of their gain. Of a kept
        parameter without a hash, shape and dtype are compared. What the lock does not have, such as
        buffers, is left alone.

        Args:
            target: a model, arrays by path, or a file of them: .safetensors, .npz, .keras, which
                Keras loads, or .pt.

        Raises:
            TargetError: the model is of no known framework, or has no values yet.
            FormatError: the file cannot be read.
        """
        compared = compare(self.parameters, self.seed, target)
        return tuple(path for path, _, same in compared if not same)

    def to_dict(self) -> dict[str, Any]:
        """Return the lock as a versioned document of plain values."""
        parameters = {parameter.path: parameter.to_dict() for parameter in self.parameters}
        values = (VERSION, self.recipe, self.seed, parameters)
        return dict(zip(_KEYS, values, strict=True))

    @classmethod
    def from_dict(cls, document: Any) -> Lock:
        """Return the lock of a document.

        Raises:
            FormatError: it is none, or of a newer version.
            InitSpecError: the sizes of a parameter do not fit each other.
        """
        if not isinstance(document, dict):
            raise FormatError(f"a lock of type {type(document).__name__}: pass an object (a dict)")
        version = document.get("lock_version")
        if isinstance(version, bool) or version != VERSION:
            newer = isinstance(version, int) and not isinstance(version, bool) and version > VERSION
            raise FormatError(
                f"lock_version={shown(version)}: this initspec reads version {VERSION}"
                + ("; upgrade initspec to read a newer one" if newer else "; it must be stated")
            )
        for key in document:
            if key not in _KEYS:
                raise FormatError(unknown("key of a lock", key, _KEYS))
        recipe, parameters = document.get("recipe", ""), document.get("parameters")
        if not isinstance(recipe, str) or not isinstance(parameters, dict):
            raise FormatError("the lock has no object of 'parameters'; write one with Lock.save")
        locked = []
        for path, values in parameters.items():
            try:
                locked.append(Locked.from_dict(path, values))
            except InitSpecError as error:
                raise type(error)(f"{path}: {error}") from None
        return cls(check_seed(document.get("seed")), recipe, tuple(locked))

    def to_json(self) -> str:
        """Return the lock as versioned JSON, a line for each parameter."""
        document = self.to_dict()
        lines = [
            f"  {json.dumps(path)}: {json.dumps(values)}"
            for path, values in document["parameters"].items()
        ]
        head = [f'"{key}": {json.dumps(document[key])},' for key in _KEYS[:-1]]
        return "\n".join(["{", *head, '"parameters": {', ",\n".join(lines), "}}", ""])

    @classmethod
    def from_json(cls, text: str | bytes) -> Lock:
        """Return the lock that `to_json` wrote.

        Raises:
            FormatError: the text is no JSON, or no lock; see `from_dict`.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"no JSON: {error}; write a lock with Lock.save") from None
        return cls.from_dict(document)

    def save(self, path: str | Path) -> None:
        """Write a JSON file.

        Raises:
            OSError: the file cannot be written.
        """
        Path(path).write_text(self.to_json(), "utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Lock:
        """Return the lock of a file.

        Raises:
            FormatError: the file holds no lock; see `from_dict`.
            OSError: the file cannot be read.
        """
        try:
            return cls.from_json(Path(path).read_bytes())
        except InitSpecError as error:
            raise type(error)(f"{path}: {error}") from None
