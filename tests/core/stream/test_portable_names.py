"""Names: which say a member of a stack, and that two of them never share a random word."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initspec.stream import split_name
from initspec.stream.key import digest
from initspec.stream.words import Generator, Stream


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("w", None), ("w[0]", ("w", 0)), ("w[00]", None), ("w[02]", None), ("w[-1]", None),
        ("[3]", ("", 3)), ("[]", None), ("w[1][2]", ("w[1]", 2)), ("w[[2]]", None), ("w[2] ", None),
        ("w[2]\n", None), ("a\nb[2]", ("a\nb", 2)), ("w[٣]", None),
        (f"w[{2**64 - 1}]", ("w", 2**64 - 1)), (f"w[{2**64}]", None), ("w[1 ]", None),
    ],
)  # fmt: skip
def test_names_that_say_a_member(name, part):
    """Only a last bracket with a canonical decimal below 2^64 counts."""
    assert split_name(name) == part


def test_no_two_names_share_a_block():
    """Names, seeds, kinds and purposes give distinct (key, upper counter): 256 bits of SHA-256."""
    names = [
        "",
        "w",
        "w[0]",
        "w[1]",
        "w[[0]]",
        "w[00]",
        "W",
        "w ",
        "\udc80",
        "\\udc80",
        "é",
        "e\u0301",
    ]
    seen = {}
    for name in names:
        for seed in (0, 1, 2**64 - 1):
            for stacked in (False, True):
                for purpose in (0, 1):
                    s = Stream(seed, name, stacked, purpose)
                    place = (s._key, s._low, s._high, s._first)
                    seen.setdefault(place, set()).add((name, seed, stacked, purpose))
    for who in seen.values():
        # Only a lone "N[i]" and the stack "N" that it is a member of may meet.
        bases = {
            split_name(name) or (name, 0) if not stacked else (name, 0)
            for name, _, stacked, _ in who
        }
        assert len(bases) == 1
        assert len(who) == 1 or len({stacked for _, _, stacked, _ in who}) == 2
    # The same stack, another member: the same key, another counter.
    a, b = Stream(0, "w[0]", False), Stream(0, "w[1]", False)
    assert a._key == b._key == Stream(0, "w", True)._key
    assert (a._first, b._first) == (0, 1)


TEXT = st.text(st.sampled_from("ab[]01") | st.characters(), max_size=6)
WHO = st.tuples(st.integers(0, 2**64 - 1), TEXT, st.booleans(), st.sampled_from((0, 1)))


@given(WHO, WHO)
def test_keys_differ_unless_one_is_a_member_of_the_other(one, other):
    """Two streams share their digest and first member only where the page says they are one."""

    def meaning(seed, name, stacked, purpose):
        part = None if stacked else split_name(name)
        base, first = part or (name, 0)
        return seed, base, stacked or part is not None, purpose, first

    keys = [digest(seed, name, stacked, purpose) for seed, name, stacked, purpose in (one, other)]
    assert (keys[0] == keys[1]) == (meaning(*one) == meaning(*other))


def test_parameters_of_a_model_share_no_word():
    """Every word that 1,536 names draw, in their first blocks and members, is there once.

    Among 122,880 random words of 64 bits two are equal with a probability of 4e-10.
    """
    names = [
        f"layers.{layer}.{block}.{part}"
        for layer in range(96)
        for block in ("attention", "mlp")
        for part in ("weight", "bias", "q.weight", "k.weight", "v.weight", "w[[0]]", "w[00]", "W")
    ]
    generator, drawn = Generator(), []
    for name in names:
        for stacked, members in ((False, 1), (True, 4)):
            stream = Stream(7, name, stacked)
            drawn += [stream.run(generator, member, 0, 16) for member in range(members)]
    words = np.concatenate(drawn)
    assert words.size == 1536 * 5 * 16
    assert len(np.unique(words)) == words.size
