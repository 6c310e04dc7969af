"""The random words, however they are made: word for word those of the standard."""

import numpy as np
import pytest

from initspec.stream import words
from initspec.stream.words import Generator, Stream
from tests.core.stream import naive

WAYS = {
    "started anew": {"_COMPUTED": 10**9},
    "computed": {"_START": 10**9, "_LEAST": 0, "_COMPUTED": 0},
    "as it is": {},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["w", "w[7]"])
@pytest.mark.parametrize("length", [1, 3, 9])
@pytest.mark.parametrize(
    ("members", "starts"),
    [
        ([0, 0, 1, 2], [5, 40, 3, 0]),
        ([0, 1, 2, 3], [0, 0, 0, 0]),
        ([3, 4, 4, 9], [4, 0, 60, 8]),
    ],
)
def test_runs_are_those_of_the_standard(monkeypatch, way, name, length, members, starts):
    for cost, value in WAYS[way].items():
        monkeypatch.setattr(words, cost, value)
    stacked = name == "w"
    stream, generator = Stream(7, name, stacked), Generator()
    runs = stream.words(generator, np.array(members), np.array(starts), length)
    halves = stream.halves(generator, np.array(members), np.array(starts), length)
    for member, start, run, half in zip(members, starts, runs, halves, strict=True):
        right = naive.Words(7, name, stacked, member)
        numbers = range(start, start + length)
        assert run.tolist() == [right.word(n) for n in numbers]
        assert half.tolist() == [right.half(n) for n in numbers]


@pytest.mark.parametrize("high", [0, 5])
def test_the_first_block_is_right_where_the_counter_before_it_borrows(high):
    """No name is known whose digest ends in 64 zero bits: the words are set."""
    stream = Stream(7, "w", stacked=True)
    stream._low, stream._high = 0, high
    right = naive.philox([0, 0, 0, high], list(stream._key))
    assert stream.run(Generator(), 0, 0, 4).tolist() == right
