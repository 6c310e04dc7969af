"""Rows against torch.nn.init."""

from __future__ import annotations

import pytest
import torch
from torch.nn import init as own

from benchmarks.measure.memory import FAMILIES, SEEDED
from initspec import InitSpec

SPARSE = InitSpec.sparse(0.9, along="out")
TRUNCATED = InitSpec.truncated_normal(std=1.0, corrected=False)
PAIRS = {
    "kaiming-normal": (InitSpec.he_normal(), own.kaiming_normal_),
    "kaiming-uniform": (InitSpec.he_uniform(), own.kaiming_uniform_),
    "trunc-normal": (TRUNCATED, own.trunc_normal_),
    "orthogonal": (InitSpec.orthogonal(), own.orthogonal_),
    "sparse": (SPARSE, lambda tensor: own.sparse_(tensor, 0.9)),
}
"""The spec and the function whose law it is, at that function's defaults."""

SIDES = {"orthogonal": 2048, "sparse": 1024}


@pytest.mark.parametrize("name", PAIRS)
def test_native(bench, name):
    """A large weight."""
    spec, theirs = PAIRS[name]
    init, tensor = spec.to_torch(), torch.empty([bench.size(SIDES.get(name, 4096))] * 2)
    bench.ratio(f"native-{name}", lambda: init(tensor), lambda: theirs(tensor))


@pytest.mark.parametrize("name", PAIRS)
def test_small(bench, name):
    """A call on 16 x 16."""
    spec, theirs = PAIRS[name]
    init, tensor = spec.to_torch(), torch.empty(16, 16)
    bench.difference(f"native-small-torch-{name}", lambda: init(tensor), lambda: theirs(tensor))


@pytest.mark.parametrize("case", [*FAMILIES, "normal-bfloat16"])
def test_native_memory(bench, case):
    """The peak beyond the tensor, in sizes of it."""
    bench.memory(f"native-memory-torch-{case}", "torch", case, bench.size(26, 16))


def test_portable_memory(bench):
    """The peak of a portable draw beyond the tensor."""
    bench.memory("portable-memory-torch", "torch", SEEDED, bench.size(28, 16), 1 << 20)


@pytest.mark.parametrize(
    ("name", "spec", "theirs"),
    [
        ("normal", InitSpec.he_normal(), torch.Tensor.normal_),
        ("uniform", InitSpec.he_uniform(), torch.Tensor.uniform_),
        ("truncated-normal", TRUNCATED, own.trunc_normal_),
    ],
)
def test_portable(bench, kernel, name, spec, theirs):
    """The portable draw into torch's memory."""
    init, tensor = spec.to_torch(seed=7), torch.empty([bench.size(4096)] * 2)
    bench.ratio(f"portable{kernel}-{name}", lambda: init(tensor), lambda: theirs(tensor))


def test_portable_orthogonal(bench):
    """The portable draw of a matrix of which LAPACK makes the product."""
    init, tensor = InitSpec.orthogonal().to_torch(seed=7), torch.empty([bench.size(2048)] * 2)
    bench.ratio("portable-orthogonal", lambda: init(tensor), lambda: own.orthogonal_(tensor))


@pytest.mark.parametrize(
    ("label", "spec"),
    [
        ("normal", InitSpec.he_normal()),
        ("uniform", InitSpec.he_uniform()),
        ("truncated normal", InitSpec.he_truncated_normal()),
        ("sparse", SPARSE),
    ],
)
def test_linear(bench, label, spec):
    """The native draw from 2^10 to 2^26 elements, a factor of 4 at a time."""
    init, calls = spec.to_torch(), {}
    memory = torch.zeros(1 << bench.size(26, 12))
    for log in range(10, memory.numel().bit_length(), 2):
        tensor = memory[: 1 << log].view(1 << log // 2, 1 << log // 2)
        calls[log] = (1 << log, lambda tensor=tensor: init(tensor))
    bench.sweep(f"torch-{label.replace(' ', '-')}", f"torch {label}", calls)


def test_orthogonal_grows_with_n_m_squared(bench):
    """Orthogonal [n, m] from 2^10 to 2^26 elements: squares, then 65536 x 1024."""
    init, calls = InitSpec.orthogonal().to_torch(), {}
    shapes = [(1 << k, 1 << k) for k in range(5, bench.size(12, 6) + 1)]
    if not bench.quick:
        shapes.append((1 << 16, 1 << 10))
    for n, m in shapes:
        tensor = torch.zeros(n, m)
        calls[n.bit_length() + m.bit_length() - 2] = (
            n * m * m,
            lambda tensor=tensor: init(tensor),
        )
    bench.sweep("orthogonal", "torch orthogonal", calls, rounds=3)
