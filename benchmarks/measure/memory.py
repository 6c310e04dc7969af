"""Peak memory beyond the result, each case in a process of its own.

`python -m benchmarks.measure.memory PLACE CASE LOG2` prints the bytes that a draw of 2^LOG2
elements needs at its peak beyond the result, and the bytes of the result. Where the allocator is
NumPy's, tracemalloc counts them; elsewhere the peak of the resident set does, against that of the
same process with memory of the result's size touched.
"""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import environment

Draw = Callable[[tuple[int, int]], object]

KERAS = "keras-tensorflow"
FAMILIES = ("normal", "uniform", "truncated_normal")
SEEDED = "seeded"
"""The case of a portable draw of normals."""
OWN = "own-"
"""What the cases of the frameworks' own initializers begin with."""


def beyond(place: str, case: str, log2: int, apart: bool = True) -> tuple[int, int]:
    """Return the bytes beyond the result, the framework's own taken off, and those of the result.

    The framework's own is the case `own-<case>`, where the place has one. Not `apart`, all runs in
    this process, which is fast and tells nothing: a peak that is past hides all below it.
    """
    measure = _in_process if apart else main
    peak, size = measure(place, case, log2)
    if f"{OWN}{case}" in _names(place):
        peak -= measure(place, f"{OWN}{case}", log2)[0]
    return peak, size


def _names(place: str) -> tuple[str, ...]:
    own = () if place == "torch" else tuple(f"{OWN}{family}" for family in FAMILIES)
    return (*FAMILIES, "normal-bfloat16", SEEDED, *own)


def _in_process(place: str, case: str, log2: int) -> tuple[int, int]:
    peak, size = printed(place, "benchmarks.measure.memory", place, case, log2)
    return peak, size


def printed(place: str, module: str, *arguments: object) -> list[int]:
    """Return the numbers in the last line that a module prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=Path(__file__).resolve().parents[2],
        env=environment(place),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{place}, {arguments}: {done.stderr}")
    return [int(number) for number in done.stdout.splitlines()[-1].split()]


def _spec(case: str) -> object:
    from initspec import InitSpec

    uniform, truncated = InitSpec.glorot_uniform(), InitSpec.he_truncated_normal()
    return {"uniform": uniform, "truncated_normal": truncated}.get(case, InitSpec.he_normal())


def _numpy(case: str) -> Draw:
    import numpy as np

    rng = np.random.default_rng(0)
    if case == f"{OWN}uniform":
        return lambda shape: rng.random(shape, np.float32)
    if case.startswith(OWN):  # NumPy has no truncated normal
        return lambda shape: rng.standard_normal(shape, np.float32)
    init = _spec(case).to_numpy(seed=7 if case == SEEDED else None)
    return init if case == SEEDED else lambda shape: init(shape, rng=rng)


def _jax(case: str) -> Draw:
    import jax
    import jax.numpy as jnp

    key = jax.random.key(0)
    if case == SEEDED:
        init = _spec(case).to_jax(seed=7)
        return lambda shape: init(None, shape).block_until_ready()
    if not case.startswith(OWN):
        init = _spec(case).to_jax()
        return lambda shape: init(key, shape).block_until_ready()
    own = {
        "normal": jax.nn.initializers.normal(0.1),
        "uniform": jax.nn.initializers.glorot_uniform(),
        "truncated_normal": jax.nn.initializers.he_normal(),
    }[case.removeprefix(OWN)]
    jitted = jax.jit(own, static_argnums=(1, 2))
    return lambda shape: jitted(key, shape, jnp.float32).block_until_ready()


def _keras(case: str) -> Draw:
    import keras

    if not case.startswith(OWN):
        return _spec(case).to_keras(seed=7 if case == SEEDED else None)
    return {
        "normal": keras.initializers.RandomNormal(),
        "uniform": keras.initializers.GlorotUniform(),
        "truncated_normal": keras.initializers.HeNormal(),
    }[case.removeprefix(OWN)]


def _torch(case: str, shape: tuple[int, int]) -> tuple[Callable[[], object], int]:
    """Return a call that fills a tensor whose memory has been touched, and its bytes."""
    import torch

    family, _, dtype = case.partition("-")
    init = _spec(family).to_torch(seed=7 if case == SEEDED else None)
    tensor = torch.zeros(shape, dtype=getattr(torch, dtype or "float32"))
    tensor.fill_(1.0)
    return lambda: init(tensor), tensor.nbytes


def peak() -> int:
    """Return the most bytes that this program ever had in memory."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text("ascii").splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    # Not on Linux, where a new process begins with the peak of the one that started it.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def rise(call: Callable[[], object]) -> int:
    """Return by how many bytes a call raises the peak; what it returns is kept until then."""
    before = peak()
    kept = call()
    after = peak()
    del kept
    return after - before


def main(place: str, case: str, log2: int) -> tuple[int, int]:
    """Measure one case in this process: bytes beyond the result, bytes of the result."""
    shape = (1 << log2 // 2, 1 << log2 - log2 // 2)
    if place == "numpy":
        numpy_draw = _numpy(case)
        tracemalloc.start()
        result = numpy_draw(shape)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - result.nbytes, result.nbytes
    # A small draw first: threads start, modules load and kernels compile in every process.
    if place == "torch":
        _torch(case, (64, 64))[0]()
        call, size = _torch(case, shape)
        return rise(call), size
    import numpy as np

    draw = {"jax": _jax, KERAS: _keras}[place](case)
    draw((64, 65))
    # Memory of the result's size, touched and given back: the peak has the result in it already.
    size = np.ones(shape, np.float32).nbytes
    return rise(lambda: draw(shape)), size


if __name__ == "__main__":
    print(*main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
