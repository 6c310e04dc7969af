"""Lines with a hanging indent, and tables, that fit the terminal and cut no name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from initspec.translate import Line

_PLACES = re.compile(r"(?<=[(\[,=])(?=\S)|(?<=[\w}]\.)(?=[a-zA-Z_{])|(?<=\))(?=\.)")
"""Where a call may be broken: after a bracket, a comma or an equals sign, and at a dot."""


def fold(text: str, width: int) -> list[str]:
    """Return text as lines, broken at spaces; a call wider than a line is broken between its parts.

    A name alone is never broken, but stands out where it is wider than the line.

    >>> fold("that is he_normal().to_torch('in out')(w)", 24)
    ['that is', "he_normal().to_torch('in", "out')(w)"]
    """
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) <= width:
            line += f" {word}"
            continue
        if line:
            lines.append(line)
        line = ""
        for part in [word] if len(word) <= width else _PLACES.split(word):
            if line and len(line) + len(part) > width:
                lines.append(line)
                line = ""
            line += part
    return [*lines, line]


def show_text(
    console: Console, text: str, style: str = "", head: str = "", head_style: str = ""
) -> None:
    """Print text in lines of the terminal's width, each after the first as far in as its head."""
    indent = " " * len(head)
    for i, line in enumerate(fold(text, console.width - len(head))):
        start = indent if i else head
        # Wider than the terminal, a name is wrapped by the terminal alone, and can be copied.
        words = Text.assemble((start, head_style), (line, style))
        words.rstrip()
        console.print(words, soft_wrap=True)


def show_facts(console: Console, rows: Iterable[tuple[str, str]]) -> None:
    """Print facts, each beside its name."""
    facts = list(rows)
    first = max(len(name) for name, _ in facts)
    for name, fact in facts:
        show_text(console, fact, head=f"{name:<{first}}  ", head_style="dim")


def show_sentences(
    console: Console, lines: Iterable[str], style: str = "", indent: str = ""
) -> None:
    """Print sentences as a list."""
    for line in lines:
        show_text(console, line, style, head=f"{indent}- ")


def show_line(console: Console, line: Line) -> None:
    """Print a spec in the words of one framework."""
    where = [] if line.axes is None else [f"axes '{line.axes}'"]
    if line.shape is not None:
        where.append(f"shape {','.join(map(str, line.shape)) or 'scalar'}")
    show_text(console, ", ".join(where), "dim", f"{line.framework}  ", "bold")
    if line.code is None:
        show_text(console, "no line of its own", "yellow", "  ")
    else:
        for part in line.code.split("; "):  # a statement a line, as it would be typed
            show_text(console, part, "green", "  ")
    show_text(console, line.initspec, "cyan", "  ")
    show_sentences(console, (*line.namesakes, *line.notes), indent="  ")


def show_rows(
    console: Console,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    styles: Sequence[str] = (),
) -> None:
    """Print a table whose last column is of sentences: below the others in a narrow terminal."""
    cells = list(rows)
    sizes = [max(map(len, column)) for column in zip(heads, *cells, strict=True)][:-1]
    beside = console.width - sum(sizes) - 2 * len(sizes) >= 36
    for i, row in enumerate([heads, *cells]):
        style = "bold" if i == 0 else (styles[i - 1] if styles else "")
        *names, text = row
        head = "".join(f"{name:<{size}}  " for name, size in zip(names, sizes, strict=True))
        if beside:
            show_text(console, text, style, head, "" if i else "bold")
        elif i:
            show_text(console, ", ".join(name for name in names if name != "-"))
            show_text(console, text, style, "  ")


def show_table(
    console: Console,
    columns: Sequence[tuple[str, Sequence[str]]],
    left: Sequence[str] = (),
    styles: Sequence[str] = (),
    together: int = 1,
) -> None:
    """Print a table; what has no room beside the first column stands below, with it again.

    Args:
        console: where to print.
        columns: the head and the cells of each.
        left: the heads of the columns of words; numbers stand on the right.
        styles: that of each row's last cell.
        together: how many of the last columns are read beside each other.
    """
    sizes = [max(map(len, (head, *cells))) for head, cells in columns]
    pair = len(columns) - together
    start = 1
    while start < len(columns):
        end, used = start, sizes[0]
        while end < len(columns):
            needed = sum(2 + size for size in (sizes[pair:] if end == pair else [sizes[end]]))
            if end > start and used + needed > console.width:
                break
            used += 2 + sizes[end]
            end += 1
        shown = [0, *range(start, end)]
        for row in range(-1, len(columns[0][1])):
            text = Text()
            for index in shown:
                head, cells = columns[index]
                cell = head if row < 0 else cells[row]
                size = sizes[index]
                words = f"{cell:<{size}}" if head in left else f"{cell:>{size}}"
                last = index == len(columns) - 1
                style = "bold" if row < 0 else styles[row] if last and styles else ""
                text.append("  " if index else "").append(words, style)
            text.rstrip()
            console.print(text, soft_wrap=True)
        start = end
