"""Independence along a draw and between draws: every lag of two signals, by Fourier transform."""

from __future__ import annotations

import math

import numpy as np
from scipy import fft

from initspec_conformance import rates
from initspec_conformance.arrays import Array, Values
from initspec_conformance.batch import Batch
from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence
from initspec_conformance.rates import Rates
from initspec_conformance.target import Target

PRODUCTS = 1024
"""How many products a lag needs for its sum to be normal."""

SIGNALS = ("values", "sizes")


class Lags(Check):
    """No value depends on another at a fixed distance along the draw.

    Linear correlation, zero-padded: a circular one that skips lag n / 2 does not see a draw whose
    halves are equal. The folded signal sees copies that were negated.
    """

    name = "lags"
    asserts = "entries at any distance are uncorrelated, in value and in size"
    null = "sum_i s_i s_(i+lag) / sqrt(products) ~ N(0, 1), the largest over all lags"
    unit = "of correlation"
    reads = ("signals", "spectra")

    def start(self, target: Target) -> Accumulator:
        return _Lags()

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        return rates.reach(levels, 2 * n) / math.sqrt(n)


class _Lags(Accumulator):
    def __init__(self) -> None:
        self.power: list[Values] = []
        self.length = self.padded = self.draws = 0

    def add(self, batch: Batch) -> None:
        plain, _ = batch.signals
        length = plain.shape[1]
        if self.length and length != self.length:
            return  # draws of another length: a wrong number of zeros, judged by `zeros`
        power = [_power(spectrum) for spectrum in batch.spectra]
        if not self.power:
            self.power, self.length = power, length
            self.padded = fft.next_fast_len(2 * length, real=True)
        else:
            self.power = [a + b for a, b in zip(self.power, power, strict=True)]
        self.draws += len(plain)

    def evidence(self) -> Evidence:
        lags = np.arange(1, self.length)
        products = self.draws * (self.length - lags)
        lags, products = lags[products >= PRODUCTS], products[products >= PRODUCTS]
        n = self.draws * self.length
        if not len(lags):
            return Evidence(0.0, 1.0, n, f"{n} entries are too few for correlations")
        found = []
        for name, power in zip(SIGNALS, self.power, strict=True):
            sums = fft.irfft(power, self.padded)[lags]
            z = sums / np.sqrt(products)
            worst = int(np.argmax(np.abs(z)))
            found.append((abs(float(z[worst])), int(lags[worst]), float(z[worst]), name))
        largest, lag, z, name = max(found)
        p_value = rates.bonferroni(rates.two_sided(largest), 2 * len(lags))
        message = (
            f"the {name} of entries {lag} apart correlate: z = {z:+.2f} among {len(lags)} lags"
        )
        return Evidence(z, p_value, n, message)


class Seeds(Check):
    """Draws of different seeds have nothing to do with each other."""

    name = "seeds"
    asserts = "draws of neighbouring seeds, and of seeds that differ in one bit, are independent"
    null = "cross-correlations ~ N(0, 1), the largest over all lags and seeds"
    unit = "of correlation"
    reads = ("signals", "spectra")

    def start(self, target: Target) -> Accumulator:
        return _Seeds()

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        return rates.reach(levels, 4 * n) / math.sqrt(n)


class _Seeds(Accumulator):
    """The first draw against the second at every lag, and against all others entry by entry."""

    def __init__(self) -> None:
        self.first: tuple[Array, ...] = ()
        self.spectra: tuple[Array, ...] = ()
        self.cross: list[Array] = []
        self.aligned: list[float] = []
        self.padded = self.n = 0

    def add(self, batch: Batch) -> None:
        signals = batch.signals
        start = 0
        if not self.first:
            self.first = tuple(signal[0].copy() for signal in signals)
            self.spectra = tuple(spectrum[0].copy() for spectrum in batch.spectra)
            start = 1
        length = len(self.first[0])
        if signals[0].shape[1] != length:
            return
        for own, other in zip(self.first, signals, strict=True):
            sums = other[start:] @ own
            self.aligned += [float(z) for z in sums / math.sqrt(length)]
        if not self.cross and batch.count > start:
            self.padded = fft.next_fast_len(2 * length, real=True)
            for mine, theirs in zip(self.spectra, batch.spectra, strict=True):
                self.cross.append(fft.irfft(np.conj(mine) * theirs[start], self.padded))
            self.spectra = ()
        self.n += batch.count * length

    def evidence(self) -> Evidence:
        length = len(self.first[0])
        found = [(abs(z), z, "at the same places") for z in self.aligned]
        lags = np.concatenate([np.arange(1, length), np.arange(1 - length, 0)])
        lags = lags[length - np.abs(lags) >= PRODUCTS]
        for sums in self.cross:
            if len(lags):
                z = sums[lags % self.padded] / np.sqrt(length - np.abs(lags))
                worst = int(np.argmax(np.abs(z)))
                where = f"shifted by {lags[worst]}"
                found.append((abs(float(z[worst])), float(z[worst]), where))
        if not found or length < 64:
            return Evidence(0.0, 1.0, self.n, "too few entries for correlations between seeds")
        largest, z, where = max(found)
        parts = len(self.aligned) + 2 * len(lags)
        p_value = rates.bonferroni(rates.two_sided(largest), parts)
        return Evidence(z, p_value, self.n, f"draws of two seeds correlate {where}: z = {z:+.2f}")


def _power(spectrum: Array) -> Values:
    """Return the power spectrum, summed over draws."""
    total = np.zeros(spectrum.shape[1])
    for row in spectrum:
        total += row.real**2
        total += row.imag**2
    return total
