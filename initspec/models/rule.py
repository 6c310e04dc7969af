"""A rule: which parameters, and the spec that they get."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from initspec.api import InitSpec
from initspec.axes import Axes, axes_of
from initspec.backend.layers import ROLES
from initspec.backend.parameter import Parameter, Place
from initspec.errors import FormatError, SpecError, shown, unknown
from initspec.models.patterns import INDEX, Pattern
from initspec.models.template import Template, read

KEEP = "keep"
"""The spec of what is left as it is."""

PART = re.compile(r"(?:stack)?\[[0-9]{1,9}\]")
"""The name of a part: a member of a stack, or a row."""

Globs = str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Rule:
    """Which parameters, and the spec that they get; all that is given must match.

    Args:
        spec: an InitSpec, a line such as "normal(std=0.02 / sqrt(2 * depth))", or "keep".
        path: a glob, or several: `*` within a part, `**` any number of parts, `{a,b}` one of
            several, `{index}` an integer.
        role: "kernel", "bias", "embedding", "scale", ...
        layer: a glob, or several, that a class of the parameter's layer matches, bases included.
        axes: the axes to count by, where they are not those of the layer's table.
        part: only that part: "stack[1]", the second member of its last stack factor, or "[0]", its
            first row. It is drawn after the whole, which later rules go on to match.
        optional: whether it may match nothing.

    Raises:
        FormatError: a line or a glob cannot be read, a role is unknown, or a part is none.
        SpecError: the numbers of the spec are out of range.
    """

    spec: InitSpec | Template | str
    path: tuple[Pattern, ...]
    role: str | None
    layer: tuple[Pattern, ...]
    axes: Axes | None
    part: str | None
    optional: bool

    def __init__(
        self,
        spec: InitSpec | str,
        path: Globs = None,
        *,
        role: str | None = None,
        layer: Globs = None,
        axes: str | Axes | None = None,
        part: str | None = None,
        optional: bool = False,
    ) -> None:
        if role is not None and not isinstance(role, str):
            raise FormatError(
                f"role={shown(role)}: pass one of {', '.join(ROLES)}; write a rule for each"
            )
        if role is not None and role not in ROLES:
            raise FormatError(unknown("role", role, ROLES))
        if part is not None and not (isinstance(part, str) and PART.fullmatch(part)):
            raise FormatError(
                f"part={shown(part)}: pass 'stack[1]' for the second member of the stack, or '[0]' "
                "for the first row"
            )
        if not isinstance(optional, bool):
            raise FormatError(f"optional={shown(optional)}: pass True or False")
        values: dict[str, Any] = {
            "spec": _spec(spec),
            "path": _patterns("path", path),
            "role": role,
            "layer": _patterns("layer", layer),
            "axes": axes_of(axes),
            "part": part,
            "optional": optional,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if any(INDEX in pattern.text for pattern in self.layer):
            raise FormatError(f"layer={shown(layer)}: {INDEX} stands in a path, not in a class")

    @property
    def label(self) -> str:
        """What it matches, in short: the path, else the role and the layer."""
        where = [pattern.text for pattern in self.path or self.layer]
        role = [self.role] if self.role and not self.path else []
        return " ".join([*role, *where]) or "all"

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"Rule({words})"

    def fits(self, place: Place) -> bool:
        """Return whether role and layer are those of a place."""
        if self.role is not None and place.role != self.role:
            return False
        return not self.layer or any(
            pattern.matches(name) for pattern in self.layer for name in place.classes
        )

    def where(self, parameter: Parameter) -> tuple[Pattern, Place] | None:
        """Return the first glob that matches a path of a parameter, with the place there."""
        places = parameter.places
        if parameter.aliases:
            places += tuple(replace(places[0], path=alias) for alias in parameter.aliases)
        return next(
            (
                (pattern, place)
                for pattern in self.path
                for place in places
                if pattern.matches(place.path)
            ),
            None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what was given, as plain values."""
        values: dict[str, Any] = {"spec": str(self.spec)}
        for name in ("path", "layer"):
            patterns = [pattern.text for pattern in getattr(self, name)]
            if patterns:
                values[name] = patterns[0] if len(patterns) == 1 else patterns
        values |= {
            "role": self.role,
            "axes": str(self.axes) if self.axes else None,
            "part": self.part,
            "optional": self.optional or None,
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, values: Any) -> Rule:
        """Return the rule that `to_dict` wrote.

        Raises:
            FormatError: it is not an object of a rule's keys.
        """
        if not isinstance(values, dict) or not isinstance(values.get("spec"), str):
            raise FormatError(f"the rule {shown(values)}: pass an object with a 'spec', a line")
        allowed = ("spec", "path", "role", "layer", "axes", "part", "optional")
        for key in values:
            if key not in allowed:
                raise FormatError(unknown("key of a rule", key, allowed))
            if values[key] is None:
                raise FormatError(f"{key}=None: leave the key out")
        given: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**given)


def _spec(spec: object) -> InitSpec | Template | str:
    if isinstance(spec, InitSpec) or spec == KEEP:
        return spec
    if not isinstance(spec, str):
        raise SpecError(f"spec={shown(spec)}: pass an InitSpec, its line, or {KEEP!r}")
    return read(spec)


def _patterns(what: str, globs: object) -> tuple[Pattern, ...]:
    if globs is None:
        return ()
    texts = globs if isinstance(globs, (tuple, list)) else (globs,)
    if not texts or not all(isinstance(text, str) for text in texts):
        such = "'**.weight'" if what == "path" else "'Conv*', the name of a class"
        raise FormatError(f"{what}={shown(globs)}: pass a glob such as {such}, or a tuple of these")
    return tuple(map(Pattern, texts))
