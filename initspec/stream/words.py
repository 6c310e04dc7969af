"""The random words of one weight, with random access.

`docs/portable-stream.md` is the standard; this is its sections 2 and 3.
"""

from __future__ import annotations

import math
import struct
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.stream.key import VALUES, digest
from initspec.stream.philox import philox

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_MOST = (1 << 64) - 1

# Rough costs in ns: a word of NumPy's generator, a new counter of it; a word computed here, and the
# least that computing takes.
_NATIVE, _START = 3, 1200
_COMPUTED, _LEAST = 25, 100_000
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

    __slots__ = ("_first", "_high", "_key", "_low")

    def __init__(self, seed: int, name: str, stacked: bool, purpose: int = VALUES) -> None:
        key, self._first = digest(seed, name, stacked, purpose)
        k0, k1, self._low, self._high = struct.unpack("<4Q", key)
        self._key = k0, k1

    @property
    def origin(self) -> tuple[int, int, int, int, int]:
        """The second, third and fourth word of member 0's counters, and the two of the key."""
        return self._first, self._low, self._high, *self._key

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
        each_block = _LEAST + runs * _COMPUTED * 4 * ((length + 6) // 4)
        if one_span <= min(many_runs, each_block):
            span = self.run(generator, int(members[0]), first, reach)
            if (np.diff(starts) == length).all():
                return span.reshape(runs, length)
            windows: Words = np.lib.stride_tricks.sliding_window_view(span, length)
            return windows[starts - first]
        if each_block < many_runs:
            return self._computed(members, starts, length)
        places = zip(members.tolist(), starts.tolist(), strict=True)
        drawn = [self.run(generator, member, start, length) for member, start in places]
        return np.concatenate(drawn).reshape(runs, length)

    def halves(
        self, generator: Generator, members: Numbers, starts: Numbers, length: int
    ) -> NDArray[np.uint32]:
        """Return [runs, length] halves of words, the low one first: number e is in word e // 2."""
        if members[0] == members[-1] and (np.diff(starts) == length).all():
            whole = self.half_run(generator, int(members[0]), int(starts[0]), len(starts) * length)
            return whole.reshape(-1, length)
        odd = starts & 1
        if not odd.any():
            pairs = _halves(self.words(generator, members, starts >> 1, (length + 1) // 2))
            return pairs[:, :length]
        # One word more, where a run starts with the high half of its first word.
        pairs = _halves(self.words(generator, members, starts >> 1, (length + 2) // 2))
        if odd.all():
            return pairs[:, 1 : length + 1]
        return np.where(odd[:, None] == 0, pairs[:, :length], pairs[:, 1 : length + 1])

    def run(self, generator: Generator, member: int, start: int, length: int) -> Words:
        """Return the words from number `start` on."""
        member, block, skip = self._first + member, start >> 2, start & 3
        # The counter before this block: NumPy increments before it generates.
        if block:
            before = block - 1, member, self._low, self._high
        elif member:
            before = _MOST, member - 1, self._low, self._high
        else:
            high = self._high - (not self._low)
            before = _MOST, _MOST, (self._low - 1) & _MOST, high & _MOST
        words = generator.words(self._key, before, skip + length)
        return words[skip:] if skip else words

    def _computed(self, members: Numbers, starts: Numbers, length: int) -> Words:
        """Return words of many short runs, all blocks at once."""
        words = np.empty((len(starts), length), np.uint64)
        skips = starts & 3
        same = bool((skips == skips[0]).all())
        blocks = ((int(skips[0]) if same else 3) + length + 3) // 4
        c2, c3 = np.full((1, 1), self._low, np.uint64), np.full((1, 1), self._high, np.uint64)
        at_once = max(1, _AT_ONCE // blocks)
        for i in range(0, len(starts), at_once):
            part = slice(i, i + at_once)
            member = members[part, None].astype(np.uint64) + np.uint64(self._first)
            block = (starts[part, None] // 4 + np.arange(blocks)).astype(np.uint64)
            drawn = philox(self._key, (block, member, c2, c3)).reshape(len(block), -1)
            if same:
                words[part] = drawn[:, skips[0] : skips[0] + length]
            else:
                columns = skips[part, None] + np.arange(length)
                words[part] = np.take_along_axis(drawn, columns, axis=1)
        return words


def _halves(words: Words) -> NDArray[np.uint32]:
    """Return each word as two halves, the low one first."""
    halves = words.view(np.uint32)
    if sys.byteorder == "big":
        halves = halves.reshape(*words.shape, 2)[..., ::-1].reshape(halves.shape)
    return halves


class Generator:
    """NumPy's Philox, reused because constructing it takes longer than drawing a small weight."""

    __slots__ = ("_numbers", "_philox", "_state")

    def __init__(self) -> None:
        self._philox = np.random.Philox(key=0)
        # NumPy reads Python integers four times as fast as those of an array.
        self._state: Any = {**self._philox.state, "buffer": [0] * 4}
        self._numbers = self._state["state"]

    def words(self, key: tuple[int, int], before: tuple[int, ...], count: int) -> Words:
        """Return the words of consecutive counters, the first being that after `before`."""
        self._numbers["key"], self._numbers["counter"] = key, before
        self._philox.state = self._state
        words: Words = self._philox.random_raw(count)
        return words
