"""What is promised: every row of the page, with its goal."""

from __future__ import annotations

from dataclasses import dataclass

NATIVE, PORTABLE = "native", "portable"


@dataclass(frozen=True)
class Goal:
    """One row.

    Attributes:
        id: its key in the results.
        table: which table it is in: `NATIVE` or `PORTABLE`.
        place: where it is measured: a key of `benchmarks.measure.PLACES`.
        what: what is drawn.
        against: what its time or memory is held against; "" where that is the goal alone.
        unit: "x" for a ratio, "us" for microseconds more, "result" for memory in sizes of the
            result, "MiB".
        most: the goal; None where the number is shown without one.
    """

    id: str
    table: str
    place: str
    what: str
    against: str
    unit: str
    most: float | None


def _small(place: str, own: str, *, anew: bool = False) -> Goal:
    """Return the row of a call on a 16 x 16 tensor."""
    against = f"`{own}(seed=SeedGenerator())`" if anew else f"`{own}`"
    mark = "-anew" if anew else ""
    identity = f"native-small-{place}-{own.strip('_').replace('_', '-').lower()}{mark}"
    return Goal(identity, NATIVE, place, "a call on 16 x 16", against, "us", 20.0)


def _memory(place: str, family: str, own: str, most: float, dtype: str = "") -> Goal:
    """Return the row of the peak memory of a native draw."""
    mark = f"-{dtype}" if dtype else ""
    what = f"memory, {family}{f', {dtype}' if dtype else ''}"
    return Goal(f"native-memory-{place}-{family}{mark}", NATIVE, place, what, own, "result", most)


def _portable_memory(place: str, into: str) -> Goal:
    what = f"memory beyond the result, 2^28 elements {into}"
    return Goal(f"portable-memory-{place}", PORTABLE, place, what, "", "MiB", 64.0)


KERAS = "keras-tensorflow"
_RESOLUTION = 0.05
"""What "none beyond the framework's own" may be off: the allocator's pages, in sizes of the result."""
_TWO_THREADS = 1.25 / 2

GOALS = (
    Goal(
        "native-kaiming-normal",
        NATIVE,
        "torch",
        "He normal, 4096 x 4096",
        "torch `kaiming_normal_`",
        "x",
        1.05,
    ),
    Goal(
        "native-kaiming-uniform",
        NATIVE,
        "torch",
        "He uniform, 4096 x 4096",
        "torch `kaiming_uniform_`",
        "x",
        1.05,
    ),
    Goal(
        "native-trunc-normal",
        NATIVE,
        "torch",
        "truncated normal, 4096 x 4096",
        "torch `trunc_normal_`",
        "x",
        0.12,
    ),
    Goal(
        "native-orthogonal",
        NATIVE,
        "torch",
        "orthogonal, 2048 x 2048",
        "torch `orthogonal_`",
        "x",
        0.5,
    ),
    Goal(
        "native-sparse",
        NATIVE,
        "torch",
        "sparse 0.9, 1024 x 1024",
        "torch `sparse_`",
        "x",
        0.35,
    ),
    Goal(
        "native-keras-he-normal",
        NATIVE,
        KERAS,
        "He truncated normal, 4096 x 4096",
        "Keras on TensorFlow `HeNormal`",
        "x",
        1.05,
    ),
    Goal(
        "native-jax-he-normal",
        NATIVE,
        "jax",
        "He truncated normal, 4096 x 4096, under jit",
        "JAX `he_normal` under jit",
        "x",
        1.05,
    ),
    Goal(
        "native-jax-glorot-uniform",
        NATIVE,
        "jax",
        "Glorot uniform, 4096 x 4096, under jit",
        "JAX `glorot_uniform` under jit",
        "x",
        1.05,
    ),
    _small("torch", "kaiming_normal_"),
    _small("torch", "kaiming_uniform_"),
    _small("torch", "trunc_normal_"),
    _small("torch", "orthogonal_"),
    _small("torch", "sparse_"),
    _small("jax", "he_normal"),
    _small("jax", "glorot_uniform"),
    _small("jax", "orthogonal"),
    _small(KERAS, "HeNormal"),
    _small(KERAS, "HeNormal", anew=True),
    _small(KERAS, "Orthogonal"),
    _small(KERAS, "Orthogonal", anew=True),
    _memory("torch", "normal", "the result alone", 1.0),
    _memory("torch", "uniform", "the result alone", 1.0),
    _memory("torch", "truncated_normal", "the result alone", 1.0),
    _memory("torch", "normal", "the result alone", 1.0, "bfloat16"),
    _memory("numpy", "normal", "NumPy `standard_normal`", _RESOLUTION),
    _memory("numpy", "uniform", "NumPy `random`", _RESOLUTION),
    _memory("numpy", "truncated_normal", "NumPy `standard_normal`", _RESOLUTION),
    _memory("jax", "normal", "JAX `normal` under jit", _RESOLUTION),
    _memory("jax", "uniform", "JAX `uniform` under jit", _RESOLUTION),
    _memory("jax", "truncated_normal", "JAX `he_normal` under jit", _RESOLUTION),
    _memory(KERAS, "normal", "Keras `RandomNormal`", _RESOLUTION),
    _memory(KERAS, "uniform", "Keras `RandomUniform`", _RESOLUTION),
    _memory(KERAS, "truncated_normal", "Keras `HeNormal`", _RESOLUTION),
    Goal(
        "portable-normal", PORTABLE, "torch", "normal, float32, 2^24", "torch `normal_`", "x", 0.75
    ),
    Goal(
        "portable-uniform",
        PORTABLE,
        "torch",
        "uniform, float32, 2^24",
        "torch `uniform_`",
        "x",
        0.55,
    ),
    Goal(
        "portable-jax",
        PORTABLE,
        "jax",
        "He normal into JAX, 4096 x 4096",
        "JAX `he_normal` under jit",
        "x",
        0.5,
    ),
    Goal(
        "portable-keras",
        PORTABLE,
        KERAS,
        "He normal into Keras on TensorFlow, 4096 x 4096",
        "Keras `HeNormal`",
        "x",
        0.45,
    ),
    Goal(
        "portable-truncated-normal",
        PORTABLE,
        "torch",
        "truncated normal into torch, 2^24",
        "torch `trunc_normal_`",
        "x",
        0.08,
    ),
    Goal(
        "portable-orthogonal",
        PORTABLE,
        "torch",
        "orthogonal, 2048 x 2048, float64 inside",
        "torch `orthogonal_`",
        "x",
        1.2,
    ),
    Goal("portable-shard", PORTABLE, "numpy", "an eighth of the rows", "the whole", "x", 0.2),
    Goal("portable-small", PORTABLE, "numpy", "a draw of 16 x 16", "", "us", 100.0),
    _portable_memory("numpy", "into NumPy"),
    _portable_memory("torch", "into torch"),
    _portable_memory("jax", "into JAX"),
    _portable_memory(KERAS, "into Keras on TensorFlow"),
    Goal(
        "portable-linear",
        PORTABLE,
        "numpy",
        "ns an element, the most of 2^16 to 2^28 elements",
        "the least of them",
        "x",
        1.3,
    ),
    Goal("portable-threads", PORTABLE, "numpy", "two threads", "one thread", "x", _TWO_THREADS),
)
