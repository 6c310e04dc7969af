"""What laws are called elsewhere: the guesses of messages about unknown names."""

from __future__ import annotations

from initspec.errors import nearest, plain

_ELSEWHERE = {
    "const": "constant",
    "dirac_delta": "dirac",
    "eye": "identity",
    "fill": "constant",
    "gauss": "normal",
    "gaussian": "normal",
    "haar": "orthogonal",
    "loguniform": "log_uniform",
    "reciprocal": "log_uniform",
    "icnr": "repeat",
    "msra": "he_normal",
    "one": "ones",
    "ortho": "orthogonal",
    "rand": "uniform",
    "randn": "normal",
    "random_normal": "normal",
    "random_uniform": "uniform",
    "semi_orthogonal": "orthogonal",
    "trunc_normal": "truncated_normal",
    "zero": "zeros",
    "zeros": "zeros",
    "ones": "ones",
    "untruncated_normal": "normal",
    "variance_scaling": "variance_scaling",
}

_RULES = ("lecun", "glorot", "xavier", "he", "kaiming")
_FAMILIES = ("normal", "uniform", "truncated_normal")

_NAMED = [f"{rule}_{family}" for rule in _RULES for family in _FAMILIES]
_WHOLE = (*_NAMED, "variance_scaling", "zeros", "ones")
_MEANT = {plain(name): meant for name, meant in _ELSEWHERE.items()} | {
    plain(name): name for name in _NAMED
}


def meant_by(name: object) -> str | None:
    """Return the constructor that a name from elsewhere stands for, None where it is unknown.

    >>> meant_by("gaussian"), meant_by("XavierUniform"), meant_by("kaiming_normal_")
    ('normal', 'xavier_uniform', 'kaiming_normal')
    """
    return _MEANT.get(plain(name).removesuffix("initializer"))


def whole_spec(name: object, what: str) -> str | None:
    """Return what to write where the name of a whole spec stands for a part of one.

    Args:
        name: what was given.
        what: the part that belongs there.
    """
    if what == "distribution" and str(name).endswith(")"):
        return f"{name!r} is the line of a whole spec; write InitSpec.parse({name!r})"
    if plain(name) in _RULES:
        if what != "distribution":
            return None
        return f"{name!r} is a variance rule; write InitSpec('normal', {plain(name)!r})"
    meant = meant_by(name)
    if meant is None and plain(name).startswith(_RULES):
        meant = next(iter(nearest(name, _WHOLE)), None)
    if meant not in _WHOLE:
        return None
    return f"{name!r} is more than a {what}; write InitSpec.{meant}(){other_law(name)}"


def other_law(name: object) -> str:
    """Return what to add where a name is spelled as a framework spells it, which may differ."""
    text = str(name)
    if text == text.lower() and not text.endswith("_"):
        return ""
    return ". A framework may mean another law by it: `initspec translate` reads its lines"
