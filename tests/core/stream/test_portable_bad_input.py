"""Bad seeds, names, indices, targets and threads: what was given, and what to do."""

import numpy as np
import pytest

from initspec import InitSpec
from initspec.dtypes import FLOATS
from initspec.errors import InitSpecError, SeedError, ShapeError, TargetError
from initspec.stream.draw import fill
from initspec.stream.threads import THREADS, threads_of

F32 = FLOATS["float32"]


@pytest.mark.parametrize(
    "seed", [True, -1, 2**64, 1.0, "7", None, np.float64(1), np.bool_(True), [1]]
)
def test_bad_seeds_raise(seed):
    """bool, negative, float and larger seeds, with the remedy."""
    with pytest.raises(SeedError, match=r"2\^64 - 1"):
        InitSpec.he_normal().sample_block((3, 3), (slice(1), slice(1)), seed=seed)


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1, np.int8(7), np.uint64(2**64 - 1)])
def test_good_seeds(seed):
    """Any Python or NumPy integer from 0 to 2^64 - 1, by value."""
    spec, index = InitSpec.he_normal(), (slice(0, 3), slice(0, 3))
    a = spec.sample_block((3, 3), index, seed=seed)
    np.testing.assert_array_equal(a, spec.sample_block((3, 3), index, seed=int(seed)))


def test_bad_names_raise():
    """A name is a str."""
    for name in (None, 3, b"w"):
        with pytest.raises(SeedError, match="name"):
            InitSpec.he_normal().sample_block((3, 3), (slice(1), slice(1)), name=name)


@pytest.mark.parametrize(
    "index",
    [
        (slice(0, 3),), (slice(0, 3), slice(0, 3), slice(0, 3)), [slice(0, 3), slice(0, 3)], (0, 1),
        (slice(0, 9), slice(0, 3)), (slice(-1, 2), slice(0, 3)), (slice(0, 4, 2), slice(0, 3)),
        (slice(3, 0, -1), slice(0, 3)), (slice(2, 1), slice(0, 3)), (slice(0.0, 1.0), slice(0, 3)),
        (..., slice(0, 3)), slice(0, 3),
    ],
)  # fmt: skip
def test_bad_indices_raise(index):
    """Out of range, stepped, negative, too short or no slices: what was given and what to do."""
    with pytest.raises(TargetError, match="pass"):
        InitSpec.he_normal().sample_block((4, 3), index)


def test_bad_targets_and_threads_raise(monkeypatch):
    """A wrong shape or dtype of `out`, and counts of threads that are none, write nothing."""
    resolved = InitSpec.he_normal().resolve((4, 3))
    for out in (np.zeros((3, 4), np.float32), np.zeros((4, 3), np.float64)):
        with pytest.raises(TargetError, match="pass float32"):
            fill(resolved, F32, 7, "w", out)
        assert not out.any()
    for threads in (0, -1, True, 1.5):
        with pytest.raises(InitSpecError, match="threads"):
            threads_of(threads)
    monkeypatch.setenv(THREADS, "many")
    with pytest.raises(InitSpecError, match=THREADS):
        threads_of(None)
    monkeypatch.setenv(THREADS, "3")
    assert threads_of(None) == 3


@pytest.mark.parametrize(("processors", "threads"), [(1, 1), (2, 2), (64, 4)])
def test_few_threads_are_the_default(monkeypatch, processors, threads):
    """Of many processors four are used: more threads would wait for Python's lock."""
    monkeypatch.delenv(THREADS, raising=False)
    monkeypatch.setattr("initspec.stream.threads._available", lambda: processors)
    assert threads_of(None) == threads
    assert threads_of(12) == 12


def test_too_many_elements_raise():
    """More than 2^62 elements have no numbers."""
    with pytest.raises(ShapeError, match=r"2\^62"):
        InitSpec.normal().sample_block((2**40, 2**40), (slice(1), slice(1)))
