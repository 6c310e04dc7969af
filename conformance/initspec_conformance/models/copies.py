"""Copies: parameters, rows, heads, experts and taps that have the values of others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from initspec.dtypes import FLOATS
from initspec_conformance.expected.arrays import Array
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.fingerprints import Fingerprint, Group, index_of, line, telling

LIKE = 0.9999
"""The correlation from which on two sequences of 16 elements and more are compared as one."""

FEWEST = 16
"""How many leading elements are correlated, at least."""

PARAMETERS = 4096
"""How many parameters are correlated with all others at a time."""

CLOSE = 4
"""How many roundings two numbers that are one but for a factor may be apart."""

TRIED = 8
"""How many lines of one key are compared, at most, before a parameter has no copies."""

ONE_STREAM = "one initializer, or one seed, for both"
PART = "a head, block, expert or rank that is a copy of another"

Read = Callable[[str], Array]


class Line(NamedTuple):
    """A line of a parameter: the parameter's number, the axes that it runs along, its number."""

    owner: int
    group: Group
    number: int


def copies(fingerprints: Sequence[Fingerprint], read: Read) -> list[ModelFinding]:
    """Return a finding for each parameter that repeats an earlier one, or itself.

    What keys and leading elements suggest is read, and reported where the values agree.

    Args:
        fingerprints: those of the random parameters, in the order of the model.
        read: returns the values of a path.
    """
    shared = _shared(fingerprints)
    leading = _proportional(fingerprints)
    findings = []
    for b, fingerprint in enumerate(fingerprints):
        for a in sorted({a for a, other in (*shared, *leading) if other == b and a != b}):
            finding = _across(fingerprints[a], fingerprint, shared.get((a, b), ()), read)
            if finding:
                findings.append(finding)
                break
        if (b, b) in shared and (finding := _inside(fingerprint, shared[b, b], read)):
            findings.append(finding)
    return findings


def _shared(fingerprints: Sequence[Fingerprint]) -> dict[tuple[int, int], list[tuple[Line, Line]]]:
    """Return the pairs of lines that have one key, by the parameters that they are of."""
    blocks = [(i, g, keys) for i, f in enumerate(fingerprints) for g, keys in f.keys.items()]
    if not blocks:
        return {}
    starts = np.cumsum([0, *(len(keys) for _, _, keys in blocks)])
    every = np.concatenate([keys for _, _, keys in blocks])
    order = np.argsort(every, kind="stable")
    ordered = every[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    run = np.repeat(first, np.diff(np.append(first, len(ordered))))
    again = np.flatnonzero((run != np.arange(len(run))) & (ordered != 0))
    again = again[np.argsort(order[again])]

    def line_at(place: int) -> Line:
        block = int(np.searchsorted(starts, place, side="right")) - 1
        index, group, _ = blocks[block]
        return Line(index, group, place - int(starts[block]))

    shared = defaultdict(list)
    for place in again:
        earlier, later = line_at(int(order[run[place]])), line_at(int(order[place]))
        shared[earlier.owner, later.owner].append((earlier, later))
        # Of one parameter's repeats each is compared with its own first one, too.
        before = line_at(int(order[place - 1]))
        if before.owner == later.owner != earlier.owner:
            shared[later.owner, later.owner].append((before, later))
    return dict(shared)


def _proportional(fingerprints: Sequence[Fingerprint]) -> set[tuple[int, int]]:
    """Return the pairs whose leading elements are one sequence, but for a factor."""
    pairs = set()
    groups: dict[int, list[int]] = defaultdict(list)
    for index, f in enumerate(fingerprints):
        size = 1 << len(f.leading).bit_length() >> 1
        while size >= FEWEST:  # by powers of two, so that a short one meets a long one
            groups[size].append(index)
            size >>= 1
    for size, members in groups.items():
        rows = np.stack([fingerprints[i].leading[:size] for i in members])
        rows *= telling(rows)[:, None]
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = (rows / np.where(norms > 0, norms, 1.0)).astype(np.float32)
        for start in range(0, len(rows), PARAMETERS):
            near = np.abs(rows[start : start + PARAMETERS] @ rows.T) > LIKE
            for a, b in np.argwhere(near):
                if start + a < b:
                    pairs.add((members[start + a], members[b]))
    return pairs


def _across(
    first: Fingerprint, second: Fingerprint, pairs: Sequence[tuple[Line, Line]], read: Read
) -> ModelFinding | None:
    """Return how a parameter repeats an earlier one; None where it does not after all."""
    a, b = read(first.path), read(second.path)
    if a.shape == b.shape and np.array_equal(a, b):
        looks = f"{ONE_STREAM}, or a tie that was broken"
        return ModelFinding(second.path, "copy", f"every value is that of {first.path}", looks)
    x, y = a.reshape(-1), b.reshape(-1)
    n = min(x.size, y.size)
    shapes = f"of {b.shape} and {a.shape}"
    some = np.count_nonzero((x[:n] != 0) | (y[:n] != 0))
    same = int(np.count_nonzero((x[:n] == y[:n]) & (x[:n] != 0)))
    if 2 * same > some:
        message = f"{same} of its first {n} values are those of {first.path}, {shapes}"
        return ModelFinding(second.path, "copy", message, ONE_STREAM)
    factor, share = proportion(x[: min(n, 1 << 16)], y[: min(n, 1 << 16)])
    if 2 * share > 1:
        message = f"its values are {factor:.6g} times those of {first.path}, {shapes}"
        return ModelFinding(second.path, "copy", message, ONE_STREAM)
    if a.ndim == b.ndim == 2 and np.array_equal(a.T, b):
        return ModelFinding(second.path, "copy", f"it is the transpose of {first.path}", ONE_STREAM)
    if message := _of_lines(a, b, first, second, pairs):
        return ModelFinding(second.path, "copy", message, "a part of it, or one seed for both")
    return None


def _inside(
    fingerprint: Fingerprint, pairs: Sequence[tuple[Line, Line]], read: Read
) -> ModelFinding | None:
    """Return which lines of a parameter repeat others of it; None where none does after all."""
    values = read(fingerprint.path)
    message = _of_lines(values, values, fingerprint, fingerprint, pairs)
    if not message:
        return None
    turned = [pair for pair in pairs if pair[0].group != pair[1].group]
    looks = PART
    if 2 * len(turned) > len(pairs):
        same = all(earlier.number == later.number for earlier, later in turned)
        looks = "a symmetric weight" if same else "a part that is another, turned round"
    return ModelFinding(fingerprint.path, "copy", message, looks)


def _of_lines(
    a: Array, b: Array, first: Fingerprint, second: Fingerprint, pairs: Sequence[tuple[Line, Line]]
) -> str:
    """Return which lines of b are lines of a, the commonest kind; "" where none is after all."""
    kinds = Counter((earlier.group, later.group) for earlier, later in pairs)
    for kind, count in kinds.most_common():
        alike = [pair for pair in pairs if (pair[0].group, pair[1].group) == kind]
        for (_, g, i), (_, h, j) in alike[:TRIED]:
            u, v = line(a, first.sizes, g, i), line(b, second.sizes, h, j)
            factor, share = proportion(u, v) if u.shape == v.shape else (0.0, 0.0)
            if share < 1:
                continue
            times = "" if factor == 1 else f"{factor:.6g} times "
            message = f"{index_of(second.sizes, h, j)} is {times}{index_of(first.sizes, g, i)}"
            if first is not second:
                message += f" of {first.path}"
            if second.sizes != tuple(size for size in b.shape if size != 1):
                message += f", of {second.sizes}"
            return message + (f", and so {count - 1} more" if count > 1 else "")
    return ""


def proportion(u: Array, v: Array) -> tuple[float, float]:
    """Return the factor from u to v, and which share of them it holds for, but for rounding."""
    eps = max(FLOATS[array.dtype.name].eps for array in (u, v))
    x, y = u.astype(np.float64), v.astype(np.float64)
    nonzero = x != 0
    if not nonzero.any():
        return 0.0, 0.0
    factor = float(np.median(y[nonzero] / x[nonzero]))
    if not factor or not np.isfinite(factor):
        return 0.0, 0.0
    if abs(abs(factor) - 1) <= CLOSE * eps:
        factor = round(factor)
    close = np.abs(y - factor * x) <= CLOSE * eps * np.abs(y)
    return factor, float(np.count_nonzero(close)) / close.size
