"""Power of what `test_power` leaves: copies, lattices, waves, triples, masks and Haar matrices.

Where a deviation has no sampler of its own, the better of two right draws is taken with a
probability that moves the statistic's mean by exactly `min_discrepancy`.
"""

import math
from itertools import combinations

import numpy as np
import pytest
from initspec_conformance.checks import BATTERY
from initspec_conformance.checks.base import DEFAULT, rejects
from initspec_conformance.checks.dtype import _powers
from initspec_conformance.checks.haar import Square
from initspec_conformance.checks.matrices import frame_of
from initspec_conformance.checks.permutations import of_distances, of_waves
from initspec_conformance.checks.zero_pairs import _adjacent, _shared
from initspec_conformance.checks.zero_spectra import _distances
from initspec_conformance.statistics import error_rates
from nulls import right_draws
from power import simulates
from scipy import special, stats
from test_power import MARGIN, REPLICATES, TOLERANCE, margin, quantiles, replicates, target

SUMS = (
    *("haar_signs", "haar_means", "haar_trace", "haar_trace_of_square"),
    *("haar_column_powers", "haar_row_powers", "haar_sign_pairs", "haar_neighbours"),
)


def haar(rng, count, n):
    """Return Haar matrices: QR with the sign fix of Mezzadri (2007)."""
    q, r = np.linalg.qr(rng.standard_normal((count, n, n)))
    return q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]


def better(rng, one, two, scores, off):
    """Take the one of two with the larger score as often as moves the mean score by `off`."""
    first, second = scores
    gain = np.mean(np.maximum(first, second)) - np.mean([first, second])
    larger = np.where((first >= second).reshape(-1, *[1] * (one.ndim - 1)), one, two)
    chosen = rng.random(len(one)) < off / gain
    return np.where(chosen.reshape(-1, *[1] * (one.ndim - 1)), larger, one)


@simulates(*SUMS)
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        *((name, 4) for name in SUMS),
        *((name, 1) for name in SUMS if not isinstance(BATTERY[name], Square)),
    ],
)
def test_haar_sums(name, columns):
    """The first of a check's variables is off by min_discrepancy: z is `reach`, give or take 1."""
    check, count, n = BATTERY[name], 512, 4
    what = target("orthogonal", (count, n, columns), "stack out in")
    frame = frame_of(what)
    off = check.min_discrepancy(count, what)
    # E |trace| in its standard deviations: of a normal law; of one entry, n = 4, 8 / (3 pi).
    mean_size = math.sqrt(2 / math.pi) if columns > 1 else 8 / (3 * math.pi)

    def draws(rng, _):
        one, two = (haar(rng, count, n)[:, :, :columns] for _ in range(2))
        if name == "haar_neighbours":
            for k in range(1, count):  # a matrix is turned round where it does not suit the last
                trace = np.trace(one[k - 1].T @ one[k])
                if rng.random() < off / mean_size:
                    one[k] *= np.sign(trace)
            return one[None]
        scores = check.z(one, frame)[:, 0], check.z(two, frame)[:, 0]
        return better(rng, one, two, scores, off)[None]

    found = replicates(name, what, draws, 1)
    z = np.array([evidence.statistic for evidence in found])
    # The largest of several variables is at least the first of them, and of another skewness.
    assert (
        abs(z.mean() - error_rates.reach(DEFAULT, check.parts(frame)))
        < 6 / math.sqrt(REPLICATES) + 0.3
    )
    assert 0.6 < z.std() < 1.5
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)


@simulates("haar_entry")
def test_haar_entry():
    """One position's cdf is moved by min_discrepancy: Massart's bound leaves a margin."""
    count, n = 512, 4
    check, what = BATTERY["haar_entry"], target("orthogonal", (count, n, n), "stack out in")
    off = check.min_discrepancy(count, what)

    def draws(rng, _):
        q = haar(rng, count, n)
        # P(q_00 > 0) is 1/2 + off, and so is the distance at 0.
        wrong = (q[:, 0, 0] < 0) & (rng.random(count) < 2 * off)
        q[wrong] *= -1
        return q[None]

    found = replicates("haar_entry", what, draws, 1)
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)
    assert abs(np.mean([e.statistic for e in found]) - off) < 0.1 * off


def mask_of(rng, slices, entries, zeros):
    """Return random masks of so many zeros, [slices, entries]."""
    return np.argsort(np.argsort(rng.random((slices, entries)), axis=1), axis=1) < zeros


@simulates("zero_adjacency", "zero_overlap")
@pytest.mark.parametrize("name", ["zero_adjacency", "zero_overlap"])
def test_sparse_scores(name):
    """Pairs of zeros in a slice, or of two slices, are more by min_discrepancy."""
    slices, entries, zeros = (2, 64, 32) if name == "zero_overlap" else (64, 64, 32)
    check, count = BATTERY[name], 512 if name == "zero_overlap" else 8
    what = target("sparse(sparsity=0.5, std=0.02)", (slices, entries))
    if name == "zero_overlap":
        n, mean = count * slices * entries, _shared(what)[0]
    else:
        n, mean = count * slices, _adjacent(what)[0]
    off = check.min_discrepancy(n, what) * mean

    def draws(rng, _):
        if name == "zero_overlap":
            first, one, two = (mask_of(rng, count, entries, zeros) for _ in range(3))
            scores = [(first & other).sum(axis=1).astype(float) for other in (one, two)]
            mask = np.stack([first, better(rng, one, two, scores, off)], axis=1)
        else:
            one, two = (mask_of(rng, count * slices, entries, zeros) for _ in range(2))
            scores = [(m[:, 1:] & m[:, :-1]).sum(axis=1).astype(float) for m in (one, two)]
            mask = better(rng, one, two, scores, off).reshape(count, slices, entries)
        return np.where(mask, 0.0, 0.02 * rng.standard_normal(mask.shape))

    z = np.array([evidence.statistic for evidence in replicates(name, what, draws, count)])
    assert abs(z.mean() - error_rates.reach(DEFAULT)) < 6 / math.sqrt(REPLICATES) + 0.1
    assert abs(z.std() - 1) < 6 / math.sqrt(2 * REPLICATES) + 0.05


def test_moments_of_masks():
    """Mean, variance and third moment of pairs and of powers are those over all masks there are."""
    for entries, zeros in ((8, 2), (9, 3), (10, 7), (12, 6), (7, 2)):
        chosen = np.array(list(combinations(range(entries), zeros)))
        masks = np.zeros((len(chosen), entries))
        np.put_along_axis(masks, chosen, 1.0, axis=1)
        masks -= zeros / entries
        distances = np.arange(1, entries)
        pairs = [(masks[:, d:] * masks[:, :-d]).sum(axis=1) for d in distances]
        powers = np.abs(np.fft.rfft(masks, axis=1)[:, 1:].T) ** 2
        for sums, law in (
            (np.array(pairs), of_distances(entries, zeros, distances)),
            (powers, of_waves(entries, zeros)),
        ):
            off = sums - sums.mean(axis=1, keepdims=True)
            seen = sums.mean(axis=1), (off**2).mean(axis=1), (off**3).mean(axis=1)
            np.testing.assert_allclose(law, seen, rtol=1e-9, atol=1e-9)


@simulates("zero_distances")
def test_zero_distances():
    """Zeros half a slice apart correlate by min_discrepancy."""
    slices, entries, zeros, count = 64, 64, 32, 8
    what = target("sparse(sparsity=0.5, std=0.02)", (slices, entries))
    half, whole = entries // 2, count * slices
    off = BATTERY["zero_distances"].min_discrepancy(whole * entries, what) * half / 4

    def draws(rng, count):
        one, two = (mask_of(rng, whole, entries, zeros) for _ in range(2))
        scores = [((m[:, half:] - 0.5) * (m[:, :-half] - 0.5)).sum(axis=1) for m in (one, two)]
        mask = better(rng, one, two, scores, off).reshape(count, slices, entries)
        return np.where(mask, 0.0, 0.02 * rng.standard_normal(mask.shape))

    found = replicates("zero_distances", what, draws, count)
    z = np.array([evidence.statistic for evidence in found])
    parts = len(_distances(entries, zeros, whole))
    assert parts == entries - 1
    assert abs(z.mean() - error_rates.reach(DEFAULT, parts)) < 6 / math.sqrt(REPLICATES) + 0.1
    assert abs(z.std() - 1) < 6 / math.sqrt(2 * REPLICATES) + 0.05
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)


@simulates("zero_waves")
def test_zero_waves():
    """The power of one wave a slice is larger by min_discrepancy."""
    slices, entries, zeros, count = 64, 64, 32, 32
    what = target("sparse(sparsity=0.5, std=0.02)", (slices, entries))
    whole = count * slices
    share = BATTERY["zero_waves"].min_discrepancy(whole * entries, what)
    mean, variance, _ = (float(moment[0]) for moment in of_waves(entries, zeros))
    wave = np.exp(2j * np.pi * np.arange(entries) / entries)

    def draws(rng, count):
        one, two = (mask_of(rng, whole, entries, zeros) for _ in range(2))
        scores = [np.abs((m - 0.5) @ wave) ** 2 for m in (one, two)]
        mask = better(rng, one, two, scores, share * mean).reshape(count, slices, entries)
        return np.where(mask, 0.0, 0.02 * rng.standard_normal(mask.shape))

    found = replicates("zero_waves", what, draws, count)
    z = np.array([evidence.statistic for evidence in found])
    expected = share * mean * math.sqrt(whole / variance)
    assert abs(z.mean() - expected) < 6 * (1 + share) / math.sqrt(REPLICATES) + 0.1
    # The larger of two powers varies less than one that is 1 + d times as large.
    assert 0.8 < z.std() < 1 + share + 0.05
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)


@simulates("zero_places")
def test_zero_places():
    """Some slices have no zeros in their last quarter: places vary by min_discrepancy."""
    slices, entries, zeros, count = 64, 64, 32, 8
    what = target("sparse(sparsity=0.5, std=0.02)", (slices, entries))
    check, whole, freedom = BATTERY["zero_places"], count * slices, entries - 1
    off = check.min_discrepancy(whole * entries, what)
    # A place in the first three quarters is zero with chance p + q p / 3, one beyond with p - q p:
    # a variance of q^2 p^2 / 3, and of q^2 / 3 where p (1 - p) is the unit.
    head = 3 * entries // 4
    some = math.ceil(math.sqrt(3 * off) * whole)
    off = (some / whole) ** 2 / 3

    def draws(rng, count):
        mask = mask_of(rng, whole, entries, zeros)
        first = mask_of(rng, some, head, zeros)
        mask[:some] = np.pad(first, ((0, 0), (0, entries - head)))
        mask = mask.reshape(count, slices, entries)
        return np.where(mask, 0.0, 0.02 * rng.standard_normal(mask.shape))

    found = replicates("zero_places", what, draws, count)
    ratios = np.array([evidence.statistic for evidence in found])
    # A chi-square of noncentrality (E - 1) S d, over its degrees of freedom.
    sd = math.sqrt(2 * freedom + 4 * freedom * whole * off) / freedom
    assert abs(ratios.mean() - (1 + whole * off)) < 6 * sd / math.sqrt(REPLICATES)
    assert abs(ratios.std() / sd - 1) < 6 / math.sqrt(REPLICATES)
    limit = special.chdtri(freedom, DEFAULT.first / 2)
    missed = stats.ncx2.cdf(limit, freedom, freedom * whole * off)
    assert missed <= error_rates.MISS
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)


@simulates("binades")
def test_binades():
    """Powers of two that occur too often by min_discrepancy."""
    check, what, n = BATTERY["binades"], target("he_normal", (64, 80), dtype="bfloat16"), 5120
    cells, share = _powers(what)
    excess = check.min_discrepancy(n, what)
    masses = what.rounding.masses.copy()
    masses[cells] *= 1 + excess
    others = np.setdiff1d(np.arange(len(masses)), cells)
    masses[others] *= (1 - masses[cells].sum()) / masses[others].sum()
    upto = np.cumsum(masses)

    def draws(rng, _):
        chosen = np.searchsorted(upto, rng.random((1, *what.shape)) * upto[-1])
        return what.rounding.values[chosen]

    z = np.array([evidence.statistic for evidence in replicates("binades", what, draws, 1)])
    assert abs(z.mean() - excess * share * n / math.sqrt(n * share * (1 - share))) < 0.5
    assert margin(z, error_rates.upper(DEFAULT.first / 2)) > MARGIN - TOLERANCE - 0.5


@simulates("distinct")
def test_distinct():
    """So many values fewer are always seen: Chernoff's bound leaves a margin."""
    check, what, n = BATTERY["distinct"], target("he_normal", (64, 80), dtype="bfloat16"), 5120
    missing = check.min_discrepancy(n, what)

    def draws(rng, count):
        right = right_draws(what, count, rng)
        met = np.unique(right)
        gone = rng.choice(met, math.ceil(missing * len(met)), replace=False)
        kept = np.setdiff1d(met, gone)
        return np.where(np.isin(right, gone), rng.choice(kept, right.shape), right)

    found = replicates("distinct", what, draws, 1)
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)


@simulates("lattice", "repeats", "atoms")
def test_lattices_and_copies():
    """A lattice of 1 / min_discrepancy points; so many copies; one value so often: always seen."""
    what, n = target("he_uniform", (128, 128)), 1 << 14
    points = round(1 / BATTERY["lattice"].min_discrepancy(n, what))

    def lattice(rng, count):
        return quantiles(
            what, (rng.integers(0, 2 * points, (count, *what.shape)) + 0.5) / 2 / points
        )

    copies = math.ceil(BATTERY["repeats"].min_discrepancy(2 * n, what) * n)

    def copied(rng, count):
        flat = right_draws(what, count, rng).reshape(count, -1)
        flat[:, -copies:] = -flat[:, :copies]
        return flat.reshape(count, *what.shape)

    share = BATTERY["atoms"].min_discrepancy(n, what)

    def atom(rng, count):
        right = right_draws(what, count, rng)
        return np.where(rng.random(right.shape) < share, 0.0, right)

    for name, draws, count in (
        ("lattice", lattice, 1),
        ("repeats", copied, 2),
        ("atoms", atom, 1),
    ):
        found = replicates(name, what, draws, count)
        assert all(rejects(evidence, DEFAULT.first) for evidence in found), name
    counts = [evidence.statistic for evidence in found]
    assert abs(np.mean(counts) - n * share) < 6 * math.sqrt(n * share / REPLICATES)


@simulates("atoms")
def test_atoms_of_16_bits():
    """The most frequent value, more frequent by min_discrepancy."""
    what, n = target("he_normal", (128, 128), dtype="bfloat16"), 1 << 14
    share = BATTERY["atoms"].min_discrepancy(n, what)
    value = what.rounding.values[np.argmax(what.rounding.masses)]

    def draws(rng, count):
        right = right_draws(what, count, rng)
        return np.where(rng.random(right.shape) < share, np.float32(value), right.astype(float))

    found = replicates("atoms", what, draws, 1)
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)


@simulates("positions")
@pytest.mark.parametrize("shape", [(16, 16), (64, 1032)], ids=["each entry", "each output"])
def test_positions(shape):
    """Offsets, a share of the variance, that all draws have in common: of large weights, rows."""
    what, count = target("he_normal", shape), 64 if shape[1] == 16 else 2
    share = BATTERY["positions"].min_discrepancy(count * what.size, what)
    rows = shape if shape[1] == 16 else (64, 1)

    def draws(rng, _):
        offsets = rng.standard_normal((1, *rows))
        noise = rng.standard_normal((count, *what.shape), np.float32)
        return what.law.scale * (math.sqrt(1 - share) * noise + math.sqrt(share) * offsets)

    found = replicates("positions", what, draws, count, REPLICATES if shape[1] == 16 else 60)
    assert all(rejects(evidence, DEFAULT.first) for evidence in found)


@simulates("periods")
def test_periods():
    """A wave over the places in (0, 1) with the amplitude min_discrepancy."""
    what, count = target("he_uniform", (64, 64)), 4
    amplitude = BATTERY["periods"].min_discrepancy(count * 4096, what)
    wave = amplitude / math.sqrt(12) * np.cos(2 * np.pi * np.arange(4096) / 37.5 + 1)

    def draws(rng, _):
        # A density that is tilted by the wave: its mean is off by it, and nothing leaves (0, 1).
        tilt = (6 * wave).reshape(what.shape)
        p = rng.random((count, *what.shape))
        u = (tilt - 1 + np.sqrt((1 - tilt) ** 2 + 4 * tilt * p)) / (2 * tilt)
        return quantiles(what, u)

    root = np.array([evidence.statistic for evidence in replicates("periods", what, draws, count)])
    # Between two frequencies a tenth may be lost; the largest of some is more than one alone.
    whole = amplitude * math.sqrt(count * 4096) / 2
    assert 0.9 * whole < root.mean() < whole + 0.6
    assert margin(root, 0.9 * whole - MARGIN * math.sqrt(0.5)) > MARGIN - TOLERANCE
    assert abs(root.std() - math.sqrt(0.5)) < 6 * math.sqrt(0.5) / math.sqrt(2 * REPLICATES) + 0.05


@simulates("transpose")
def test_transpose():
    """w[i, j] and w[j, i] correlate by min_discrepancy, in their places in (0, 1)."""
    what = target("he_normal", (96, 96))
    r = 2 * math.sin(math.pi / 6 * BATTERY["transpose"].min_discrepancy(96 * 96, what))

    def draws(rng, count):
        one, two = rng.standard_normal((2, count, *what.shape))
        other = r * one.transpose(0, 2, 1) + math.sqrt(1 - r**2) * two
        return what.law.scale * (np.triu(one) + np.tril(other, -1))

    z = np.array([evidence.statistic for evidence in replicates("transpose", what, draws, 1)])
    assert abs(z.mean() - error_rates.reach(DEFAULT, 2)) < 6 / math.sqrt(REPLICATES) + 0.1
    assert abs(z.std() - 1) < 6 / math.sqrt(2 * REPLICATES)


@simulates("serial")
def test_serial():
    """A third sign that is the product of two others, as often as gives that noncentrality."""
    what, n = target("he_normal", (128, 96)), 128 * 96
    share = math.sqrt(BATTERY["serial"].min_discrepancy(n, what))

    def draws(rng, count):
        right = right_draws(what, count, rng)
        triples = right.reshape(-1, 3)
        sign = np.sign(triples[:, 0]) * np.sign(triples[:, 1])
        chosen = rng.random(len(triples)) < share
        triples[:, 2] = np.where(chosen, np.abs(triples[:, 2]) * sign, triples[:, 2])
        return right

    z = [evidence.statistic for evidence in replicates("serial", what, draws, 1)]
    assert abs(margin(z, error_rates.upper(DEFAULT.first)) - MARGIN) < TOLERANCE + 0.5


def right_draws_of(what):
    """Return what draws a target right, as `replicates` calls it."""
    return lambda rng, count: right_draws(what, count, rng)


@pytest.mark.parametrize(
    ("name", "text", "least"),
    [
        ("transpose", "he_normal", 0.0122),
        ("positions", "he_normal", 0.000373),
        ("positions", "sparse(sparsity=0.9)", 0.00373),
        ("underdispersed", "he_normal", 0.99958),
        ("underdispersed", "sparse(sparsity=0.9)", 0.99958),
    ],
)
def test_a_finding_counts_its_samples(name, text, least):
    """What evidence calls n is what `min_discrepancy` takes, here of 4 large draws."""
    check, what = BATTERY[name], target(text, (512, 520))
    evidence = replicates(name, what, right_draws_of(what), 4, 1)[0]
    assert check.min_discrepancy(evidence.n, what) == pytest.approx(least, rel=0.01)
