"""The text of a spec: one canonical line, and how it is read back without being evaluated."""

from __future__ import annotations

import ast
import re
from typing import Any, TypeVar

from initspec.distributions import FAMILIES, Distribution, Repeat
from initspec.distributions.names import meant_by, other_law
from initspec.distributions.rules import RULES, FanRule, Rule, short_slope
from initspec.distributions.short_calls import call, fan, folded, usual_mode
from initspec.errors import FormatError, unknown
from initspec.spec.constructors import CONSTRUCTORS, Constructors
from initspec.spec.slips import misfit
from initspec.spec.value import Spec

S = TypeVar("S", bound=Constructors)

_LONGEST = 1_000
_IN = re.compile(r"=\s*in\b")
_RULES: dict[str, type[Rule]] = {str(rule.__struct_config__.tag): rule for rule in RULES}


def render(spec: Spec) -> str:
    """Return the canonical line: the named constructor that makes it, else the four fields."""
    short = spec.distribution.short_call(spec.variance, spec.gain, spec.mode)
    return short or _fields(spec)


def _fields(spec: Spec) -> str:
    """Return the generic line, which every spec has."""
    rule, gain, usual = spec.variance, spec.gain, None
    variance: str | None = None
    if isinstance(rule, FanRule):
        name, gain = fan(rule, spec.gain, spec.mode)
        variance, usual = str(name), usual_mode(name)
        if not rule.is_usual:
            variance = _part(FanRule(float(name), rule.power))
    elif rule is not None:
        fixed = folded(rule, spec.gain)
        gain = 1.0 if fixed else spec.gain
        variance = _part(fixed or rule)
    return call(
        "InitSpec",
        distribution=_part(spec.distribution),
        variance=(variance, None),
        gain=(gain, 1.0),
        mode=(spec.mode, usual),
    )


def _part(part: Any) -> str:
    fields = part.__struct_fields__
    defaults = dict(zip(reversed(fields), reversed(part.__struct_defaults__), strict=False))
    values = {name: getattr(part, name) for name in fields}
    values |= {name: _part(of) for name, of in values.items() if isinstance(of, Distribution)}
    arguments = {
        name: (value, defaults[name]) if name in defaults else value
        for name, value in values.items()
    }
    return call(str(part.__struct_config__.tag), **arguments)


def expression(spec: Spec) -> str:
    """Return the Python expression that makes a spec, of the public names of initspec.

    >>> from initspec import InitSpec, Sparse
    >>> print(expression(InitSpec.he_normal(mode="fan_out")))
    InitSpec.he_normal(mode='fan_out')
    >>> print(expression(InitSpec(Sparse(0.9), "he")))
    InitSpec(distribution=Sparse(sparsity=0.9), variance='he')
    """
    node = ast.parse(quoted(_leaky(spec) or str(spec)), mode="eval").body
    owner, family = type(spec).__name__, spec.distribution
    if isinstance(node, ast.Call) and isinstance(family, Repeat) and node.keywords[0].arg == "of":
        of = type(spec)(family.of, spec.variance, spec.gain, spec.mode)
        node.keywords.pop(0)
        words = ", ".join(filter(None, (expression(of), _words(node)[1])))
        return f"{owner}.repeat({words})"
    name, words = _words(node)
    return f"{owner}({words})" if name == "InitSpec" else f"{owner}.{name}({words})"


def _words(node: ast.expr) -> tuple[str, str]:
    """Return the name and the arguments of a call, as Python writes them."""
    if not isinstance(node, ast.Call):
        return ast.unparse(node), ""
    words = [f"{keyword.arg}={_word(keyword.value)}" for keyword in node.keywords]
    return ast.unparse(node.func), ", ".join(words)


def _word(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return repr(name)
        case ast.Call():
            name, words = _words(node)
            return f"{_parts()[name].__name__}({words})"
    return ast.unparse(node)


def _leaky(spec: Spec) -> str | None:
    """Return a He rule for a leaky ReLU by its slope, which is clearer than its scale."""
    rule, family = spec.variance, spec.distribution
    if not isinstance(rule, FanRule):
        return None
    scale, gain = fan(rule, spec.gain, spec.mode)
    slope = short_slope(scale) if isinstance(scale, float) and gain == 1 else None
    name = f"he_{family.name()}"
    if slope is None or name not in CONSTRUCTORS:
        return None
    mode = {} if spec.mode == "fan_in" else {"mode": spec.mode}
    made = getattr(Constructors, name)(negative_slope=slope, **mode)
    return call(name, negative_slope=slope, **mode) if made == spec else None


def _parts() -> dict[str, Any]:
    parts: dict[str, Any] = FAMILIES | _RULES  # anew, because a family may have been added
    return parts


def quoted(line: str) -> str:
    """Return a line that Python reads: `along=in` has a keyword of it, which becomes a text."""
    return _IN.sub("='in'", line)


def parse(cls: type[S], line: str) -> S:
    """Read a line that `render` may have written."""
    if not isinstance(line, str):
        raise FormatError(f"{line!r}: pass a line such as 'he_normal(gain=1.5, mode=fan_out)'")
    if len(line) > _LONGEST:
        raise FormatError(f"a spec of {len(line)} characters: at most {_LONGEST} are read")
    try:
        tree = ast.parse(quoted(line.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _unreadable(line) from None
    return _read_spec(cls, _unqualified(tree), line)


def _read_spec(cls: type[S], tree: ast.expr, line: str) -> S:
    of = _taken_of(tree)
    name, positional, keywords = _read_call(tree, line)
    if of is not None:
        positional.insert(0, _read_spec(cls, _unqualified(of), line))
    if name != "InitSpec" and name not in CONSTRUCTORS:
        problem = unknown("spec", name, (*CONSTRUCTORS, "InitSpec"), meant_by(name))
        hint = other_law(name)
        raise FormatError(problem + (hint.removeprefix(".") if problem.endswith("?") else hint))
    constructor = cls if name == "InitSpec" else getattr(cls, name)
    spec: S = _apply(cls, constructor, name, positional, keywords)
    return spec


def _taken_of(tree: ast.expr) -> ast.expr | None:
    """Take from the call of `repeat` the spec that it repeats, which is a call itself."""
    if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)):
        return None
    if tree.func.id != "repeat":
        return None
    if tree.args:
        return tree.args.pop(0) if not any(k.arg == "of" for k in tree.keywords) else None
    named = next((keyword for keyword in tree.keywords if keyword.arg == "of"), None)
    if named is None:
        return None
    tree.keywords.remove(named)
    return named.value


def _unqualified(node: ast.expr) -> ast.expr:
    """Return what `expression` wrote, without its "InitSpec."."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="InitSpec"), attr=name)):
            node.func = ast.Name(name)
    return node


def _apply(cls: type, call: Any, name: str, positional: list[Any], keywords: dict[str, Any]) -> Any:
    if problem := misfit(cls, name, call, positional, keywords):
        raise FormatError(problem)
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
        case ast.BinOp(op=ast.Div()):  # power=-1/3
            raise FormatError(
                f"{ast.unparse(node)} in {line!r}: a line holds numbers and no arithmetic; write "
                "the decimal number in full, such as power=-0.3333333333333333 for -1/3"
            )
        case ast.Name(id=name):
            return name
        case ast.Call():
            name, positional, keywords = _read_call(node, line)
            parts = _parts()
            part = parts.get(name) or next((p for p in parts.values() if p.__name__ == name), None)
            if part is None:
                raise FormatError(unknown("distribution or rule", name, parts))
            return _apply(Spec, part, name, positional, keywords)
    raise _unreadable(line)


def _unreadable(line: str) -> FormatError:
    return FormatError(
        f"{line!r} is no spec: write one call with numbers and names, such as "
        "'he_normal(gain=1.5, mode=fan_out)' or 'truncated_normal(std=0.02, corrected=False)'"
    )
