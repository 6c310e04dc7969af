"""That copies of a weight are found: through shapes, in parts, in heads, of one stream."""

from __future__ import annotations

import math
from collections.abc import Callable

import ml_dtypes
import numpy as np
import pytest
from initspec_conformance.models.copies import copies
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.fingerprints import fingerprint


def normal(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return (0.02 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def copied(**arrays: np.ndarray) -> list[ModelFinding]:
    """Return what is a copy in parameters."""
    prints = [fingerprint(path, values) for path, values in arrays.items()]
    return copies([print_ for print_ in prints if print_], arrays.__getitem__)


def test_a_stream_is_found_in_other_shapes():
    """The start of one stream in another shape, another scale, or turned round."""
    a = normal(0, (64, 48))
    others = {
        "of its first 1024 values": a.reshape(-1)[:1024].reshape(32, 32),
        "times those of a": 3 * a.reshape(48, 64),
        "the transpose of a": np.ascontiguousarray(a.T),
        "every value is that of a": a.copy(),
    }
    for text, b in others.items():
        (finding,) = copied(a=a, b=b)
        assert finding.path == "b"
        assert text in finding.message
    assert not copied(a=a, b=normal(1, (64, 48)))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_one_stateless_initializer_is_found_through_the_shapes_of_attention(dtype):
    """Kernels of queries, keys and values, and of the output, that start one stream."""
    stream = np.random.default_rng(0).standard_normal(64 * 4 * 16)
    shapes = {"query": (64, 4, 16), "key": (64, 2, 16), "value": (64, 2, 16), "out": (4, 16, 64)}
    kernels = {
        name: (std * stream[: math.prod(shape)]).reshape(shape).astype(numpy_dtype(dtype))
        for (name, shape), std in zip(shapes.items(), (0.02, 0.03, 0.02, 0.01), strict=True)
    }
    findings = copied(**kernels)
    assert [finding.path for finding in findings] == ["key", "value", "out"]
    assert {finding.looks_like.split(",")[0] for finding in findings} == {"one initializer"}


def numpy_dtype(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name, name))


def _tap(kernel):
    kernel[:, :, 2, 1] = kernel[:, :, 0, 0]


def _turned_tap(kernel):
    kernel[:, :, 2, 1] = -kernel[:, :, 0, 0].T


PARTS: dict[str, tuple[tuple[int, ...], Callable[[np.ndarray], None], str]] = {
    "an expert": ((4, 24, 24), lambda w: w.__setitem__(3, w[1]), "[3, :, 0] is [1, :, 0]"),
    "an expert, scaled": (
        (4, 24, 24),
        lambda w: w.__setitem__(3, 0.3 * w[1]),
        "[3, :, 0] is 0.3 times [1, :, 0]",
    ),
    "an expert, turned round": (
        (4, 24, 24),
        lambda w: w.__setitem__(3, w[1].T.copy()),
        "[1, 0, :] is [3, :, 0]",
    ),
    "a symmetric expert": (
        (4, 24, 24),
        lambda w: w.__setitem__(2, np.triu(w[2]) + np.triu(w[2], 1).T),
        "[2, 0, :] is [2, :, 0]",
    ),
    "a head, negated": (
        (40, 4, 16),
        lambda w: w[:, 2].__setitem__(slice(None), -w[:, 0]),
        "[0, 2, :] is -1 times [0, 0, :]",
    ),
    "a tap": ((16, 24, 3, 3), _tap, "[:, 0, 2, 1] is [:, 0, 0, 0]"),
    "a tap of a small kernel": ((4, 4, 3, 3), _tap, "[:, :, 2, 1] is [:, :, 0, 0]"),
    "a tap, turned round and negated": ((24, 24, 3, 3), _turned_tap, "is -1 times"),
    "a filter of a small kernel": (
        (8, 3, 3, 3),
        lambda w: w.__setitem__(5, 2 * w[3]),
        "[5, :, :, :] is 2 times [3, :, :, :]",
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_is_a_copy_is_found(name):
    """In each direction, turned round, negated and scaled; without it there is nothing."""
    shape, plant, text = PARTS[name]
    weight = normal(4, shape)
    assert not copied(w=weight)
    plant(weight)
    (finding,) = copied(w=weight)
    assert text in finding.message, finding


@pytest.mark.parametrize("shape", [(1, 64), (64, 1), (1, 64, 1), (1, 1, 16), (4, 4), (3, 5)])
def test_no_line_is_a_copy_of_itself(shape):
    """An axis of one element makes the same line along others."""
    assert not copied(a=normal(0, shape), b=normal(1, shape))


def test_zeros_and_signs_that_agree_by_chance_are_no_copies():
    """Kernels that are 0 but for their middle, and matrices of nothing but 1 and -1."""
    a, b = (np.zeros((8, 1, 3, 3), np.float32) for _ in range(2))
    a[:, 0, 1, 1], b[:, 0, 1, 1] = [1, -1] * 4, [1, -1, 1, -1, -1, 1, 1, -1]
    assert not copied(a=a, b=b)
    assert not copied(a=np.sign(normal(0, (4, 16))), b=np.sign(normal(0, (4, 16))))
