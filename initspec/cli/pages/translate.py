"""The page of `initspec translate`."""

from __future__ import annotations

from initspec.cli.console import Console
from initspec.cli.pages.layout import show_facts, show_line, show_sentences, show_text
from initspec.spec.formula import formula
from initspec.translate import Translation


def show(result: Translation, every: bool) -> None:
    """Print a translation; of every framework, leave out the one that the line is from."""
    console = Console()
    show_text(console, result.source, "bold")
    rows = [("is exactly", str(result.spec)), ("", formula(result.spec).law)]
    if result.axes is not None:
        rows.append(("on axes", result.axes))
    rows.append(("initspec", result.initspec))
    show_facts(console, rows)
    if result.changes:
        console.print("\n[bold]Easy to overlook[/]")
        show_sentences(console, result.changes)
    # The line of its own framework is the input.
    lines = [line for line in result.lines if not (every and line.framework == result.framework)]
    if lines:
        console.print("\n[bold]Elsewhere[/]\n")
    for line in lines:
        show_line(console, line)
