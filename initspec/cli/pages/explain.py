"""The page of `initspec explain`."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from initspec.api import InitSpec
from initspec.axes import OUT_IN, Layout, axes_of
from initspec.axes.fans import Fans
from initspec.cli.console import Console
from initspec.cli.pages.layout import show_facts, show_line, show_text
from initspec.distributions.rules import Range
from initspec.dtypes import float_type
from initspec.numerics.finite import finite_or_none
from initspec.spec.formula import formula, number, rule_formula
from initspec.spec.papers import paper
from initspec.spec.resolve import Resolved, resolve
from initspec.translate.lines import Line, meanings


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """The numbers of a spec on one weight.

    Attributes:
        spec: the spec.
        shape: the weight's shape.
        axes: the role of each axis; None where nothing needed one.
        dtype: the requested dtype.
        logical: stack, out, in and the kernel's sizes; None without axes, and where parts differ.
        fan_in: inputs that one output sees; None likewise.
        fan_out: outputs that one input reaches.
        parts: of a stack whose members have unequal sizes, the same for each, and its std.
        distribution: the distribution in symbols.
        sigma: the rule's std as an expression, with the weight's numbers in it; "" without a rule.
        mean: the mean of the weights.
        std: their standard deviation.
        bounds: the ends of their support.
        kurtosis: the fourth central moment over std^4, 3 for a normal.
        paper: where the law comes from.
        meanings: the spec in the words of each framework.
    """

    spec: str
    shape: tuple[int, ...]
    axes: str | None
    dtype: str
    logical: dict[str, Any] | None
    fan_in: int | None
    fan_out: int | None
    parts: tuple[dict[str, Any], ...]
    distribution: str
    sigma: str
    mean: float
    std: float
    bounds: tuple[float, float]
    kurtosis: float
    paper: str | None
    meanings: tuple[Line, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values; what is infinite or undefined is None."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["meanings"] = [line.to_dict() for line in self.meanings]
        plain: dict[str, Any] = finite_or_none(values)
        return plain


def explained(
    spec: InitSpec, shape: tuple[int, ...], axes: str | None = None, dtype: str = "float32"
) -> Explanation:
    """Return the numbers of a spec on one weight.

    Raises:
        InitSpecError: the axes do not fit the shape, the family cannot fill it, or the dtype cannot
            hold the values.
    """
    kind = float_type(dtype)
    resolved = resolve(spec, shape, axes_of(axes), kind=kind)
    law, layout, fans = resolved.law, resolved.layout, resolved.fans
    axes_line = None if fans is None and not resolved.parts else str(axes_of(axes) or OUT_IN)
    return Explanation(
        spec=str(spec),
        shape=layout.shape,
        axes=axes_line,
        dtype=kind.name,
        logical=None if fans is None else _logical(layout),
        fan_in=fans and fans.fan_in,
        fan_out=fans and fans.fan_out,
        parts=tuple(_part(part) for part in resolved.parts),
        distribution=formula(spec).law.removesuffix(f", sigma = {rule_formula(spec).sigma}"),
        sigma=_sigma(spec, fans, resolved.sigma),
        mean=law.mean,
        std=law.std,
        bounds=(law.low, law.high),
        kurtosis=law.kurtosis,
        paper=paper(spec),
        meanings=meanings(spec, axes, shape),
    )


def _logical(layout: Layout) -> dict[str, Any]:
    sizes = {"stack": layout.stack, "out": layout.out, "in": layout.in_}
    return {**sizes, "kernel": list(layout.kernel)}


def _part(part: Resolved) -> dict[str, Any]:
    assert part.fans is not None
    return {**_logical(part.layout), **part.fans._asdict(), "std": part.law.std}


def _sigma(spec: InitSpec, fans: Fans | None, value: float) -> str:
    """Return the rule's std with the numbers of one weight in it; of unequal parts the rule's."""
    rule = spec.variance
    if rule is None or isinstance(rule, Range):
        return ""
    steps = [rule_formula(spec).sigma]
    if math.isnan(value):
        return steps[0]
    if rule.takes_mode and fans is not None:
        steps.append(rule_formula(spec, fans).sigma)
    if steps[-1] != number(value):
        steps.append(number(value))
    return " = ".join(steps)


def show(result: Explanation) -> None:
    """Print the numbers of a spec on one weight, and its lines in the frameworks."""
    console = Console()
    spec, shape = InitSpec.parse(result.spec), " x ".join(map(str, result.shape)) or "scalar"
    axes = "without axes" if result.axes is None else f"axes '{result.axes}'"
    show_text(console, f"{result.spec} on {shape}, {result.dtype}, {axes}", "bold")
    console.print()
    rows = [("distribution", result.distribution)]
    if result.sigma:
        rows.append(("sigma", result.sigma))
    if result.fan_in is not None:
        rows.append(("fans", f"fan_in {result.fan_in}, fan_out {result.fan_out}"))
    if result.logical is not None:
        rows.append(("logical", _sizes(result.logical)))
    for place, part in enumerate(result.parts):
        fans = f"fan_in {part['fan_in']}, fan_out {part['fan_out']}"
        rows.append((f"part {place}", f"{_sizes(part)}; {fans}; std {number(part['std'])}"))
    low, high = map(number, result.bounds)
    rows += [
        ("mean", _number_or_why(result.mean)),
        ("std", f"{_number_or_why(result.std)}{spec.distribution.std_note}"),
        ("bounds", f"{low} to {high}"),
        ("kurtosis", _number_or_why(result.kurtosis)),
        ("paper", result.paper or "none"),
    ]
    show_facts(console, rows)
    console.print("\n[bold]In the frameworks[/]\n")
    for line in result.meanings:
        show_line(console, line)


def _sizes(logical: dict[str, Any]) -> str:
    kernel = " x ".join(map(str, logical["kernel"])) or "none"
    sizes = [f"{role} {logical[role]}" for role in ("stack", "out", "in")]
    return f"{', '.join(sizes)}, kernel {kernel}"


def _number_or_why(value: float) -> str:
    return "undefined: nothing is random" if math.isnan(value) else number(value)
