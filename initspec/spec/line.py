"""The text of a spec: one canonical line, and how it is read back without being evaluated."""

from __future__ import annotations

import ast
import inspect
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from initspec.distributions import FAMILIES, Constant, Normal, Sparse, TruncatedNormal, Uniform
from initspec.distributions.rules import RULES, FanRule, Range, Rule, Std, exact_root
from initspec.errors import FormatError, unknown
from initspec.spec.constructors import CONSTRUCTORS

if TYPE_CHECKING:
    from initspec.api import InitSpec

_LONGEST = 1_000
_REQUIRED = object()
_IN = re.compile(r"=\s*in\b")  # `along=in` is what one says, and `in` what Python keeps to itself
_RULES: dict[str, type[Rule]] = {str(rule.__struct_config__.tag): rule for rule in RULES}
_PARTS: dict[str, Any] = FAMILIES | _RULES


def render(spec: InitSpec) -> str:
    """Return the canonical line: the named constructor that says it, else the four fields."""
    return _named(spec) or _fields(spec)


def _named(spec: InitSpec) -> str | None:
    family, rule = spec.distribution, spec.variance
    if isinstance(family, Constant):
        if family.value in (0, 1):
            return "ones" if family.value else "zeros"
        return _call("constant", value=family.value)
    if rule is None:
        return _call(family.name(), gain=(spec.gain, 1.0))
    if isinstance(rule, FanRule):
        return _fan_named(spec, rule)
    fixed = _folded(rule, spec.gain)
    match family, fixed:
        case Normal(), Std(std, mean):
            return _call("normal", std=std, mean=(mean, 0.0))
        case Uniform(), Range(low, high):
            return _call("uniform", low=low, high=high)
        case TruncatedNormal(), Std(std, mean):
            return _call("truncated_normal", std=std, mean=(mean, 0.0), **_truncation(family))
        case Sparse(sparsity, along), Std(std, _):
            return _call("sparse", sparsity=sparsity, std=std, along=(along, "in"))
    return None


def _fan_named(spec: InitSpec, rule: FanRule) -> str | None:
    family = spec.distribution
    if isinstance(family, Sparse):
        return None
    name, gain = _fan(rule, spec.gain, spec.mode)
    usual = "fan_avg" if name == "glorot" else "fan_in"
    common: dict[str, Any] = {"gain": (gain, 1.0), "mode": (spec.mode, usual)}
    if isinstance(family, TruncatedNormal):
        plain, truncation = family.corrected, _truncation(family)
    else:
        plain, truncation = family.name() in ("normal", "uniform"), {}
    if isinstance(name, str):
        if plain:
            return _call(f"{name}_{family.name()}", **common, **truncation)
        return None
    if family.name() not in ("normal", "uniform", "truncated_normal"):
        return None
    distribution = _call(family.name(), **truncation)
    return _call("variance_scaling", scale=name, distribution=(distribution, "normal"), **common)


def _fields(spec: InitSpec) -> str:
    """Return the generic line, which says every spec."""
    rule, gain, usual = spec.variance, spec.gain, None
    if isinstance(rule, FanRule):
        name, gain = _fan(rule, spec.gain, spec.mode)
        said, usual = str(name), "fan_avg" if name == "glorot" else "fan_in"
    elif rule is None:
        said = None
    else:
        folded = _folded(rule, spec.gain)
        gain = 1.0 if folded else spec.gain
        said = _part(folded or rule)
    return _call(
        "InitSpec",
        distribution=_part(spec.distribution),
        variance=(said, None),
        gain=(gain, 1.0),
        mode=(spec.mode, usual),
    )


def _fan(rule: FanRule, gain: float, mode: str | None) -> tuple[str | float, float]:
    """Return the canonical (name or scale, gain) of a fan rule: gain^2 * scale is its meaning."""
    product = Fraction(gain) ** 2 * Fraction(rule.scale)
    if root := exact_root(product):
        return ("glorot" if mode == "fan_avg" else "lecun"), root
    if root := exact_root(product / 2):
        return "he", root
    scale = _exact(product)
    return (rule.scale, gain) if scale is None else (scale, 1.0)


def _folded(rule: Rule, gain: float) -> Rule | None:
    """Return the fixed rule that means the same with gain 1, where float64 can say it."""
    values = [_exact(value) for value in rule.meaning(gain)[1:]]
    if None in values:
        return None
    return type(rule)(*values)


def _exact(value: Fraction) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if Fraction(number) == value else None


def _truncation(family: TruncatedNormal) -> dict[str, Any]:
    return {
        "lower": (family.lower, -2.0),
        "upper": (family.upper, 2.0),
        "corrected": (family.corrected, True),
    }


def _part(part: Any) -> str:
    fields = part.__struct_fields__
    defaults = dict(zip(reversed(fields), reversed(part.__struct_defaults__), strict=False))
    arguments = {
        name: (getattr(part, name), defaults[name]) if name in defaults else getattr(part, name)
        for name in fields
    }
    return _call(str(part.__struct_config__.tag), **arguments)


def _call(name: str, **arguments: Any) -> str:
    """Write a call; an argument given as (value, default) is left out where they are equal."""
    said = []
    for key, argument in arguments.items():
        value, default = argument if isinstance(argument, tuple) else (argument, _REQUIRED)
        if value != default:
            said.append(f"{key}={value}")
    return f"{name}({', '.join(said)})" if said else name


def parse(cls: type[InitSpec], line: str) -> InitSpec:
    """Read a line that `render` may have written."""
    if not isinstance(line, str):
        raise FormatError(f"{line!r}: pass a line such as 'he_normal(gain=1.5, mode=fan_out)'")
    if len(line) > _LONGEST:
        raise FormatError(f"a spec of {len(line)} characters: at most {_LONGEST} are read")
    try:
        tree = ast.parse(_IN.sub("='in'", line.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unreadable(line) from None
    name, positional, keywords = _read_call(tree, line)
    if name != "InitSpec" and name not in CONSTRUCTORS:
        raise FormatError(unknown("spec", name, (*CONSTRUCTORS, "InitSpec")))
    constructor = cls if name == "InitSpec" else getattr(cls, name)
    spec: InitSpec = _apply(constructor, name, positional, keywords)
    return spec


def _apply(call: Any, name: str, positional: list[Any], keywords: dict[str, Any]) -> Any:
    signature = inspect.signature(call)
    try:
        signature.bind(*positional, **keywords)
    except TypeError as error:
        allowed = ", ".join(signature.parameters)
        raise FormatError(f"{name}: {error}; its arguments are ({allowed})") from None
    return call(*positional, **keywords)


def _read_call(node: ast.expr, line: str) -> tuple[str, list[Any], dict[str, Any]]:
    if isinstance(node, ast.Name):
        return node.id, [], {}
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise _unreadable(line)
    keywords = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise _unreadable(line)
        if keyword.arg in keywords:  # ast reads it; only the compiler would refuse
            raise FormatError(f"{line!r} gives {keyword.arg!r} twice; leave one out")
        keywords[keyword.arg] = _read_value(keyword.value, line)
    return node.func.id, [_read_value(value, line) for value in node.args], keywords


def _read_value(node: ast.expr, line: str) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Name(id=name):
            return name
        case ast.Call():
            name, positional, keywords = _read_call(node, line)
            if name not in _PARTS:
                raise FormatError(unknown("distribution or rule", name, _PARTS))
            return _apply(_PARTS[name], name, positional, keywords)
    raise _unreadable(line)


def _unreadable(line: str) -> FormatError:
    return FormatError(
        f"{line!r} is no spec: write one call with numbers and names, such as "
        "'he_normal(gain=1.5, mode=fan_out)' or 'truncated_normal(std=0.02, corrected=False)'"
    )
