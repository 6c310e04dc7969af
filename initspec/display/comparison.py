"""A comparison as words and a table: the same for a terminal and for a notebook."""

from __future__ import annotations

import math

from initspec.compare.comparison import ALPHA, Comparison

WORDS = ("backend", "version", "initializer")
NUMBERS = ("mean", "std", "min", "max", "p")
COLUMNS = (*WORDS, *NUMBERS, "verdict")
"""The columns of the table."""

STYLES = {"agrees": "green", "differs": "red", "error": "red"}
"""The colour of each verdict."""

LEGEND = f"p: probability of this deviation by chance; probability of a false alarm: {ALPHA:g}"
"""What stands under every table."""


def heading(result: Comparison) -> list[str]:
    """Return what was drawn: "on 512 x 256, float32, axes 'out in'", then fans and seed."""
    shape = " x ".join(map(str, result.shape)) or "scalar"
    axes = "without axes" if result.axes is None else f"axes '{result.axes}'"
    parts = [f"on {shape}, {result.dtype}, {axes}"]
    if result.fan_in is not None:
        parts.append(f"fan_in {result.fan_in}, fan_out {result.fan_out}")
    if result.seed is not None:
        parts.append(f"seed {result.seed}, name {result.name!r}")
    return parts


def rows(result: Comparison) -> list[tuple[str, ...]]:
    """Return the rows under COLUMNS: the expected, each backend's, the frameworks' own lines'.

    A line that was not drawn has the numbers that it should have, as the first row, and no p.
    """
    expected = map(_number, (result.mean, result.std, *result.bounds))
    table: list[tuple[str, ...]] = [("expected", "", "", *expected, "", "")]
    for row in result.rows:
        words = row.backend, row.version, row.initializer
        numbers = map(_number, (row.mean, row.std, row.low, row.high))
        p = "-" if row.failed else _probability(row.p_value)
        table.append((*words, *numbers, p, row.verdict))
    for line in result.namesakes:
        numbers = map(_number, (line.mean, line.std, line.low, line.high))
        p = _probability(line.p_value) if line.values else ""
        table.append((f"{line.framework} {line.name}", "", "", *numbers, p, line.verdict))
    return table


def namesakes(result: Comparison) -> list[str]:
    """Return what the frameworks' own lines are that differ, a sentence for each meaning."""
    alike: dict[str, list[str]] = {}
    for line in result.namesakes:
        if not line.agrees:
            meaning = f"{line.spec}, {', '.join(line.reasons)}"
            alike.setdefault(meaning, []).append(f"{line.framework} {line.name}")
    return [f"{', '.join(names)}: {meaning}" for meaning, names in alike.items()]


def legend(result: Comparison) -> str:
    """Return what stands under the table."""
    undrawn = any(not line.values for line in result.namesakes)
    return LEGEND + "; without p: not drawn, read from the framework's source" * undrawn


def notes(result: Comparison) -> list[str]:
    """Return why backends differ, failed or were left out, a sentence each."""
    differ = [f"{row.backend}: {reason}" for row in result.rows for reason in row.reasons]
    return differ + [f"not compared: {name}: {why}" for name, why in result.left_out.items()]


def _probability(value: float | None) -> str:
    return "exact" if value is None else f"{value:.2g}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"
