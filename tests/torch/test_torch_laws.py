"""torch's own samplers: tails and ends of truncated normals, ends of uniforms, subsets, memory.

Rates of false alarms are those of `tests.laws`, the entropy is fixed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from initspec import InitSpec
from initspec.dtypes import FLOATS
from tests.laws import assert_cdf

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")
special = pytest.importorskip("scipy.special")

N = 2**20
DTYPES = list(FLOATS)


def draw(spec: InitSpec, dtype: str = "float32", shape=(1024, 1024), seed: int = 7) -> np.ndarray:
    tensor = torch.empty(shape, dtype=getattr(torch, dtype))
    spec.to_torch()(tensor, torch.Generator().manual_seed(seed))
    return tensor.double().numpy().ravel()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        (-2, 2),
        (-3, 3),
        (-1, 3),
        (0.5, 2),
        (-6, 6),
        (-9, 9),
        (-1, 5),
        (-4, 0.5),
        (3, 5),
        (5, 5.9),
        (-5.9, -5),
        (-5, -0.5),
        (2.9, 3),
        (-0.01, 0.01),
        (4, 40),
        (5.9, 9),
    ],
)
def test_truncated_normal(lower: float, upper: float, dtype: str) -> None:
    """Every method draws scipy's truncnorm, its tails included, and nothing outside the bounds."""
    spec = InitSpec.truncated_normal(std=1.0, lower=lower, upper=upper, corrected=False)
    values = draw(spec, dtype)
    assert values.min() >= lower
    assert values.max() <= upper
    # scipy's truncnorm in the lower tail, written out because its own cdf takes seconds here.
    sign = -1 if lower + upper > 0 else 1
    start, end = (special.ndtr(x) for x in sorted((sign * lower, sign * upper)))

    def cdf(x: np.ndarray) -> np.ndarray:
        below = np.clip((special.ndtr(sign * x) - start) / (end - start), 0, 1)
        return below if sign == 1 else 1 - below

    some = values[:200]
    assert np.allclose(cdf(some), stats.truncnorm(lower, upper).cdf(some), rtol=1e-6, atol=1e-9)
    assert_cdf(values, cdf)
    # The outer thousandth on each side: as many as there should be, spread as they should.
    outer, u = 1e-3, cdf(values)
    for tail in (u[u <= outer], 1 - u[u >= 1 - outer]):
        assert abs(len(tail) - N * outer) <= 5 * math.sqrt(N * outer)
        assert_cdf(tail, lambda p: np.clip(p / outer, 0, 1))
    # Too coarse a lattice repeats itself: count against scipy's values, rounded to the dtype.
    uniform = start + (end - start) * np.random.default_rng(0).random(N)
    exact = special.ndtri(uniform).astype(dtype)
    distinct, expected = len(np.unique(values)), len(np.unique(exact))
    assert distinct >= (0.9 if dtype == "float32" else 0.999) * expected


def test_truncated_tails_come_from_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """No float32 uniform, whose last step is 5.4 sigmas out, draws for a bound beyond 3 sigmas."""

    def uniform_(x: torch.Tensor, start: float, end: float, generator: object) -> torch.Tensor:
        assert x.dtype == torch.float64
        return x.fill_(start + (end - start) / 2)

    monkeypatch.setattr(torch.Tensor, "uniform_", uniform_)
    for lower, upper in ((-9, 9), (-3.01, 3), (-1, 5), (3, 5), (-0.01, 0.01), (2.9, 3)):
        draw(InitSpec.truncated_normal(lower=lower, upper=upper), shape=(64, 64))
    with pytest.raises(AssertionError):
        draw(InitSpec.truncated_normal(), shape=(64, 64))


def test_truncated_extremes_are_clamped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the uniform itself is at its end, rounding takes no weight past a bound."""
    rng = np.random.default_rng(0)
    for edge in (0, 1):
        monkeypatch.setattr(
            torch.Tensor, "uniform_", lambda x, *ends, edge=edge, **_: x.fill_(ends[edge])
        )
        for _ in range(300):
            std, mean, lower = rng.exponential(), rng.normal(), rng.uniform(-3, 3.5)
            upper = lower + rng.uniform(0.1, 2)
            spec = InitSpec.truncated_normal(
                std=std, mean=mean, lower=lower, upper=upper, corrected=False
            )
            values = draw(spec, shape=(2, 2))
            assert mean + std * lower <= values.min()
            assert values.max() <= mean + std * upper


@pytest.mark.parametrize("dtype", DTYPES)
def test_truncated_bounds_are_never_left(dtype: str) -> None:
    """No value is outside mean + std * bound: exactly in float32 and 64, rounded in half."""
    for lower, upper, mean, std in ((-2, 2, 0.0, 0.02), (-0.7, 0.3, 0.1, 0.3), (3, 4, -1.0, 0.1)):
        spec = InitSpec.truncated_normal(
            std=std, mean=mean, lower=lower, upper=upper, corrected=False
        )
        low, high = mean + std * lower, mean + std * upper
        values = draw(spec, dtype)
        if dtype in ("float16", "bfloat16"):
            low, high = torch.tensor([low, high]).to(getattr(torch, dtype)).tolist()
        assert values.min() >= low
        assert values.max() <= high


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_stays_between_its_ends(dtype: str) -> None:
    """The largest u that torch draws lands in [low, high], hardly inside it; CUDA draws u = 1."""
    from initspec_torch.ranges import uniform_ends

    kind = np.dtype(dtype).type
    rng = np.random.default_rng(0)
    largest = kind(1) - np.finfo(kind).epsneg
    cases = [(-1.0, 0.001), (-0.1, 0.1), (0.1, 0.3), (1.0, 1.0 + 1e-6), (0.0, 1.0)]
    cases += [
        tuple(sorted(rng.normal(size=2) * 10.0 ** rng.integers(-3, 4, 2))) for _ in range(2000)
    ]
    left = 0
    for low, high in cases:
        start, end = map(kind, uniform_ends(low, high, getattr(torch, dtype)))
        top = float(largest * (end - start) + start)
        assert low <= start <= top <= high
        assert (end - start) + start <= end
        assert top >= high - 4 * np.finfo(kind).eps * max(abs(low), abs(high))
        left += float(kind(low)) < low
    # Rounded to the nearest, every second float32 end lies outside.
    assert left > 500 or dtype == "float64"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.1), (-1.0, 0.001), (0.1, 0.1 + 1e-6)])
def test_uniform_is_never_left(low: float, high: float, dtype: str) -> None:
    """No draw leaves [low, high], compared as float64, and the ends are reached."""
    values = draw(InitSpec.uniform(low=low, high=high), dtype)
    assert low <= values.min()
    assert values.max() <= high
    # A gap of 14 / N at an end has a chance of e^-14 = 8e-7; float32 ends are an ulp further in.
    gap = 14 / N * (high - low) + FLOATS[dtype].eps
    assert max(values.min() - low, high - values.max()) <= gap


@pytest.mark.parametrize("size", [1, 10, 103, 512, 922, 1024])
def test_subset_sizes(size: int) -> None:
    """Each row keeps exactly the asked number, and each column is equally likely."""
    from initspec_torch.subsets import subsets

    rows, columns = 1024, 1024
    chosen = subsets(rows, columns, size, torch.device("cpu"), torch.Generator().manual_seed(5))
    assert bool((chosen.sum(1) == size).all())
    expected = rows * size / columns
    if size < columns:
        counts = chosen.sum(0).double().numpy()
        # The sum of squared deviations is about chi-squared with columns - 1 degrees.
        variance = expected * (1 - size / columns)
        chi = ((counts - expected) ** 2).sum() / variance / (1 - 1 / columns)
        assert abs(chi - (columns - 1)) <= 5 * math.sqrt(2 * columns)


def test_subsets_are_equally_likely() -> None:
    """All 10 pairs of 5 columns, and all 10 triples, come equally often; counted in parts too."""
    from initspec_torch.subsets import subsets

    rows = 40_000  # more than one thread counts at a time
    for size in (2, 3):
        generator = torch.Generator().manual_seed(6)
        chosen = subsets(rows, 5, size, torch.device("cpu"), generator)
        codes = (chosen.long() * 2 ** torch.arange(5)).sum(1)
        counts = codes.bincount(minlength=32).double().numpy()
        counts = counts[counts > 0]
        assert len(counts) == 10
        assert ((counts - rows / 10) ** 2).sum() / (rows / 10) <= stats.chi2(9).isf(6e-7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("along", ["in", "out"])
def test_sparse(along: str, dtype: str) -> None:
    """Zeros are exact and positive, as many in each slice; the others are never 0."""
    spec = InitSpec.sparse(0.9, std=2.0**-22 if dtype == "float16" else 0.01, along=along)
    values = draw(spec, dtype).reshape(1024, 1024)
    zeros = values == 0
    assert (zeros.sum(1 if along == "in" else 0) == 922).all()
    assert not np.signbit(values[zeros]).any()


def test_memory_of_elementwise_families() -> None:
    """No elementwise family keeps more than one temporary of the result's size."""
    from torch.profiler import ProfilerActivity, profile

    for spec in (
        InitSpec.he_normal(),
        InitSpec.he_truncated_normal(),
        InitSpec.truncated_normal(std=1.0, lower=-6, upper=6),
        InitSpec.truncated_normal(std=1.0, lower=3, upper=5),
    ):
        w = torch.empty(2048, 2048, dtype=torch.bfloat16)
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
            spec.to_torch()(w)
        held = peak = 0
        for event in seen.profiler.kineto_results.events():
            if event.name() == "[memory]":
                held += event.nbytes()
                peak = max(peak, held)
        assert 0 < peak <= w.nbytes, str(spec)
