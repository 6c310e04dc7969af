"""Draws on a busy machine: few operations on all threads, because each waits for the slowest."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from initspec import InitSpec

torch = pytest.importorskip("torch")

FIRST_ON_ALL_THREADS = """
import os, torch
from torch.utils._python_dispatch import TorchDispatchMode
from initspec import InitSpec

class Watch(TorchDispatchMode):
    first = "none"

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        before = len(os.listdir("/proc/self/task"))
        result = func(*args, **(kwargs or {{}}))
        if len(os.listdir("/proc/self/task")) > before and self.first == "none":
            self.first = func.overloadpacket.__name__
        return result

torch.set_num_threads(2)
weight = torch.empty(2048, 1024, dtype=torch.{dtype})
init = InitSpec.parse("{spec}").to_torch()
with Watch() as watch:
    init(weight)
print(watch.first)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted on Linux")
@pytest.mark.parametrize(
    ("spec", "dtype", "first"),
    [
        ("sparse(sparsity=0.9)", "float32", "copy_"),  # of the whole matrix, at the end
        ("sparse(sparsity=0.4)", "float64", "copy_"),
        ("sparse(sparsity=0.9, along=out)", "bfloat16", "copy_"),
        ("he_normal", "bfloat16", "none"),
        ("he_uniform", "float16", "none"),
        ("he_truncated_normal", "float32", "erfinv_"),
    ],
)
def test_small_operations_on_one_thread(spec: str, dtype: str, first: str) -> None:
    """torch starts its second thread at an operation on a large block, or at none."""
    source = FIRST_ON_ALL_THREADS.format(spec=spec, dtype=dtype)
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    run = [sys.executable, "-c", source]
    output = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == first


@pytest.mark.parametrize("bounds", [(-2, 2), (-4, 4), (4, 6)], ids=str)
@pytest.mark.parametrize(("dtype", "most"), [("float32", 2), ("bfloat16", 8)])
def test_large_blocks(bounds: tuple[int, int], dtype: str, most: int) -> None:
    """A truncated draw takes its operations over a million elements or more each."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Counter(TorchDispatchMode):
        clamped = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.clamped += func.overloadpacket.__name__ == "clamp_"
            return func(*args, **(kwargs or {}))

    spec = InitSpec.truncated_normal(std=1.0, lower=bounds[0], upper=bounds[1])
    weight = torch.empty(4096, 2048, dtype=getattr(torch, dtype))
    with Counter() as counter:
        spec.to_torch()(weight)
    assert 1 <= counter.clamped <= most
