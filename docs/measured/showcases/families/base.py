"""A family of models: how a small one is built, and the recipe of its code."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from initspec import Recipe, Rule

Rules = Sequence[Rule] | Recipe | str


@dataclass(frozen=True)
class Family:
    """A family.

    Attributes:
        name: the class of the model.
        build: returns a new one, with all its parameters.
        rules: the recipe that its code states.
        source: the files that state it.
        numbers: numbers of the recipe.
        inputs: example arguments, for models that have no parameters without them.
        only: the parameters that are audited; None for all.
    """

    name: str
    build: Callable[[], Any]
    rules: Rules
    source: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    inputs: Any = None
    only: str | None = None


def by_role(
    kernel: str,
    embedding: str,
    first: Iterable[Rule] = (),
    *,
    bias: str = "zeros",
    scale: str = "ones",
) -> list[Rule]:
    """Return the rules of `first`, then one for each role."""
    return [
        *first,
        Rule(kernel, role="kernel"),
        Rule(embedding, role="embedding"),
        Rule(bias, role="bias"),
        Rule(scale, role="scale"),
        Rule("zeros", role="shift"),
    ]


def left_out(library: str) -> dict[str, list[str]]:
    """Return the types of models of a library that are not audited, by reason."""
    path = Path(__file__).parent / f"{library}_out.toml"
    reasons = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    return {reason: types.split() for reason, types in reasons.items()}
