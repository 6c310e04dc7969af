"""The numbers that names stand for in the specs of a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from initspec.axes.fans import Fans
from initspec.backend.parameter import Parameter
from initspec.errors import RecipeError
from initspec.models.patterns import INDEX, Pattern, outermost_index
from initspec.models.rule import Rule
from initspec.numerics.validation import finite


@dataclass(slots=True)
class Numbers:
    """Where names are looked up: keyword arguments, the place in the model, its fans, its config.

    Attributes:
        given: the keyword arguments.
        paths: every path of the model.
        config: what the model says of itself; None where it says nothing.
        meanings: what the names of the recipe mean.
    """

    given: Mapping[str, float]
    paths: tuple[str, ...]
    config: Any = None
    meanings: Mapping[str, str] = field(default_factory=dict)
    _blocks: dict[Pattern, tuple[tuple[int, ...], bool]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        parameters: Iterable[Parameter],
        config: Any,
        given: Mapping[str, Any],
        meanings: Mapping[str, str] | None = None,
    ) -> Numbers:
        """Return the numbers of a model.

        Raises:
            SpecError: a keyword argument is not a finite number.
        """
        paths = tuple(place.path for parameter in parameters for place in parameter.places)
        numbers = {name: finite(name, value) for name, value in given.items()}
        return cls(numbers, paths, config, meanings or {})

    def known(self, name: str) -> float | None:
        """Return the number of a name for the whole model; None where it has none, or several.

        That of depth is how many blocks there are, where they are in one place.
        """
        if name in self.given:
            return self.given[name]
        values: set[float | None] = set(_configured(self.config, name).values())
        if name == "depth":
            blocks = {place[1] for place in map(outermost_index, self.paths) if place}
            values = {self._depth(siblings) for siblings in blocks} or values
            if None in values:
                return None
        return values.pop() if len(values) == 1 else None

    def find(self, name: str, rule: Rule, parameter: Parameter, fans: Fans | None) -> float:
        """Return the number of a name in the rule's spec for a parameter.

        Raises:
            RecipeError: nothing has that name.
        """
        if name in self.given:
            return self.given[name]
        if name in ("index", "depth"):
            place = self._place(rule, parameter)
            if place is not None:
                index, siblings = place
                if name == "index":
                    return index
                depth = self._depth(siblings)
                if depth is None:
                    raise RecipeError(self._incomplete(parameter, siblings))
                return depth
        if name in ("fan_in", "fan_out") and fans is not None:
            return fans.fan_in if name == "fan_in" else fans.fan_out
        values = _configured(self.config, name)
        if len(set(values.values())) == 1:
            return next(iter(values.values()))
        if values:
            several = ", ".join(f"{value:g} in {where}" for where, value in values.items())
            raise RecipeError(
                f"{parameter.path}: {name!r} of '{rule.spec}' is {several}: pass {name}=... as an "
                "argument"
            )
        raise RecipeError(self._missing(name, rule, parameter))

    def _place(self, rule: Rule, parameter: Parameter) -> tuple[int, Pattern] | None:
        """Return the index of the parameter's block, and the glob of the blocks beside it."""
        match = rule.where(parameter)
        if match is None:
            return outermost_index(parameter.path)
        pattern, place = match
        index, siblings = pattern.index(place.path), pattern.siblings(place.path)
        if index is None or siblings is None:
            return outermost_index(place.path)
        return index, siblings

    def _depth(self, siblings: Pattern) -> float | None:
        """Return how many blocks there are; None where others of them are not in this model.

        Indices of layers have gaps where an activation stands, and those of blocks have none.
        """
        if siblings not in self._blocks:
            paths = {path: siblings.index(path) for path in self.paths}
            indices = tuple(sorted({index for index in paths.values() if index is not None}))
            layers = Pattern(f"{siblings}".removesuffix("**") + "*").matches
            whole = indices == tuple(range(len(indices))) or (
                f"{siblings}".endswith(f"{INDEX}.**")
                and all(layers(path) for path, index in paths.items() if index is not None)
            )
            self._blocks[siblings] = indices, whole
        indices, whole = self._blocks[siblings]
        return float(len(indices)) if whole else None

    def _incomplete(self, parameter: Parameter, siblings: Pattern) -> str:
        """Return that blocks are not there, as in a stage of a pipeline or a pruned model."""
        indices, _ = self._blocks[siblings]
        more = [*indices[:3], "...", indices[-1]] if len(indices) > 4 else indices
        return (
            f"{parameter.path}: the model has the blocks {', '.join(map(str, more))} of "
            f"'{siblings}' and not 0 to {len(indices) - 1}, so that the depth of the whole model "
            f"cannot be counted: pass depth={indices[-1] + 1}, or what it is"
        )

    def _missing(self, name: str, rule: Rule, parameter: Parameter) -> str:
        known = sorted({*self.given, "fan_in", "fan_out"})
        if name in ("index", "depth"):
            why = (
                "no part of the path is an integer: write {index} in the rule's path, "
                f"or pass {name}=12"
            )
        elif name in ("fan_in", "fan_out"):
            why = "the parameter has no axes: give the rule axes, such as axes='out in'"
        else:
            meaning = f", {self.meanings[name]}" if name in self.meanings else ""
            why = (
                f"pass {name}=... as an argument{meaning}; other names are index and depth, of the "
                f"blocks, {', '.join(known)}, and the numbers of model.config"
            )
        return f"{parameter.path}: no number for {name!r} of '{rule.spec}': {why}"


def _configured(config: Any, name: str) -> dict[str, float]:
    """Return the numbers of a name in a config, or else in those within it, by where they are."""
    value = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
    if isinstance(value, Real) and not isinstance(value, bool):
        return {"config": float(value)}
    within = config if isinstance(config, Mapping) else getattr(config, "__dict__", {})
    return {
        f"{key}.{where}".removesuffix(".config"): number
        for key, inner in within.items()
        if str(key).endswith("_config")
        for where, number in _configured(inner, name).items()
    }
