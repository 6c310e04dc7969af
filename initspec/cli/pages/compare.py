"""The page of `initspec compare`."""

from __future__ import annotations

import shlex

from rich.console import Console as RichConsole
from rich.text import Text

from initspec.axes import OUT_IN
from initspec.cli.console import Console
from initspec.cli.pages.layout import show_table, show_text
from initspec.compare import Comparison
from initspec.display.comparison import (
    COLUMNS,
    STYLES,
    WORDS,
    heading,
    legend,
    namesakes,
    notes,
    rows,
)

_WIDE = 100
"""Columns from which versions and initializers stand in the table; else they stand below."""


def show(result: Comparison, console: RichConsole | None = None) -> None:
    """Print a comparison: a table, its legend, and why backends differ."""
    console = console or Console()
    first, *others = heading(result)
    show_text(console, f"{result.spec} {first}", "bold")
    for line in others:
        show_text(console, line)
    wide = console.width >= _WIDE
    table = list(zip(COLUMNS, zip(*rows(result), strict=True), strict=True))
    columns = [column for column in table if wide or column[0] not in WORDS[1:]]
    styles = ["", *(STYLES[row.verdict] for row in result.rows)]
    styles += ["green" if line.agrees else "yellow" for line in result.namesakes]
    show_table(console, columns, left=(*WORDS, "verdict"), styles=styles)
    show_text(console, legend(result), "dim")
    if not wide:
        for row in result.rows:
            show_text(console, f"{row.backend}: {row.initializer}, {row.version}", "dim")
    if result.seed is not None:
        for sha256 in dict.fromkeys(row.sha256 for row in result.rows):
            who = ", ".join(row.backend for row in result.rows if row.sha256 == sha256)
            words = Text.assemble("SHA-256 ", (str(sha256), "bold"), f" ({who})")
            console.print(words, soft_wrap=True)
    for sentence in namesakes(result):
        show_text(console, sentence, "yellow")
    for note in notes(result):
        show_text(console, note, "dim" if note.startswith("not compared") else "red")
    for sentence, style in verdict(result):
        show_text(console, sentence, style)
    what, command = next_step(result)
    show_text(console, what)
    console.print(Text(f"  {command}", "cyan"), soft_wrap=True)


def verdict(result: Comparison) -> list[tuple[str, str]]:
    """Return the last lines, each with its colour."""
    count = len(result.rows)
    verdicts = [row.verdict for row in result.rows]
    failed, differ = verdicts.count("error"), verdicts.count("differs")
    lines = []
    if differ:
        lines.append((f"{differ} of {count} disagree with the expected distribution", "red"))
    if failed:
        lines.append((f"{failed} of {count} could not be compared", "red"))
    if not lines:
        who = "The backend agrees" if count == 1 else f"All {count} backends agree"
        lines.append((f"{who} with the expected distribution", "green"))
    others = sum(not line.agrees for line in result.namesakes)
    if others:
        of_all = f"{others} of the {len(result.namesakes)} frameworks with a line of that name"
        lines.append((f"{of_all} draw something else by it", "yellow"))
    return lines


def next_step(result: Comparison) -> tuple[str, str]:
    """Return what to look at next, and the command."""
    for line in result.namesakes:
        if not line.agrees:
            command = f"initspec translate {shlex.quote(line.code.removesuffix('()'))}"
            return f"Next, what {line.framework} {line.name} is in each framework:", command
    words = ["initspec", "explain", result.spec]
    words += ["--shape", ",".join(map(str, result.shape)) or "()"]
    words += ["--axes", result.axes] if result.axes not in (None, str(OUT_IN)) else []
    return "Next, its numbers and its line in each framework:", shlex.join(words)
