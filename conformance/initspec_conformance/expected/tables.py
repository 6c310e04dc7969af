"""Tables typed by hand from layer definitions and papers: the oracle of what initspec resolves."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Weight:
    """A real layer's weight, from the layer's definition.

    Attributes:
        name: the layer.
        axes: the role of each axis.
        shape: a small weight of it.
        fans: fan_in and fan_out of the small weight.
        logical: its [stack, out, in, places of the kernel].
        large: a weight of about 2^20 elements.
        large_fans: the fans of the large weight.
    """

    name: str
    axes: str
    shape: tuple[int, ...]
    fans: tuple[int, int]
    logical: tuple[int, int, int, int]
    large: tuple[int, ...]
    large_fans: tuple[int, int]


@dataclass(frozen=True)
class ResolvedRow:
    """What a spec comes to on a weight of shape (2048, 512), out in.

    Attributes:
        spec: the spec's line.
        std: of an entry.
        bound: the largest absolute value; None where the law has none, or is not about 0.
    """

    spec: str
    std: float
    bound: float | None = None


def _table(file: str, name: str) -> list[dict[str, Any]]:
    text = (files("initspec_conformance.expected") / file).read_text("utf-8")
    return list(tomllib.loads(text)[name])


@cache
def weights() -> tuple[Weight, ...]:
    """Return every row of weights.toml."""
    table = []
    for row in _table("weights.toml", "weight"):
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        table.append(Weight(**fields))
    return tuple(table)


@cache
def resolved_rows() -> tuple[ResolvedRow, ...]:
    """Return every row of resolved.toml."""
    return tuple(ResolvedRow(**row) for row in _table("resolved.toml", "resolved"))
