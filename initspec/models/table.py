"""The table of an assignment, repeated blocks folded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from initspec.backend.parameter import Parameter
from initspec.models.patterns import Pattern
from initspec.models.rule import Rule

_NUMBERED = re.compile(r"((?:.*_)?)([0-9]+)")
_FOLDED = re.compile(r"((?:.*_)?)(\{[0-9][0-9.,]*\})")
"""A part that is a number or ends in _ and one, as Keras and flax name blocks; and a folded one."""

COLUMNS = ("path", "layer", "shape", "axes", "fans", "spec", "std", "rule")
"""The columns of the table."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A line of the table: one parameter, or what is the same in several blocks.

    Attributes:
        parts: the parts of its path, folded ones such as "{0..11}" and "layers_{0..11}".
        count: how many parameters it is.
        cells: what stands under COLUMNS after the path.
        members: what was folded, in order, where the caller gave it.
    """

    parts: tuple[str, ...]
    count: int
    cells: tuple[str, ...]
    members: tuple[Any, ...] = ()

    @property
    def path(self) -> str:
        """The path, with the number of parameters where there are several."""
        path = ".".join(self.parts)
        return path if self.count == 1 else f"{path} x {self.count}"

    def glob(self, others: Iterable[str]) -> str:
        """Return a glob that matches what it is of, and none of some other paths."""
        parts = [(part, _FOLDED.fullmatch(part)) for part in self.parts]
        plain = [_plain(match[1] if match else part) for part, match in parts]
        short = ".".join(f"{p}*" if m else p for p, (_, m) in zip(plain, parts, strict=True))
        if not any(match for _, match in parts) or not any(map(Pattern(short).matches, others)):
            return short
        numbers = (_numbers(match[2]) if match else "" for _, match in parts)
        return ".".join(p + several for p, several in zip(plain, numbers, strict=True))


def _plain(part: str) -> str:
    """Return a glob of a part that may have the characters of globs."""
    return re.sub(r"[{}*]+", "*", part)


def fold(rows: list[TableRow]) -> list[TableRow]:
    """Make one row of those that differ in one number of their path alone, number by number."""
    for position in range(max((len(row.parts) for row in rows), default=0)):
        rows = _fold(rows, position)
    return rows


def origin(rule: Rule | None, parameter: Parameter) -> str:
    """Return which rule gives a spec, in short: of its globs, that which matches."""
    if rule is None:
        return "padding row"
    match = rule.where(parameter)
    return match[0].text if match else rule.label


def _fold(rows: list[TableRow], position: int) -> list[TableRow]:
    """Make one row of those that differ in a number of one part of their path alone."""
    groups: dict[object, list[TableRow]] = {}
    for row in rows:
        match = _NUMBERED.fullmatch(row.parts[position]) if position < len(row.parts) else None
        if match:
            rest = (*row.parts[:position], (match[1],), *row.parts[position + 1 :])
            key: object = (rest, row.count, row.cells)
        else:
            key = row
        groups.setdefault(key, []).append(row)
    return [_merge(group, position) for group in groups.values()]


def _merge(group: list[TableRow], position: int) -> TableRow:
    first = group[0]
    if len(group) == 1:
        return first
    matches = [_NUMBERED.fullmatch(row.parts[position]) for row in group]
    numbers = sorted({int(match[2]) for match in matches if match})
    stem = first.parts[position].rstrip("0123456789")
    folded = stem + "{" + ",".join(runs(numbers)) + "}"
    parts = (*first.parts[:position], folded, *first.parts[position + 1 :])
    members = tuple(member for row in group for member in row.members)
    return replace(first, parts=parts, count=first.count * len(group), members=members)


def _numbers(folded: str) -> str:
    """Return every number of a folded part.

    >>> _numbers("{0..2,5}")
    '{0,1,2,5}'
    """
    runs = [run.partition("..") for run in folded[1:-1].split(",")]
    spans = [range(int(first), int(last or first) + 1) for first, _, last in runs]
    return "{" + ",".join(str(number) for span in spans for number in span) + "}"


def runs(numbers: list[int]) -> list[str]:
    """Return consecutive numbers as "0..11".

    >>> runs([0, 1, 2, 5, 7, 8])
    ['0..2', '5', '7..8']
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [f"{run[0]}..{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
