"""The seeds of a cell: from its id alone in the fixed mode, from a nonce too in the fresh one."""

from __future__ import annotations

import hashlib
import operator
import secrets
from collections.abc import Sequence

from initspec.errors import SeedError

BITS = (15, 18, 22, 26, 30)
"""Which single bits the last seeds of a stage differ from the first in."""

PROBES = (5, 8, 12, *BITS)
"""Which single bits of a seed are tried beside a stage, whatever it costs."""

REST = tuple(bit for bit in range(31) if bit not in PROBES)
"""The others, which are tried where draws are cheap."""

_SPACE = 1 << 15  # consecutive seeds stay below the bits above


def seeds_of(cell: str, stage: int, draws: int, nonce: int) -> list[int]:
    """Return the seeds of a stage: consecutive from an even base, the last one bit off the base.

    Seeds are Python ints in [0, 2^31). Where there are 16 draws or more, the last five are the
    base XOR 2^k.
    """
    text = f"initspec conformance 1|{nonce}|{stage}|{cell}".encode()
    base = int.from_bytes(hashlib.sha256(text).digest()[:4], "little") % (1 << 31) & -_SPACE
    seeds = list(range(base, base + draws))
    if draws >= 16:
        seeds[-len(BITS) :] = [base ^ (1 << bit) for bit in BITS]
    return seeds


def probes_of(seeds: Sequence[int], bits: Sequence[int]) -> list[int]:
    """Return seeds that differ in one of these bits from a stage's first, and that it has none of.

    They are drawn for their bits alone: a generator that uses 16 bits of its seed gives draws of
    neighbouring seeds that are right, and those of seeds 2^16 apart are one.
    """
    taken = set(seeds)
    return [seed for bit in bits if (seed := seeds[0] ^ (1 << bit)) not in taken]


def nonce_of(seed: int | str | None) -> int:
    """Return the nonce of a run: 0 in the fixed mode (None), another each time for "fresh".

    Raises:
        SeedError: the seed is something else, or negative.
    """
    if isinstance(seed, str) and seed == "fresh":
        return secrets.randbits(48) | 1
    if seed is None:
        return 0
    try:
        nonce = -1 if isinstance(seed, bool) else operator.index(seed)  # type: ignore[arg-type]
    except TypeError:
        nonce = -1
    if nonce < 0:
        raise SeedError(f"seed={seed!r}: pass a non-negative integer, 'fresh', or None")
    return nonce
