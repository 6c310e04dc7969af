"""Calls with arguments that a function does not take: what was meant, and the line that works."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial, wraps
from itertools import takewhile
from numbers import Real
from typing import Any, TypeVar, cast

from initspec.errors import AxesError, CallError, InitSpecError, SpecError, shown, unknown

C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])

_MEANT = {
    "a": ("negative_slope", "low", "lower"),
    "b": ("high", "upper"),
    "alpha": ("negative_slope",),
    "factor": ("gain",),
    "loc": ("mean",),
    "max": ("high", "upper"),
    "maxval": ("high", "upper"),
    "min": ("low", "lower"),
    "minval": ("low", "lower"),
    "mu": ("mean",),
    "multiplier": ("gain",),
    "scale": ("std", "gain"),
    "sd": ("std",),
    "sigma": ("std",),
    "stddev": ("std",),
    "val": ("value",),
}
"""What arguments of frameworks are called here, where the function has such an argument."""

_COMPILED = ("name", "seed")
"""What the compilation of a spec takes, beside axes."""

_AXES = ("axis", "axes", "groups")
"""How the names of arguments end that say what each axis is for."""

_DRAWN = {"dtype", "generator", "key", "rng", "shape", "tensor"}
"""What a compiled initializer takes."""


def explain_calls(cls: C) -> C:
    """Have the class methods of a class say what was meant by a call that does not fit them."""
    for name, method in list(vars(cls).items()):
        if isinstance(method, classmethod):
            setattr(cls, name, classmethod(explained(method.__func__, name)))
    return cls


def explained(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a method that raises a CallError with the remedy where it is called wrongly."""

    @wraps(function)
    def method(cls: type, *args: Any, **keywords: Any) -> Any:
        try:
            return function(cls, *args, **keywords)
        except TypeError:
            bound = partial(function, cls)
            problem = misfit(cls, f"{cls.__name__}.{name}", bound, args, keywords)
            if problem is None:
                raise
        except SpecError as error:
            if not any(map(is_weight, args)):
                raise
            problem = f"{error}; {compile_first(cls, f'{cls.__name__}.{name}(...)', args)}"
        raise CallError(problem)

    return method


def misfit(
    cls: type,
    name: str,
    function: Callable[..., Any],
    args: Sequence[Any],
    keywords: dict[str, Any],
) -> str | None:
    """Return why a call does not fit a function and what to write; None where it does.

    Args:
        cls: the class of specs.
        name: the function, as one writes it.
        function: the function, bound.
        args: the positional arguments.
        keywords: the others.
    """
    signature = inspect.signature(function)
    try:
        signature.bind(*args, **keywords)
        return None
    except TypeError as error:
        reason = str(error)
    parameters = {
        key: item for key, item in signature.parameters.items() if item.kind is not item.VAR_KEYWORD
    }
    required = [key for key, item in parameters.items() if item.default is item.empty]
    given = f"{name}({_words(args, keywords)})"
    if any(map(is_weight, (*args, *keywords.values()))) or not _DRAWN.isdisjoint(keywords):
        rest = {key: value for key, value in keywords.items() if key not in _DRAWN}
        made = _without_weight(cls, name, parameters, args, rest)
        return f"{given}: {compile_first(cls, made, args)}"
    options = {key: keywords[key] for key in keywords if key in _COMPILED or key.endswith(_AXES)}
    renamed = {_here(key, parameters): keywords[key] for key in keywords if key not in options}
    first, why = _by_position(parameters, args)
    words = first | renamed
    activation = words.pop("nonlinearity", None) if "negative_slope" in parameters else None
    unfit = next((key for key in words if key not in parameters), None)
    if unfit is not None:
        return unknown(f"argument of {name}:", unfit, parameters)
    whole = len(first) == len(args) and len(renamed) == len(keywords) - len(options)
    if not whole or first.keys() & renamed or not words.keys() >= {*required}:
        return f"{given}: {reason}; its arguments: {_signature(parameters) or 'none'}"
    if {"lower", "upper"} & renamed.keys() - keywords.keys():
        why = "bounds are in standard deviations"
    if activation is not None:
        why, line = _for_activation(cls, name, activation, words)
    else:
        line = f"{name}({_call(parameters, words)})"
    if options:
        spec = f"{cls.__name__}.{line}" if hasattr(cls, name) else line  # from a parsed line
        return f"{given}: {compile_first(cls, spec, (), _options(options))}"
    return f"{given}: {why}{'; ' if why else ''}write {line}"


def _without_weight(
    cls: type,
    name: str,
    parameters: dict[str, inspect.Parameter],
    args: Sequence[Any],
    keywords: dict[str, Any],
) -> str:
    """Return the expression of the spec in a call that has a weight, with a gap where unsure."""
    words = {_here(key, parameters): value for key, value in keywords.items()}
    activation = words.pop("nonlinearity", None) if "negative_slope" in parameters else None
    required = {key for key, item in parameters.items() if item.default is item.empty}
    unsure = (
        any(isinstance(value, float | int) for value in args)
        or any(map(is_weight, words.values()))
        or not required <= words.keys() <= parameters.keys()
        or {"lower", "upper"} & words.keys() - keywords.keys()  # in other units there
    )
    if unsure:
        return f"{name}(...)"
    if activation is not None:
        return _for_activation(cls, name, activation, words)[1]
    return f"{name}({_words((), words)})"


def _by_position(
    parameters: dict[str, inspect.Parameter], args: Sequence[Any]
) -> tuple[dict[str, Any], str]:
    """Return positional arguments by the names that were meant, and why those have to be written.

    Args:
        parameters: the parameters of the function.
        args: the positional arguments.
    """
    names = list(parameters)
    free = [key for key in names if parameters[key].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    words = dict(zip(names, args, strict=False))
    if not isinstance(words.get("through", ""), str):
        del words["through"]
    if len(args) <= len(free):
        return words, ""
    if words.keys() >= {"std", "mean"}:
        mean = words["mean"]
        if not isinstance(mean, Real) or float(mean) > 0:
            words["std"], words["mean"] = mean, words["std"]
            return words, "other libraries have the mean first"
        if len(args) == 3:  # the bounds after std
            words = dict(zip(("std", "lower", "upper"), args, strict=True))
        return words, "only std is taken by position"
    if "mode" in names and "mode" not in free:
        texts = [value for value in args if isinstance(value, str)]
        numbers = [value for value in args if not isinstance(value, str)]
        # torch's kaiming_normal_(tensor, a, mode, nonlinearity)
        order = ["negative_slope"] if len(texts) > 1 else ["gain"]
        words = dict(zip(order, numbers, strict=False))
        words |= dict(zip(("mode", "nonlinearity"), texts, strict=False))
    return words, "by position a number may be a gain, a seed, a slope or an axis"


def _call(parameters: dict[str, inspect.Parameter], words: dict[str, Any]) -> str:
    """Return arguments as one writes them: by position as far as the function takes them so."""
    first = []
    for key, item in parameters.items():
        if key not in words or item.kind is not item.POSITIONAL_OR_KEYWORD:
            break
        first.append(key)
    named = {key: value for key, value in words.items() if key not in first}
    return _words((words[key] for key in first), named)


def _options(options: dict[str, Any]) -> str:
    """Return the arguments of a compilation, as one writes them."""
    written = {key: shown(value) for key, value in options.items() if not key.endswith(_AXES)}
    if len(written) < len(options):
        axes = options.get("axes")
        if "groups" in options:
            axes = f"(stack={options['groups']} out) in kernel..."
        written = {"axes": repr(axes if isinstance(axes, str) else "..."), **written}
    return ", ".join(f"{key}={value}" for key, value in written.items())


def compile_first(cls: type, spec: str, args: Sequence[Any], options: str = "") -> str:
    """Return what to write where a spec, or what makes one, is called as an initializer.

    Args:
        cls: the class of the spec.
        spec: its expression.
        args: the arguments of the call.
        options: arguments of the compilation, as one writes them.
    """
    first, *others = _compilers(cls, args)
    more = f" (or {', '.join(others)})" if others else ""
    line = f"{spec}.{first}({options}){more}"
    if options:
        return f"it belongs to the compilation of the spec; write {line}"
    return f"a spec draws nothing until it is compiled; call or pass {line}"


def compiles(function: F) -> F:
    """Return a method to_NAME that raises a CallError where it is called as what it returns."""

    @wraps(function)
    def method(spec: Any, *args: Any, **keywords: Any) -> Any:
        try:
            return function(spec, *args, **keywords)
        except TypeError:
            try:
                inspect.signature(function).bind(spec, *args, **keywords)
            except TypeError:
                pass
            else:
                raise
        raise drawn_by(spec, function.__name__, *args, **keywords)

    return cast("F", method)


def check_call(usage: str, most: int, *args: object) -> None:
    """Raise CallError where an initializer is given the sizes of a shape apart, or too much.

    Args:
        usage: the call that works, with {} in place of the shape.
        most: how many arguments can stand by position, from the shape on.
        args: those that do.
    """
    sizes = tuple(takewhile(lambda value: isinstance(value, int), args))
    if len(sizes) > 1:
        raise CallError(f"sizes stand together in the shape; write {usage.format(sizes)}") from None
    if len(args) > most:
        raise CallError(f"{len(args)} arguments from the shape on, where {most} can stand")


def drawn_by(spec: object, name: str, /, *args: Any, **keywords: Any) -> InitSpecError:
    """Return the error of a method that compiles, called as the initializer that it returns."""
    first = args[0] if args else None
    if isinstance(first, list | tuple) and first and all(isinstance(part, str) for part in first):
        return AxesError(f"axes={shown(first)}: write one line, axes={' '.join(first)!r}")
    args = tuple(value for value in args if value is not None)
    if args and all(isinstance(size, int) for size in args):
        args = (args,)  # one size after the other
    words = [repr(value) if isinstance(value, tuple) else "..." for value in args[:1]] or ["..."]
    words += [f"{key}={shown(value)}" for key, value in keywords.items() if key in _DRAWN]
    expression, meant = repr(spec), name
    fields = {key: value for key, value in keywords.items() if key in ("gain", "mode")}
    if fields:
        expression = f"{expression}.replace({_words((), fields)})"
    if name.isidentifier():  # a method, which may be that of another framework than the caller's
        usual = _compilers(type(spec), args)[0]
        # The first of all, and every framework hands arrays of NumPy around.
        meant = name if usual == "to_numpy" else usual
    method = f"{expression}.{meant}"
    made = method if method.endswith(")") else f"{method}()"
    return CallError(
        f"{name}({_words(args, keywords)}): it compiles, and what it returns "
        f"draws; pass {made}, or call it, {made}({', '.join(words)})"
    )


def _compilers(cls: type, args: Sequence[Any]) -> list[str]:
    """Return the method that compiles for the framework of arguments or callers, else all."""
    modules = [base.__module__ for value in args for base in type(value).__mro__]
    frame: Any = sys._getframe(1)
    while frame is not None:
        modules.append(str(frame.f_globals.get("__name__")))
        frame = frame.f_back
    names = dict.fromkeys(name for base in cls.__mro__ for name in vars(base))
    methods = [name for name in names if name.startswith("to_") and "axes" in _names(cls, name)]
    for module in modules:
        method = f"to_{module.partition('.')[0].removesuffix('lib')}"
        if method in methods:
            return [method]
    return methods


def _names(cls: type, method: str) -> Iterable[str]:
    return inspect.signature(getattr(cls, method)).parameters


def is_weight(value: object) -> bool:
    """Return whether an argument is what initializers take: a shape, an array, a key, a layer."""
    if isinstance(value, tuple | list):
        return all(isinstance(size, int) for size in value)
    if callable(getattr(value, "parameters", None)):
        return True
    shape = getattr(value, "shape", None)
    return isinstance(shape, tuple) and (bool(shape) or not hasattr(value, "__float__"))


def _for_activation(
    cls: type, name: str, activation: object, words: dict[str, Any]
) -> tuple[str, str]:
    """Return the reason and the line for a He rule that is given an activation, as in torch."""
    words = dict(words)
    slope = words.pop("negative_slope", None)
    if activation == "leaky_relu" and slope is not None:
        words["negative_slope"] = slope
        return "He takes the slope of a leaky ReLU", f"{name}({_words((), words)})"
    if activation == "relu":
        return "He has the factor of ReLU in it", f"{name}({_words((), words)})"
    why = "the activation gives the gain" if words.pop("gain", None) is not None else ""
    family = name.rpartition(".")[2].partition("_")[2]
    first = [activation] if family == "normal" else [activation, family]
    return why, f"{cls.__name__}.for_activation({_words(first, words)})"


def _here(key: str, parameters: Iterable[str]) -> str:
    """Return what an argument is called in a function, the same where nothing is known."""
    return next((other for other in _MEANT.get(key, ()) if other in parameters), key)


def _words(args: Iterable[Any], keywords: dict[str, Any]) -> str:
    named = (f"{key}={shown(value)}" for key, value in keywords.items())
    return ", ".join((*map(shown, args), *named))


def _signature(parameters: dict[str, inspect.Parameter]) -> str:
    return ", ".join(
        key if item.default is item.empty else f"{key}={item.default!r}"
        for key, item in parameters.items()
    )
