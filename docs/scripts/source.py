"""An extension of griffe: constructors of structs and fenced doctests in the reference."""

from __future__ import annotations

import re
from typing import Any

import griffe

_STRUCTS = ("initspec.distributions", "initspec.distributions.rules")
_DOCTEST = re.compile(r"^>>> .*(?:\n(?!\n).+)*", re.M)


class Source(griffe.Extension):
    """Add the constructors of structs, set doctests as code, and hide private defaults."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Fence the doctests of a docstring."""
        if obj.docstring is not None:
            obj.docstring.value = _DOCTEST.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Replace private names of defaults by an ellipsis."""
        for parameter in func.parameters:
            if str(parameter.default or "").startswith("_"):
                parameter.default = "..."

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Add the constructor that msgspec makes of a struct's fields."""
        if not cls.path.startswith(_STRUCTS) or "__init__" in cls.members or not cls.bases:
            return
        kind = griffe.ParameterKind.positional_or_keyword
        fields = [
            griffe.Parameter(name, annotation=field.annotation, default=field.value, kind=kind)
            for name, field in cls.attributes.items()
            if field.annotation is not None and "instance-attribute" in field.labels
        ]
        if fields:
            itself = griffe.Parameter("self", kind=kind)
            made = griffe.Function("__init__", parameters=griffe.Parameters(itself, *fields))
            cls.set_member("__init__", made)
