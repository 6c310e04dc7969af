"""Independence along a draw and between draws: every lag of two signals, by Fourier transform."""

from __future__ import annotations

import math

import numpy as np
from scipy import fft

from initspec_conformance.checks.base import DEFAULT, Accumulator, Check, Evidence
from initspec_conformance.checks.batch import LONGEST, Batch
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.target import Target
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

PRODUCTS = 1024
"""How many products a lag needs for its sum to be normal."""

SIDE = 512
"""Of a larger matrix the leading square of this side is held against its transpose."""

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
        return error_rates.reach(levels, 2 * n) / math.sqrt(n)


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
            # In float32, at half the time: an error of 1e-6 of a standard error.
            sums = fft.irfft(power.astype(np.float32), self.padded)[lags]
            z = sums / np.sqrt(products)
            worst = int(np.argmax(np.abs(z)))
            found.append((abs(float(z[worst])), int(lags[worst]), float(z[worst]), name))
        largest, lag, z, name = max(found)
        p_value = error_rates.bonferroni(error_rates.two_sided(largest), 2 * len(lags))
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
        return error_rates.reach(levels, 4 * n) / math.sqrt(n)


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
        p_value = error_rates.bonferroni(error_rates.two_sided(largest), parts)
        return Evidence(z, p_value, self.n, f"draws of two seeds correlate {where}: z = {z:+.2f}")


class Periods(Check):
    """No wave over the index that all draws share: no drift, no checkerboard, no period.

    The Fourier transform of the sum of all draws, of values and of sizes. At each frequency its
    two parts are normal with variances (1 +- rho) / 2, rho = |sum exp(2 i w t)| / n.
    """

    name = "periods"
    asserts = "neither the mean nor the size of an entry is a wave over its index"
    null = "P(|F(w)|^2 > t D n) <= exp(-t / (1 + rho)), the largest over all frequencies"
    unit = "standard deviations of U, as the amplitude of a wave"
    reads = ("signals", "spectra")

    def start(self, target: Target) -> Accumulator:
        return _Periods()

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        if n < PRODUCTS:
            return math.inf
        # An amplitude A adds A sqrt(n) / 2 to the one of two parts whose variance is 1 / 2; halfway
        # between two of the padded frequencies the tenth of it is lost, sin(pi / 4) / (pi / 4).
        limit = math.log(2 * (2 * min(target.size, LONGEST) + 2) / levels.first)
        reach = math.sqrt(limit) + error_rates.upper(error_rates.MISS) * math.sqrt(0.5)
        return 2 * reach / (0.9 * math.sqrt(n))


class _Periods(Accumulator):
    def __init__(self) -> None:
        self.sums: list[Array] = []
        self.length = self.draws = 0

    def add(self, batch: Batch) -> None:
        length = batch.signals[0].shape[1]
        if self.length and length != self.length:
            return  # as in `lags`
        found = [spectrum.sum(axis=0) for spectrum in batch.spectra]
        self.sums = [a + b for a, b in zip(self.sums, found, strict=True)] if self.sums else found
        self.length, self.draws = length, self.draws + batch.count

    def evidence(self) -> Evidence:
        n = self.draws * self.length
        if n < PRODUCTS:
            return Evidence(0.0, 1.0, n, f"{n} entries are too few for waves")
        padded = fft.next_fast_len(2 * self.length, real=True)
        w = 2 * np.pi / padded * np.arange(len(self.sums[0]))
        with np.errstate(invalid="ignore"):
            rho = np.abs(np.sin(w * self.length) / np.sin(w)) / self.length
        rho = np.where(np.isfinite(rho), np.minimum(rho, 1.0), 1.0)
        found = []
        for name, total in zip(SIGNALS, self.sums, strict=True):
            t = (total.real.astype(np.float64) ** 2 + total.imag**2) / n / (1 + rho)
            worst = int(np.argmax(t))
            found.append((float(t[worst]), worst, name))
        largest, worst, name = max(found)
        p_value = error_rates.bonferroni(math.exp(-largest), 2 * len(w))
        period = f"of period {padded / worst:.4g}" if worst else "of no period"
        message = f"the {name} are a wave {period} over the index: |F|^2 is {largest:.3g} times D n"
        return Evidence(math.sqrt(largest), p_value, n, message)


class Transpose(Check):
    """A weight has nothing to do with its own transpose, place of the kernel by place."""

    name = "transpose"
    asserts = "w[i, j] and w[j, i] are uncorrelated, in value and in size"
    null = "sum_(i < j) s_ij s_ji / sqrt(pairs) ~ N(0, 1)"
    unit = "of correlation"
    families = ("iid",)

    def applies(self, target: Target) -> bool:
        return super().applies(target) and target.size <= LONGEST and _pairs(target) >= 1

    def start(self, target: Target) -> Accumulator:
        return _Transpose(target)

    def min_discrepancy(self, n: int, target: Target, levels: Rates = DEFAULT) -> float:
        pairs = n // target.size * _pairs(target)
        return error_rates.reach(levels, 2) / math.sqrt(pairs) if pairs >= PRODUCTS else math.inf


def _side(target: Target) -> int:
    """Return the side of the leading square that is held against its transpose."""
    return min(target.layout.out, target.layout.in_, SIDE)


def _pairs(target: Target) -> int:
    """Return how many pairs of entries a draw has."""
    return target.layout.stack * target.layout.taps * math.comb(_side(target), 2)


class _Transpose(Accumulator):
    def __init__(self, target: Target) -> None:
        self.target, self.side = target, _side(target)
        self.sums = [0.0, 0.0]
        self.draws = 0

    def add(self, batch: Batch) -> None:
        layout, side = self.target.layout, self.side
        for index, signal in enumerate(batch.signals):
            whole = signal.reshape(-1, layout.out, layout.in_, layout.taps)
            square = np.moveaxis(whole[:, :side, :side], 3, 1).astype(np.float64)
            products = float(np.einsum("mtij,mtji->", square, square))
            alone = np.einsum("mtii->mti", square)
            self.sums[index] += (products - float((alone**2).sum())) / 2
        self.draws += batch.count

    def evidence(self) -> Evidence:
        pairs, n = self.draws * _pairs(self.target), self.draws * self.target.size
        if pairs < PRODUCTS:
            return Evidence(0.0, 1.0, n, f"{pairs} pairs are too few for a correlation")
        scores = [total / math.sqrt(pairs) for total in self.sums]
        z, name = max(zip(scores, SIGNALS, strict=True), key=lambda found: abs(found[0]))
        message = f"the {name} of w[i, j] and w[j, i] correlate: z = {z:+.2f} over {pairs} pairs"
        return Evidence(z, error_rates.bonferroni(error_rates.two_sided(z), 2), n, message)


def _power(spectrum: Array) -> Values:
    """Return the power spectrum, summed over draws."""
    total = np.zeros(spectrum.shape[1])
    for row in spectrum:
        total += row.real**2
        total += row.imag**2
    return total
