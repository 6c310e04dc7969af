"""Specs, axes and comparisons as HTML for notebooks, without style sheets or scripts."""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch
from html import escape

from initspec.axes import Axes, Fans, Layout
from initspec.compare.comparison import Comparison
from initspec.display.comparison import COLUMNS, NUMBERS, heading, legend, namesakes, notes, rows
from initspec.display.drawing import draw_axes, draw_density
from initspec.distributions.parameters import Parameters
from initspec.errors import with_article
from initspec.models.assignment import BEYOND, Assignments
from initspec.models.table import COLUMNS as ASSIGNMENT_COLUMNS
from initspec.spec.formula import formula
from initspec.spec.value import Spec

_ONE = Fraction(1)
_FAR = 1e6
_RIGHT = ' style="text-align:right"'


@singledispatch
def to_html(value: object) -> str:
    """Return the page of a spec, of axes or of a comparison, as a notebook shows it."""
    raise TypeError(f"{with_article(type(value).__name__)} has no page")


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
    """Return the table of a comparison, its legend, and why what disagrees does."""
    columns = (*COLUMNS, *(() if result.seed is None else ("sha256",)))
    hashes = ["", *((row.sha256 or "")[:12] for row in result.rows)]
    hashes += [""] * len(result.namesakes)
    table = [_cells(columns, "th")]
    for row, sha256 in zip(rows(result), hashes, strict=True):
        table.append(_cells((*row, sha256)[: len(columns)]))
    head, *body = (f"<tr>{cells}</tr>" for cells in table)
    items = "".join(f"<li>{escape(note)}</li>" for note in (*namesakes(result), *notes(result)))
    return (
        f"<div><p><code>{escape(result.spec)}</code> {escape('; '.join(heading(result)))}</p>"
        f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"
        f"<p><small>{escape(legend(result))}</small></p>"
        f"{f'<ul>{items}</ul>' if items else ''}</div>"
    )


@to_html.register
def _assignments(assignments: Assignments) -> str:
    """Return the table of a model's assignments, and what belongs to the recipe."""
    rows = [(row.path, *row.cells) for row in assignments.rows()]
    # Jupyter puts all cells on the right, and breaks them anywhere.
    style = ' style="text-align: left; white-space: nowrap"'
    head, *body = (
        f"<tr>{''.join(f'<{tag}{style}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
        for tag, cells in [("th", ASSIGNMENT_COLUMNS), *(("td", row) for row in rows)]
    )
    table = f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"
    items = "".join(f"<li>{escape(line)}</li>" for line in assignments.companions)
    return f"<div>{table}<p>{BEYOND}</p><ul>{items}</ul></div>" if items else table


def _density(spec: Spec) -> str:
    family, rule = spec.distribution, spec.variance
    mean, scale, support, unit = 0.0, 0.0, None, "weight"
    if rule is not None:
        sigma = 1.0 if rule.takes_mode else rule.sigma(spec.gain, _ONE)
        mean, scale, support = rule.center(), sigma / family.spread, rule.support(spec.gain)
        far = abs(mean) > _FAR * sigma  # float64 cannot resolve the places of such an axis
        if family.passes and (far or rule.takes_mode):
            return ""  # through a function, no unit makes one picture of all sizes
        if far:
            mean, scale, support = 0.0, 1.0, None
            unit = "(weight - mean) / sigma of the parent"
        elif rule.takes_mode:
            unit = "weight / sigma"
    entry = Layout((), (), (), Fans(1, 1))
    shown = family.density(Parameters(entry, spec.gain, mean, scale, support))
    if shown is None:
        return ""
    law, zeros = shown
    return draw_density(law, f"kept {unit}" if zeros else unit, spike=zeros)


def _cells(words: tuple[str, ...], tag: str = "td") -> str:
    """Return the cells of a row; numbers are on the right, under their heads."""
    styles = [_RIGHT if column in NUMBERS else "" for column in COLUMNS] + [""]
    cells = zip(words, styles, strict=False)
    return "".join(f"<{tag}{style}>{escape(word)}</{tag}>" for word, style in cells)
