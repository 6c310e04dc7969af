"""Copies: parameters, rows, heads, blocks and experts that have the same values as others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from initspec_conformance.expected.arrays import Array
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.fingerprints import Fingerprint

LIKE = 0.9999
"""The correlation from which on two sequences of 16 elements and more are one: chance has 1e-25."""

FEWEST = 16
"""How many leading elements are correlated, at least."""

PAIRS = 4096
"""How many parameters are correlated with all others at a time."""

Read = Callable[[str], Array]


def copies(fingerprints: Sequence[Fingerprint], read: Read) -> list[ModelFinding]:
    """Return a finding for each parameter that repeats an earlier one, or itself.

    Args:
        fingerprints: those of the random parameters, in the order of the model.
        read: returns the values of a path.
    """
    earlier: dict[int, int] = {}
    inside, across = _shared(fingerprints)
    for a, b in sorted([*across, *_proportional(fingerprints)]):
        earlier.setdefault(b, a)
    findings = []
    for index, fingerprint in enumerate(fingerprints):
        if index in inside:
            findings.append(_inside(fingerprint))
        if index in earlier:
            other = fingerprints[earlier[index]]
            message, looks = _relation(read(other.path), read(fingerprint.path), other.path)
            if message:
                findings.append(ModelFinding(fingerprint.path, "copy", message, looks))
    return findings


def _shared(fingerprints: Sequence[Fingerprint]) -> tuple[set[int], set[tuple[int, int]]]:
    """Return which parameters repeat rows or columns of their own, and which pairs share some."""
    hashes = [np.concatenate([f.rows, f.columns]) for f in fingerprints]
    if not hashes:
        return set(), set()
    owners = np.repeat(np.arange(len(hashes)), [len(h) for h in hashes])
    every = np.concatenate(hashes)
    order = np.argsort(every, kind="stable")
    every, owners = every[order], owners[order]
    same = np.flatnonzero((every[1:] == every[:-1]) & (every[1:] != 0))
    first, second = owners[same], owners[same + 1]
    inside = set(first[first == second].tolist())
    pairs = {(int(a), int(b)) for a, b in zip(first, second, strict=True) if a != b}
    return inside, pairs


def _proportional(fingerprints: Sequence[Fingerprint]) -> set[tuple[int, int]]:
    """Return the pairs whose leading elements are one sequence, but for a factor."""
    pairs = set()
    groups: dict[int, list[int]] = defaultdict(list)
    for index, f in enumerate(fingerprints):
        size = len(f.leading)
        while size >= FEWEST:  # by powers of two, so that a short one meets a long one
            if size & (size - 1) == 0:
                groups[size].append(index)
            size = 1 << (size - 1).bit_length() >> 1
    for size, members in groups.items():
        rows = np.stack([fingerprints[i].leading[:size] for i in members])
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = (rows / np.where(norms > 0, norms, 1.0)).astype(np.float32)
        for start in range(0, len(rows), PAIRS):
            near = np.abs(rows[start : start + PAIRS] @ rows.T) > LIKE
            for a, b in np.argwhere(near):
                if start + a < b:
                    pairs.add((members[start + a], members[b]))
    return pairs


def _relation(a: Array, b: Array, path: str) -> tuple[str, str]:
    """Return how b repeats a, and what that looks like; ("", "") where it does not after all."""
    twice = "one initializer, or one seed, for both"
    if a.shape == b.shape and np.array_equal(a, b):
        return f"every value is that of {path}", f"{twice}, or a tie that was broken"
    x, y = a.reshape(-1), b.reshape(-1)
    n = min(x.size, y.size)
    x, y = x[:n], y[:n]
    shapes = f"of {b.shape} and {a.shape}"
    same = int(np.count_nonzero(x == y))
    if same > n // 2:
        return f"{same} of its first {n} values are those of {path}, {shapes}", twice
    head = slice(0, min(n, 1 << 16))
    u, v = x[head].astype(np.float64), y[head].astype(np.float64)
    factor = float(u @ v / (u @ u)) if u.any() else 0.0
    close = np.abs(v - factor * u) <= 1e-3 * np.abs(v).max()
    if factor and 2 * int(close.sum()) > len(u):
        return f"its values are {factor:.6g} times those of {path}, {shapes}", twice
    if same * 8 > n:
        return f"{same} of its values are those of {path}, {shapes}", twice
    if a.ndim == b.ndim == 2 and a.T.shape == b.shape and np.array_equal(a.T, b):
        return f"it is the transpose of {path}", twice
    return f"it has rows or columns of {path}, {shapes}", "a part that is a copy"


def _inside(fingerprint: Fingerprint) -> ModelFinding:
    """Return which rows or columns of a parameter repeat others of it."""
    for name, hashes in (("rows", fingerprint.rows), ("columns", fingerprint.columns)):
        _, first, place = np.unique(hashes, return_index=True, return_inverse=True)
        of = first[place]
        later = np.flatnonzero((of != np.arange(len(of))) & (hashes != 0))
        if not len(later):
            continue
        offsets = later - of[later]
        distance = int(np.bincount(offsets).argmax())
        common = int(np.count_nonzero(offsets == distance))
        message = (
            f"{len(later)} of {len(hashes)} {name} repeat earlier ones, {common} of them the one "
            f"{distance} before: {name[:-1]} {int(later[0])} is {name[:-1]} {int(of[later[0]])}"
        )
        looks = "a head, block, expert or rank that is a copy of another"
        return ModelFinding(fingerprint.path, "copy", message, looks)
    return ModelFinding(
        fingerprint.path, "copy", "rows have the values of columns", "a symmetric weight"
    )
