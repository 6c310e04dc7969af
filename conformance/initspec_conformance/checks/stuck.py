"""Entries that no draw changes: what a loop that ends too early leaves behind."""

from __future__ import annotations

import math

import numpy as np

from initspec_conformance.checks.base import Accumulator, Check, Evidence, fact
from initspec_conformance.checks.batch import Batch
from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.rounding import Spread
from initspec_conformance.expected.target import Target


class Stuck(Check):
    """Each entry differs from one draw to another."""

    name = "stuck"
    asserts = "no entry has one and the same value in every draw"
    null = "deterministic, of so many draws that such a coincidence has a chance below 2^-60"
    families = ("iid",)

    def start(self, target: Target) -> Accumulator:
        return _Stuck(target)


class _Stuck(Accumulator):
    def __init__(self, target: Target) -> None:
        self.bits = -math.log2(coincidence(target))
        self.few = isinstance(target.reading, Spread)
        self.size = target.size
        self.first: Array | None = None
        self.same: Array = np.ones(self.size, bool)
        self.draws = 0

    def add(self, batch: Batch) -> None:
        draws = batch.entries
        if self.first is None:
            self.first = draws[0].copy()
        self.same &= (draws == self.first).all(axis=0)
        self.draws += len(draws)

    def evidence(self) -> Evidence:
        n = self.draws * self.size
        # sum_i p_i^D is at most (sum_i p_i^2)^(D / 2), and near its power D - 1 only where all are
        # alike: of few values one may well have most of the mass.
        times = self.draws / 2 if self.few else self.draws - 1
        if times * self.bits - math.log2(self.size) < 60:
            return fact(0, n, f"{self.draws} draws are too few to tell what is stuck")
        stuck = int(self.same.sum())
        message = f"{stuck} of {self.size} entries have one value in all {self.draws} draws"
        return fact(stuck, n, message)
