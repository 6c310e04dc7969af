"""That the measurements are right: calls of known length, by a clock that only they move."""

from __future__ import annotations

import pytest

from benchmarks.measure import bench as measurements


class Clock:
    """A clock whose time is that of the calls made."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def busy(self, *lengths):
        """Return a call that takes each length in turn, the last for good, after a warm-up."""
        left = list(lengths)

        def call():
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return call


CLOCK = Clock()
pytestmark = pytest.mark.benchmark(timer=CLOCK)


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch):
    monkeypatch.setattr(measurements, "clock", CLOCK)
    monkeypatch.setattr(measurements, "processor", CLOCK)


def _found(benchmark):
    return benchmark.extra_info["rows"]["row"]


def test_ratio(bench, benchmark):
    """Pairs are of neighbours: the ratio is 2, whatever both slow down to together."""
    bench.ratio("row", CLOCK.busy(9, 2, 2, 4, 6, 2), CLOCK.busy(7, 1, 1, 2, 3, 1))
    row = _found(benchmark)
    assert (row["low"], row["median"], row["high"]) == pytest.approx((2, 2, 2))
    assert row["rounds"] == 8  # the least: 5 seconds have room for one


def test_work(bench, benchmark, monkeypatch):
    """A ratio of processors' time goes by their clock, that of times by the other."""
    processor = Clock()
    monkeypatch.setattr(measurements, "processor", processor)
    both = [(CLOCK.busy(a), processor.busy(b)) for a, b in ((0.1, 0.3), (0.4, 0.2))]
    bench.work("row", *(lambda calls=calls: [call() for call in calls] for calls in both))
    assert _found(benchmark)["median"] == pytest.approx(0.25)
    work = benchmark.extra_info["rows"]["row-processor"]
    assert work["median"] == pytest.approx(1.5)


def test_allocated(bench, benchmark):
    """A megabyte that is given back counts."""
    bench.allocated("row", lambda: len(bytearray(1 << 20)))
    assert _found(benchmark)["median"] == pytest.approx(1, abs=0.01)


def test_rounds_fill_the_budget(bench, benchmark):
    """Pairs of 0.1 seconds are 50 in 5: an even number, so that none is first more often."""
    bench.ratio("row", CLOCK.busy(0.05), CLOCK.busy(0.05))
    assert _found(benchmark)["rounds"] == 50
    assert len(benchmark.stats.stats.data) == _found(benchmark)["rounds"]


def test_quartiles(bench, benchmark):
    """Ratios of 1 to 8 have the median 4.5 and the quartiles 2.75 and 6.25."""
    bench.ratio("row", CLOCK.busy(2, 2, 7, 3, 1, 5, 2, 6, 4, 8), CLOCK.busy(1))
    row = _found(benchmark)
    assert (row["low"], row["median"], row["high"]) == pytest.approx((2.75, 4.5, 6.25))


def test_difference(bench, benchmark):
    """A call of 150 microseconds is 50 over one of 100, the mean of its loop."""
    bench.difference("row", CLOCK.busy(150e-6), CLOCK.busy(100e-6), loops=20)
    assert _found(benchmark)["median"] == pytest.approx(50)
    assert _found(benchmark)["rounds"] == 100


def test_microseconds(bench, benchmark):
    """A call of 100 microseconds takes 100."""
    bench.microseconds("row", CLOCK.busy(100e-6), loops=20)
    assert _found(benchmark)["median"] == pytest.approx(100)


def test_cpu(bench, benchmark):
    """Seconds of a processor are those of the calls, the one that warms up left out."""
    bench.cpu("row", CLOCK.busy(9, 0.25))
    assert _found(benchmark)["high"] == pytest.approx(0.25)
    assert _found(benchmark)["rounds"] == 8


def test_sweep(bench, benchmark):
    """Ten times the work in twenty times the time costs twice as much for each unit."""
    calls = {4: (10, CLOCK.busy(1e-3)), 8: (100, CLOCK.busy(20e-3))}
    bench.sweep("line", "label", calls, row="row", rounds=3)
    first, second = benchmark.extra_info["curves"]["line"]["points"]
    assert first == pytest.approx([4, 100e3])
    assert second == pytest.approx([8, 200e3])
    assert _found(benchmark)["median"] == pytest.approx(2)
