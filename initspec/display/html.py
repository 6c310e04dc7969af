"""What a notebook shows of specs, axes and comparisons: HTML without style sheets or scripts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import singledispatch
from html import escape

from initspec.axes import Axes, Fans, Layout
from initspec.compare.comparison import Comparison
from initspec.display.drawing import draw_axes, draw_density
from initspec.distributions.parameters import Parameters
from initspec.spec.formula import formula
from initspec.spec.value import Spec

_ONE = Fraction(1)
_FAR = 1e6
_RIGHT = ' style="text-align:right"'


@singledispatch
def to_html(value: object) -> str:
    """Return the page of a spec, of axes or of a comparison, as a notebook shows it."""
    raise TypeError(f"a {type(value).__name__} has no page")


@to_html.register
def _spec(spec: Spec) -> str:
    """Return a spec's canonical line, its formula and, where it has one, its density."""
    lines = f"<p><code>{escape(str(spec))}</code></p><p>{escape(formula(spec).law)}</p>"
    return f"<div>{lines}{_density(spec)}</div>"


@to_html.register
def _axes(axes: Axes) -> str:
    """Return an axes line and its drawing."""
    return f"<div><p><code>{escape(str(axes))}</code></p>{draw_axes(axes)}</div>"


@to_html.register
def _comparison(result: Comparison) -> str:
    """Return the table of a comparison, and why what disagrees does."""
    shape = " x ".join(map(str, result.shape)) or "scalar"
    axes = "without axes" if result.axes is None else f"axes '{result.axes}'"
    title = f"<p><code>{escape(result.spec)}</code> on {escape(f'{shape}, {result.dtype}, {axes}')}"
    if result.fan_in is not None:
        title += f"; fan_in {result.fan_in}, fan_out {result.fan_out}"
    if result.seed is not None:
        title += escape(f"; seed {result.seed}, name {result.name!r}")
    low, high = result.bounds
    rows = [_row("expected", "", "", (result.mean, result.std, low, high), "", "", "")]
    for row in result.rows:
        p = "exact" if row.p_value is None else f"{row.p_value:.2g}"
        numbers = (row.mean, row.std, row.low, row.high)
        verdict = "agrees" if row.agrees else "differs"
        bits = "" if row.sha256 is None else row.sha256[:12]
        rows.append(_row(row.backend, row.version, row.initializer, numbers, p, verdict, bits))
    words = ["backend", "version", "initializer", "mean", "std", "min", "max", "p", "verdict"]
    words.append("" if result.seed is None else "sha256")
    head = "".join(f"<th>{word}</th>" for word in words)
    notes = [f"{row.backend}: {reason}" for row in result.rows for reason in row.reasons]
    notes += [f"not compared: {name}: {reason}" for name, reason in result.left_out.items()]
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<div>{title}</p>{table}{_list(notes)}</div>"


def _density(spec: Spec) -> str:
    family, rule = spec.distribution, spec.variance
    if rule is None:
        return ""
    sigma = 1.0 if rule.takes_mode else rule.sigma(spec.gain, _ONE)
    mean, scale, support = rule.center(), sigma / family.spread, rule.support(spec.gain)
    unit = "weight / sigma" if rule.takes_mode else "weight"
    if abs(mean) > _FAR * sigma:  # float64 cannot tell the places of such an axis apart
        mean, scale, support = 0.0, 1.0, None
        unit = "(weight - mean) / sigma of the parent"
    entry = Layout((), (), (), Fans(1, 1))
    shown = family.density(Parameters(entry, spec.gain, mean, scale, support))
    if shown is None:
        return ""
    law, zeros = shown
    return draw_density(law, f"kept {unit}" if zeros else unit, spike=zeros)


def _row(name: str, version: str, native: str, numbers: Iterable[float], *rest: str) -> str:
    words = "".join(f"<td>{escape(word)}</td>" for word in (name, version, native))
    cells = "".join(f"<td{_RIGHT}>{_number(number)}</td>" for number in numbers)
    return f"<tr>{words}{cells}{''.join(f'<td>{escape(word)}</td>' for word in rest)}</tr>"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"


def _list(notes: list[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<ul>{items}</ul>" if items else ""
