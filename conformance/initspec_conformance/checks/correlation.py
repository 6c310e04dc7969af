"""Independence along a draw and between draws: every lag of two signals, by Fourier transform."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import fft

from initspec_conformance.checks.base import DEFAULT, Check, Evidence, Sums
from initspec_conformance.checks.batch import LONGEST, Batch, length_of
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected
from initspec_conformance.statistics import error_rates
from initspec_conformance.statistics.error_rates import Rates

PRODUCTS = 1024
"""How many products a lag needs for its sum to be normal."""

SIDE = 512
"""Of a larger matrix the leading square of this side is compared with its transpose."""

SIGNALS = ("values", "sizes")


class Lags(Check):
    """No value depends on another at a fixed distance along the draw.

    Linear correlation, zero-padded: a circular one that skips lag n / 2 does not see a draw whose
    halves are equal. The folded signal sees copies that were negated.
    """

    name = "lags"
    group = "independence"
    asserts = "entries at any distance are uncorrelated, in value and in size"
    null = "sum_i s_i s_(i+lag) / sqrt(products) ~ N(0, 1), the largest over all lags"
    unit = "of correlation"
    reads = ("signals", "spectra")

    def measure(self, batch: Batch) -> Sums:
        return Sums((*map(_power, batch.spectra), batch.count))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        *powers, draws = state
        length = length_of(expected)
        padded = fft.next_fast_len(2 * length, real=True)
        lags = np.arange(1, length)
        products = draws * (length - lags)
        lags, products = lags[products >= PRODUCTS], products[products >= PRODUCTS]
        n = draws * length
        if not len(lags):
            return Evidence(0.0, 1.0, n, f"{n} entries are too few for correlations")
        worst_of_each = []
        for name, power in zip(SIGNALS, powers, strict=True):
            # In float32, at half the time: an error of 1e-6 of a standard error.
            sums = fft.irfft(power.astype(np.float32), padded)[lags]
            z = sums / np.sqrt(products)
            worst = int(np.argmax(np.abs(z)))
            worst_of_each.append((abs(float(z[worst])), int(lags[worst]), float(z[worst]), name))
        largest, lag, z, name = max(worst_of_each)
        p_value = error_rates.bonferroni(error_rates.two_sided(largest), 2 * len(lags))
        message = (
            f"the {name} of entries {lag} apart correlate: z = {z:+.2f} among {len(lags)} lags"
        )
        return Evidence(z, p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        return error_rates.reach(levels, 2 * n) / math.sqrt(n)


class Seeds(Check):
    """Draws of different seeds have nothing to do with each other.

    The first draw against the second at every lag, and against all others entry by entry.
    """

    name = "seeds"
    group = "independence"
    asserts = "draws of neighbouring seeds, and of seeds that differ in one bit, are independent"
    null = "cross-correlations ~ N(0, 1), the largest over all lags and seeds"
    unit = "of correlation"
    needs_draws = 2
    reads = ("signals", "spectra")

    def measure(self, batch: Batch) -> Sums:
        first, length = batch.first, batch.signals[0].shape[1]
        after_lead = slice(0 if first else 1, None)
        aligned: list[Array] = []
        cross: list[Array] = []
        for lead, signal in zip(batch.lead, batch.signals, strict=True):
            aligned.append(signal[after_lead] @ lead / math.sqrt(length))
        if first < 2 <= first + batch.count:  # the second draw is one of these
            padded = fft.next_fast_len(2 * length, real=True)
            for lead_spectrum, spectrum in zip(batch.lead_spectra, batch.spectra, strict=True):
                cross.append(fft.irfft(np.conj(lead_spectrum) * spectrum[1 - first], padded))
            batch.forget(("lead_spectra",))
        elif not first:
            _ = batch.lead_spectra  # kept for the second draw, which comes with the next batch
        return Sums((aligned, cross, batch.count * length))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        aligned, cross, n = state
        length = length_of(expected)
        same = np.concatenate(aligned).astype(np.float64)
        largest_of_each = [(abs(z), z, "at the same places") for z in same.tolist()]
        lags = max(length - PRODUCTS, 0)
        roots = np.sqrt(length - np.arange(1, lags + 1))
        for sums in cross if lags else ():
            for sign, part in ((1, sums[1 : lags + 1]), (-1, sums[: -lags - 1 : -1])):
                z = part / roots
                worst = int(np.argmax(np.abs(z)))
                where = f"shifted by {sign * (worst + 1)}"
                largest_of_each.append((abs(float(z[worst])), float(z[worst]), where))
        if not largest_of_each or length < 64:
            return Evidence(0.0, 1.0, n, "too few entries for correlations between seeds")
        largest, z, where = max(largest_of_each)
        parts = len(same) + 4 * lags
        p_value = error_rates.bonferroni(error_rates.two_sided(largest), parts)
        return Evidence(z, p_value, n, f"draws of two seeds correlate {where}: z = {z:+.2f}")

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        return error_rates.reach(levels, 4 * n) / math.sqrt(n)


class Periods(Check):
    """No wave over the index that all draws share: no drift, no checkerboard, no period.

    The Fourier transform of the sum of all draws, of values and of sizes. At each frequency its
    two parts are normal with variances (1 +- rho) / 2, rho = |sum exp(2 i w t)| / n.
    """

    name = "periods"
    group = "independence"
    asserts = "neither the mean nor the size of an entry is a wave over its index"
    null = "P(|F(w)|^2 > t D n) <= exp(-t / (1 + rho)), the largest over all frequencies"
    unit = "standard deviations of U, as the amplitude of a wave"
    reads = ("signals", "spectra")

    def measure(self, batch: Batch) -> Sums:
        return Sums((*(spectrum.sum(axis=0) for spectrum in batch.spectra), batch.count))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        *totals, draws = state
        length = length_of(expected)
        n = draws * length
        if n < PRODUCTS:
            return Evidence(0.0, 1.0, n, f"{n} entries are too few for waves")
        padded = fft.next_fast_len(2 * length, real=True)
        w = 2 * np.pi / padded * np.arange(len(totals[0]))
        with np.errstate(invalid="ignore"):
            rho = np.abs(np.sin(w * length) / np.sin(w)) / length
        rho = np.where(np.isfinite(rho), np.minimum(rho, 1.0), 1.0)
        worst_of_each = []
        for name, total in zip(SIGNALS, totals, strict=True):
            t = (total.real.astype(np.float64) ** 2 + total.imag**2) / n / (1 + rho)
            worst = int(np.argmax(t))
            worst_of_each.append((float(t[worst]), worst, name))
        largest, worst, name = max(worst_of_each)
        p_value = error_rates.bonferroni(math.exp(-largest), 2 * len(w))
        period = f"of period {padded / worst:.4g}" if worst else "of no period"
        message = f"the {name} are a wave {period} over the index: |F|^2 is {largest:.3g} times D n"
        return Evidence(math.sqrt(largest), p_value, n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        if n < PRODUCTS:
            return math.inf
        # An amplitude A adds A sqrt(n) / 2 to the one of two parts whose variance is 1 / 2; halfway
        # between two of the padded frequencies the tenth of it is lost, sin(pi / 4) / (pi / 4).
        limit = math.log(2 * (2 * min(expected.size, LONGEST) + 2) / levels.first)
        reach = math.sqrt(limit) + error_rates.upper(error_rates.MISS) * math.sqrt(0.5)
        return 2 * reach / (0.9 * math.sqrt(n))


class Transpose(Check):
    """A weight has nothing to do with its own transpose, place of the kernel by place."""

    name = "transpose"
    group = "independence"
    asserts = "w[i, j] and w[j, i] are uncorrelated, in value and in size"
    null = "sum_(i < j) s_ij s_ji / sqrt(pairs) ~ N(0, 1)"
    unit = "of correlation"
    families = ("iid",)

    def applies(self, expected: Expected) -> bool:
        return super().applies(expected) and expected.size <= LONGEST and _pairs(expected) >= 1

    def measure(self, batch: Batch) -> Sums:
        layout, side = batch.expected.layout, _side(batch.expected)
        sums = []
        for signal in batch.signals:
            whole = signal.reshape(-1, layout.out, layout.in_, layout.taps)
            square = np.moveaxis(whole[:, :side, :side], 3, 1).astype(np.float64)
            products = float(np.einsum("mtij,mtji->", square, square))
            diagonal = np.einsum("mtii->mti", square)
            sums.append((products - float((diagonal**2).sum())) / 2)
        return Sums((*sums, batch.count))

    def evidence(self, state: Any, expected: Expected) -> Evidence:
        *sums, draws = state
        pairs, n = draws * _pairs(expected), draws * expected.size
        if pairs < PRODUCTS:
            return Evidence(0.0, 1.0, n, f"{pairs} pairs are too few for a correlation")
        scores = [total / math.sqrt(pairs) for total in sums]
        z, name = max(zip(scores, SIGNALS, strict=True), key=lambda pair: abs(pair[0]))
        message = f"the {name} of w[i, j] and w[j, i] correlate: z = {z:+.2f} over {pairs} pairs"
        return Evidence(z, error_rates.bonferroni(error_rates.two_sided(z), 2), n, message)

    def min_discrepancy(self, n: int, expected: Expected, levels: Rates = DEFAULT) -> float:
        pairs = n // expected.size * _pairs(expected)
        return error_rates.reach(levels, 2) / math.sqrt(pairs) if pairs >= PRODUCTS else math.inf


def _side(expected: Expected) -> int:
    """Return the side of the leading square that is compared with its transpose."""
    return min(expected.layout.out, expected.layout.in_, SIDE)


def _pairs(expected: Expected) -> int:
    """Return how many pairs of entries a draw has."""
    return expected.layout.stack * expected.layout.taps * math.comb(_side(expected), 2)


def _power(spectrum: Array) -> Values:
    """Return the power spectrum, summed over draws."""
    total = np.zeros(spectrum.shape[1])
    for row in spectrum:
        total += row.real**2
        total += row.imag**2
    return total
