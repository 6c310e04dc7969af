"""The seeds of a cell: from its id alone in the fixed mode, from a nonce too in the fresh one."""

from __future__ import annotations

import hashlib
import secrets

BITS = (15, 18, 22, 26, 30)
"""Which single bits the last seeds of a stage differ from the first in."""

PROBES = (5, 8, 12, *BITS)
"""Which single bits of a seed are tried beside a stage whose draws are large."""

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


def probes_of(seeds: list[int], many: bool) -> list[int]:
    """Return seeds that differ in one bit from the first of a stage, and that it has none of.

    They are drawn for their bits alone: a generator that uses 16 bits of its seed gives draws of
    neighbouring seeds that are right, and those of seeds 2^16 apart are one.

    Args:
        seeds: a stage's.
        many: whether every bit is tried; of large draws some are.
    """
    bits = range(31) if many else PROBES
    found = [seeds[0] ^ (1 << bit) for bit in bits]
    return [seed for seed in found if seed not in set(seeds)]


def nonce_of(seed: int | str | None) -> int:
    """Return the nonce of a run: 0 in the fixed mode (None), another each time for "fresh"."""
    if seed == "fresh":
        return secrets.randbits(48) | 1
    if seed is None:
        return 0
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed={seed!r}: pass a non-negative integer, 'fresh', or None")
    return seed
