"""Entries that no draw changes: what a loop that ends too early leaves behind."""

from __future__ import annotations

import math
from dataclasses import dataclass

from initspec_conformance.checks.base import Check, Evidence, deterministic
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected


@dataclass(frozen=True)
class Constants:
    """The entries of some draws that are the same in all of them.

    Attributes:
        first: one of the draws.
        same: which entries all draws share with it.
        draws: how many draws.
    """

    first: Array
    same: Array
    draws: int

    def __add__(self, other: Constants) -> Constants:
        same = self.same & other.same & (self.first == other.first)
        return Constants(self.first, same, self.draws + other.draws)


class ConstantEntries(Check):
    """Each entry differs from one draw to another."""

    name = "constant_entries"
    group = "independence"
    asserts = "no entry has one and the same value in every draw"
    null = "deterministic, of so many draws that such a coincidence has a chance below 2^-60"
    families = ("iid",)

    def measure(self, batch: Batch) -> Constants:
        draws = batch.entries
        return Constants(draws[0].copy(), (draws == draws[0]).all(axis=0), len(draws))

    def evidence(self, state: Constants, expected: Expected) -> Evidence:
        n = state.draws * expected.size
        bits = -math.log2(coincidence(expected))
        # sum_i p_i^D is near (sum_i p_i^2)^(D - 1).
        if (state.draws - 1) * bits - math.log2(expected.size) < 60:
            return deterministic(0, n, f"{state.draws} draws are too few to see constant entries")
        constant = int(state.same.sum())
        message = f"{constant} of {expected.size} entries have one value in all {state.draws} draws"
        return deterministic(constant, n, message)
