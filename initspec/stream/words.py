"""The random words of one weight, with random access.

`docs/portable-stream.md` is the standard; this is its sections 2 and 3.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.stream.key import VALUES, digest
from initspec.stream.philox import philox

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_WORD = 1 << 64

# Rough costs in ns: a word of NumPy's generator, a word computed here, a new counter of NumPy's
# generator.
_NATIVE, _COMPUTED, _START = 3, 50, 3000
_AT_ONCE = 1 << 13  # counters, 2 MiB of scratch


class Stream:
    """The random words of one weight.

    A word has an address (member, number): the stack member and the place in it. SHA-256 of the
    purpose, the seed and the name is the key of Philox and the upper half of its counter; the
    member and the number are the lower half. So two weights share a block of words only where
    SHA-256 collides.

    Args:
        seed: 0 to 2^64 - 1.
        name: the parameter's name.
        stacked: whether its axes have a stack.
        purpose: VALUES or ZEROS.
    """

    __slots__ = ("_first", "_high", "_key")

    def __init__(self, seed: int, name: str, stacked: bool, purpose: int = VALUES) -> None:
        key, self._first = digest(seed, name, stacked, purpose)
        self._key = np.frombuffer(key, "<u8", 2).astype(np.uint64)
        self._high = int.from_bytes(key[16:], "little") << 128

    def half_run(
        self, generator: Generator, member: int, start: int, length: int
    ) -> NDArray[np.uint32]:
        """Return the halves from number `start` on."""
        first = start >> 1
        words = self.run(generator, member, first, ((start + length + 1) >> 1) - first)
        return _halves(words)[start & 1 : (start & 1) + length]

    def words(self, generator: Generator, members: Numbers, starts: Numbers, length: int) -> Words:
        """Return [runs, length] words: run i has the numbers from starts[i] on, of members[i].

        Members and starts ascend; two runs may share the words at their ends.
        """
        runs, first = len(starts), int(starts[0])
        reach = int(starts[-1]) + length - first  # starts ascend within a member
        one_span = _NATIVE * reach if members[0] == members[-1] else math.inf
        many_runs = runs * (_START + _NATIVE * length)
        each_block = runs * _COMPUTED * 4 * ((length + 6) // 4)
        if one_span <= min(many_runs, each_block):
            span = self.run(generator, int(members[0]), first, reach)
            if (np.diff(starts) == length).all():
                return span.reshape(runs, length)
            windows: Words = np.lib.stride_tricks.sliding_window_view(span, length)
            return windows[starts - first]
        result = np.empty((runs, length), np.uint64)
        if each_block < many_runs:
            self._scattered(members, starts, result)
        else:
            for row, member, start in zip(result, members.tolist(), starts.tolist(), strict=True):
                row[:] = self.run(generator, member, start, length)
        return result

    def halves(
        self, generator: Generator, members: Numbers, starts: Numbers, length: int
    ) -> NDArray[np.uint32]:
        """Return [runs, length] halves of words, the low one first: number e is in word e // 2."""
        if members[0] == members[-1] and (np.diff(starts) == length).all():
            whole = self.half_run(generator, int(members[0]), int(starts[0]), len(starts) * length)
            return whole.reshape(-1, length)
        # One word more, where a run starts with the high half of its first word.
        pairs = _halves(self.words(generator, members, starts >> 1, (length + 2) // 2))
        odd = starts & 1
        if (odd == odd[0]).all():
            return pairs[:, odd[0] : odd[0] + length]
        return np.where(odd[:, None] == 0, pairs[:, :length], pairs[:, 1 : length + 1])

    def run(self, generator: Generator, member: int, start: int, length: int) -> Words:
        """Return the words from number `start` on."""
        block, skip = divmod(start, 4)
        counter = self._high + ((self._first + member) << 64) + block
        return generator.words(self._key, counter, skip + length)[skip:]

    def _scattered(self, members: Numbers, starts: Numbers, out: Words) -> None:
        runs, length = out.shape
        blocks = (length + 6) // 4
        high = self._high >> 128
        c2, c3 = np.full((1, 1), high % _WORD, np.uint64), np.full((1, 1), high >> 64, np.uint64)
        key = int(self._key[0]), int(self._key[1])
        at_once = max(1, _AT_ONCE // blocks)
        for i in range(0, runs, at_once):
            part = slice(i, i + at_once)
            member = members[part].astype(np.uint64) + np.uint64(self._first)
            block = (starts[part, None] // 4 + np.arange(blocks)).astype(np.uint64)
            drawn = philox(key, (block, member[:, None], c2, c3))
            columns = (starts[part, None] & 3) + np.arange(length)
            out[part] = np.take_along_axis(drawn.reshape(len(drawn), -1), columns, axis=1)


def _halves(words: Words) -> NDArray[np.uint32]:
    """Return each word as two halves, the low one first."""
    halves = words.view(np.uint32)
    if sys.byteorder == "big":
        halves = halves.reshape(*words.shape, 2)[..., ::-1].reshape(halves.shape)
    return halves


class Generator:
    """NumPy's Philox, reused because constructing it takes longer than drawing a small weight."""

    __slots__ = ("_philox", "_state")

    def __init__(self) -> None:
        self._philox = np.random.Philox(key=0)
        self._state: Any = self._philox.state

    def words(self, key: Words, counter: int, count: int) -> Words:
        """Return the words of consecutive counters, the first being `counter`."""
        inner = self._state["state"]
        # NumPy increments before it generates.
        before = (counter - 1) % (1 << 256)
        inner["counter"] = np.frombuffer(before.to_bytes(32, "little"), "<u8")
        inner["key"] = key
        self._philox.state = self._state
        words: Words = self._philox.random_raw(count)
        return words
