"""The key of a weight's random words: SHA-256 of their purpose, the seed and the name.

`docs/portable-stream.md` is the standard; this is its section 1.
"""

from __future__ import annotations

import hashlib
import re

import numpy as np

from initspec.errors import SeedError, shown

VALUES, ZEROS = 0, 1
"""The purpose of a stream: the values of a weight, or the places of its zeros."""

_PREFIX = b"initspec portable stream 1\0"
_LONE, _STACK = 0, 1
_MEMBER = re.compile(r"(.*)\[(0|[1-9][0-9]{0,19})\]", re.DOTALL | re.ASCII)
_WORD = 1 << 64


def check_seed(seed: object) -> int:
    """Return `seed` as an int; raise SeedError unless it is an integer from 0 to 2^64 - 1."""
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool) and 0 <= seed < _WORD:
        return int(seed)
    hint = "pass an integer from 0 to 2^64 - 1, such as seed=7"
    if hasattr(seed, "aval"):  # an array that may be traced
        hint += (
            "; of an array take int(seed), and a traced one has no value yet: make the seed a "
            "static argument of the jit, static_argnames='seed'"
        )
    raise SeedError(f"seed={shown(seed)} ({type(seed).__name__}): {hint}")


def check_name(name: object) -> str:
    """Return `name`; raise SeedError unless it is a str."""
    if isinstance(name, str):
        return str(name)
    raise SeedError(
        f"name={shown(name)} ({type(name).__name__}): pass the parameter's name as a str, "
        "such as 'encoder.0.weight'"
    )


def split_name(name: str) -> tuple[str, int] | None:
    """Return the stack and the member in it that the name of a lone parameter denotes, if any.

    Only the last bracket counts, and only where it holds an integer below 2^64 as Python prints
    it. Doubled brackets are a name like any other.

    >>> split_name("qkv[2]"), split_name("layer[1][0]"), split_name("w[[2]]"), split_name("w[02]")
    (('qkv', 2), ('layer[1]', 0), None, None)
    """
    match = _MEMBER.fullmatch(name)
    if match is None or int(match[2]) >= _WORD:
        return None
    return match[1], int(match[2])


def digest(seed: int, name: str, stacked: bool, purpose: int) -> tuple[bytes, int]:
    """Return the 32 bytes of the key, and the number of the weight's first stack member.

    Args:
        seed: 0 to 2^64 - 1.
        name: the parameter's name.
        stacked: whether its axes have a stack.
        purpose: VALUES or ZEROS.
    """
    kind, first = _STACK, 0
    if not stacked:
        part = split_name(name)
        if part is None:
            kind = _LONE
        else:
            name, first = part
    text = _PREFIX + bytes((purpose, kind)) + seed.to_bytes(8, "little")
    # A str may hold a lone surrogate, which strict UTF-8 refuses.
    return hashlib.sha256(text + name.encode("utf-8", "surrogatepass")).digest(), first
