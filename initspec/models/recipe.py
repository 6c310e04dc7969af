"""A recipe: an ordered list of rules, as data."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from initspec.errors import FormatError, InitSpecError, RecipeError, nearest, plain, shown, unknown
from initspec.models.advice import advising
from initspec.models.assign import Only, assign
from initspec.models.assignment import Assignments
from initspec.models.companion import Companion
from initspec.models.from_model import rules_of
from initspec.models.names import Names
from initspec.models.owner import parameters, paths_of
from initspec.models.rule import Rule

VERSION = 1
"""The version of the documents that are written, and the newest that is read."""

_FOLDER = Path(__file__).parent / "recipes"
_LONGEST = 1 << 20
_KEYS = ("recipe_version", "name", "source", "numbers", "companions", "rules")
NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""A name in the numbers of a recipe."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Recipe:
    """An ordered list of rules: of those that match a parameter, the first gives its spec.

    Recipes of equal rules are equal, whatever else they have.

    Args:
        rules: the rules.
        name: what it is called.
        source: where its numbers are from: a file with a version, a paper.
        numbers: what the names in its numbers mean, by name.
        companions: what belongs to it beyond the weights, such as factors of learning rates.

    Raises:
        FormatError: there is no rule, or one is not a Rule.
    """

    rules: tuple[Rule, ...]
    name: str
    source: str
    numbers: Mapping[str, str]
    companions: tuple[Companion, ...]

    def __init__(
        self,
        rules: Iterable[Rule],
        name: str = "",
        source: str = "",
        *,
        numbers: Mapping[str, str] | None = None,
        companions: Iterable[Companion] = (),
    ) -> None:
        given = tuple(rules) if not isinstance(rules, (str, Rule)) else (rules,)
        if not given or not all(isinstance(rule, Rule) for rule in given):
            raise FormatError(
                f"rules={shown(rules)}: pass a list of Rule, such as [Rule('he_normal')]"
            )
        for what, text in (("name", name), ("source", source)):
            if not isinstance(text, str):
                raise FormatError(f"{what}={shown(text)}: pass a text")
        several = tuple(companions) if isinstance(companions, Iterable) else (None,)
        if not all(isinstance(companion, Companion) for companion in several):
            raise FormatError(f"companions={shown(companions)}: pass a list of Companion")
        object.__setattr__(self, "rules", given)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "numbers", MappingProxyType(_meanings(numbers)))
        object.__setattr__(self, "companions", several)

    def __reduce__(self) -> tuple[Any, ...]:
        return Recipe.from_dict, (self.to_dict(),)

    def __eq__(self, other: object) -> bool:
        return self.rules == other.rules if isinstance(other, Recipe) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.rules)

    def __repr__(self) -> str:
        named = f" {self.name!r}" if self.name else ""
        return f"<Recipe{named} of {len(self.rules)} rules>"

    def __add__(self, other: str | Recipe | Sequence[Rule]) -> Recipe:
        """Return a recipe of the rules of both, those of the left first.

        The other is a Recipe, the name of one that comes with initspec, or a list of rules, which
        may be empty; it may stand on the left, too.

        Raises:
            RecipeError: no recipe comes with initspec under the name.
        """
        if not isinstance(other, (str, Recipe, list, tuple)):
            return NotImplemented
        return self if other in ([], ()) else _sum(self, recipe_of(other))

    def __radd__(self, other: str | Sequence[Rule]) -> Recipe:
        if not isinstance(other, (str, list, tuple)):
            return NotImplemented
        return self if other in ([], ()) else _sum(recipe_of(other), self)

    def on(
        self,
        model: Any,
        *,
        only: Only = None,
        names: Names = None,
        inputs: Any = None,
        **numbers: float,
    ) -> Assignments:
        """Assign a spec to every parameter of a model, which is left as it is.

        Args:
            model: a model of torch, Keras or JAX.
            only: paths or globs of parameters; the rest is left out.
            names: the names of streams, which paths of rules match, too; see `initialize`.
            inputs: example arguments, for a model that has no parameters without them.
            numbers: the numbers of names in the recipe, such as depth=12.

        Raises:
            RecipeError: the recipe does not fit the model; the message has every parameter and
                rule and, of a recipe of initspec, those that do fit.
            TargetError: the model is of no known framework, or has no parameters yet.
        """
        every, chosen = parameters(model, inputs=inputs), paths_of(model, only)
        config = getattr(model, "config", None)
        with advising(every, self.rules, chosen, _all_shipped, config, numbers):
            return assign(
                every,
                self.rules,
                only=chosen,
                names=names,
                config=config,
                numbers=numbers,
                meanings=self.numbers,
                companions=self.companions,
            )

    @classmethod
    def from_model(cls, model: Any, *, inputs: Any = None) -> Recipe:
        """Return what the layers of a model start with, in few rules.

        A layer of Keras or flax.linen that holds an initializer starts as that states. All other
        layers start as their class does by default, those of torch and flax.nnx always: what code
        of the model changes after they are made cannot be read. What no spec equals, what a class
        derived from one of torch resets by its own code, and what no table has, such as a parameter
        of the model's own, has the spec "keep".

        Args:
            model: a model of torch, Keras or JAX, which is left as it is.
            inputs: example arguments, for a model that has no parameters without them.

        Raises:
            TargetError: the model is of no known framework, or has no parameters yet.
        """
        rules, source = rules_of(model, inputs, lambda name: recipe(name).rules)
        return cls(rules, type(model).__name__, source)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as a versioned document of plain values."""
        more = {
            "numbers": dict(self.numbers),
            "companions": [asdict(companion) for companion in self.companions],
        }
        return {
            "recipe_version": VERSION,
            "name": self.name,
            "source": self.source,
            **{key: values for key, values in more.items() if values},
            "rules": [rule.to_dict() for rule in self.rules],
        }

    @classmethod
    def from_dict(cls, document: Any) -> Recipe:
        """Return the recipe of a document.

        Raises:
            FormatError: it is none, or of a newer version.
            SpecError, AxesError: a spec or axes of it are out of range.
        """
        if not isinstance(document, dict):
            raise FormatError(
                f"a recipe of type {type(document).__name__}: pass an object (a dict)"
            )
        version = document.get("recipe_version")
        if isinstance(version, bool) or version != VERSION:
            newer = isinstance(version, int) and not isinstance(version, bool) and version > VERSION
            raise FormatError(
                f"recipe_version={version!r}: this initspec reads version {VERSION}"
                + ("; upgrade initspec to read a newer one" if newer else "; it must be stated")
            )
        for key in document:
            if key not in _KEYS:
                raise FormatError(unknown("key of a recipe", key, _KEYS))
        rules = document.get("rules")
        if not isinstance(rules, list):
            raise FormatError("the recipe has no list of 'rules'; write one with Recipe.to_json")
        made = []
        for number, values in enumerate(rules, 1):
            try:
                made.append(Rule.from_dict(values))
            except InitSpecError as error:
                raise type(error)(f"rule {number}: {error}") from None
        companions = document.get("companions", [])
        if not isinstance(companions, list):
            raise FormatError(f"companions={shown(companions)}: pass a list of objects")
        return cls(
            made,
            document.get("name", ""),
            document.get("source", ""),
            numbers=document.get("numbers", {}),
            companions=map(Companion.from_dict, companions),
        )

    def to_json(self) -> str:
        """Return the recipe as versioned JSON."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
        """Return the recipe that `to_json` wrote.

        Raises:
            FormatError: the text is no JSON, or no recipe; see `from_dict`.
        """
        return cls.from_dict(_read(text, json.loads, "JSON"))

    def save(self, path: str | Path) -> None:
        """Write a `.json` or a `.toml` file.

        Raises:
            FormatError: the file's name has another suffix.
        """
        file = Path(path)
        file.write_text(self.to_json() if _suffix(file) == ".json" else self._to_toml(), "utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Return the recipe of a `.json` or a `.toml` file.

        Raises:
            FormatError: the suffix is another, or the text no recipe; see `from_dict`.
            OSError: the file cannot be read.
        """
        file = Path(path)
        kind = _suffix(file)
        text = file.read_bytes()
        try:
            if kind == ".json":
                return cls.from_json(text)
            return cls.from_dict(_read(text, tomllib.loads, "TOML"))
        except InitSpecError as error:
            raise type(error)(f"{path}: {error}") from None

    def _to_toml(self) -> str:
        document = self.to_dict()
        lines = _assigned({key: document[key] for key in ("recipe_version", "name", "source")})
        if "numbers" in document:
            lines += ["", "[numbers]", *_assigned(document["numbers"])]
        for key in ("companions", "rules"):
            for values in document.get(key, []):
                lines += ["", f"[[{key}]]", *_assigned(values)]
        return "\n".join(lines) + "\n"


@cache
def recipe(name: str) -> Recipe:
    """Return a recipe that comes with initspec.

    Raises:
        RecipeError: there is none of this name.
    """
    if name not in shipped():
        spellings = {other: plain(other) for other in shipped()}
        word = plain(name)
        begun = [other for other, known in spellings.items() if known.startswith(word)]
        if len(word) > 1 and len(begun) > 1 and word not in spellings.values():
            *others, last = map(repr, begun)
            text = f"unknown recipe {shown(name)}: did you mean {', '.join(others)} or {last}?"
            raise RecipeError(text)
        if nearest(name, shipped()):
            raise RecipeError(unknown("recipe", name, shipped()))
        raise RecipeError(
            f"unknown recipe {shown(name)}: `initspec recipes` lists those that there are; one of "
            "your own is a list of Rule, or a .toml or .json file"
        )
    return Recipe.load(_FOLDER / f"{name}.toml")


def shipped() -> list[str]:
    """Return the names of the recipes that come with initspec."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def _all_shipped() -> dict[str, tuple[tuple[Rule, ...], tuple[Companion, ...]]]:
    every = {name: recipe(name) for name in shipped()}
    return {name: (made.rules, made.companions) for name, made in every.items()}


def recipe_of(given: str | Recipe | Sequence[Rule]) -> Recipe:
    """Return the recipe that is meant: of a name, a list of rules, or itself.

    Raises:
        RecipeError: there is no recipe of this name.
        FormatError: it is none of these.
    """
    if isinstance(given, Recipe):
        return given
    if isinstance(given, str):
        return recipe(given)
    if isinstance(given, (list, tuple)):
        return Recipe(given)
    raise FormatError(f"recipe={shown(given)}: pass a name, a Recipe, or a list of Rule")


def _sum(first: Recipe, second: Recipe) -> Recipe:
    name = " + ".join(filter(None, (first.name, second.name)))
    source = "; ".join(filter(None, (first.source, second.source)))
    return Recipe(
        (*first.rules, *second.rules),
        name,
        source,
        numbers={**second.numbers, **first.numbers},
        companions=dict.fromkeys((*first.companions, *second.companions)),
    )


def _meanings(numbers: object) -> dict[str, str]:
    given = {} if numbers is None else numbers
    if not isinstance(given, Mapping) or not all(
        isinstance(name, str) and re.match(NAME, name) and isinstance(meaning, str) and meaning
        for name, meaning in given.items()
    ):
        raise FormatError(
            f"numbers={shown(numbers)}: pass what each name means, such as {{'width': 'd_model'}}"
        )
    return dict(given)


def _assigned(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in values.items()]


def _suffix(file: Path) -> str:
    if file.suffix.lower() not in (".json", ".toml"):
        raise FormatError(f"the file {str(file)!r}: a recipe is a .json or a .toml file")
    return file.suffix.lower()


def _toml(value: Any) -> str:
    # A string of JSON is one of TOML but for the escape of DEL, which TOML wants.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(text: object, loads: Any, kind: str) -> Any:
    if not isinstance(text, (str, bytes)):
        raise FormatError(f"{kind} of type {type(text).__name__}: pass the text as str or bytes")
    if len(text) > _LONGEST:
        raise FormatError(
            f"a {kind} text of {len(text)} characters: a recipe has at most {_LONGEST}"
        )
    try:
        return loads(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no {kind}: {error}; write one with Recipe.save") from None
