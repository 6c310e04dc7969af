"""What is promised: every row of the page, with its goal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

NATIVE, PORTABLE, NUMPY = "native", "portable", "portable-numpy"
MODELS, CONFORMANCE = "models", "conformance"
KERAS, WHOLE = "keras-tensorflow", "torch-models"


@dataclass(frozen=True)
class Goal:
    """One row.

    Attributes:
        id: its key in the results.
        table: which table it is in: `NATIVE`, `PORTABLE`, `NUMPY`, `MODELS` or
            `CONFORMANCE`.
        place: where it is measured: a key of `benchmarks.measure.PLACES`.
        what: what is drawn.
        against: what its time or memory is held against; "" where that is the goal alone.
        unit: "x" for a ratio of times, "us more" and "us" for microseconds, "s" for seconds,
            "result" for memory in sizes of the result, "MiB" for memory.
        most: the goal: the median must not be above it; infinite for a control, which has none and
            says how far the ratios beside it can be trusted.
        why: where it is known to be missed, why.
    """

    id: str
    table: str
    place: str
    what: str
    against: str
    unit: str
    most: float
    why: str = ""


def _speed(
    table: str, place: str, most: float, identity: str, what: str, against: str, why: str = ""
) -> Goal:
    return Goal(f"{table}-{identity}", table, place, what, against, "x", most, why)


def _work(most: float, identity: str, what: str, against: str, why: str = "") -> Iterator[Goal]:
    """Yield the rows of a whole model: by the clock and in processor time, then on one thread."""
    for mark, more in (("", ""), ("-alone", ", on one thread")):
        yield _speed(MODELS, WHOLE, most, f"{identity}{mark}", f"{what}{more}", against, why)
        what_else = f"the same{more}, in processor time"
        yield _speed(MODELS, WHOLE, most, f"{identity}{mark}-processor", what_else, against, why)


def _call(place: str, own: str, identity: str, why: str = "") -> Goal:
    """Return the row of a call on a 16 x 16 tensor."""
    what, identity = "a call on 16 x 16", f"native-small-{place}-{identity}"
    return Goal(identity, NATIVE, place, what, own, "us more", 20.0, why)


def _memory(place: str, case: str, against: str, most: float) -> Goal:
    """Return the row of the peak memory of a native draw."""
    what = f"memory of {case.replace('_', ' ').replace('-', ', ')}"
    return Goal(f"native-memory-{place}-{case}", NATIVE, place, what, against, "result", most)


def _portable_memory(place: str, into: str) -> Goal:
    what = f"memory beyond the result, 2^28 elements into {into}"
    return Goal(f"portable-memory-{place}", PORTABLE, place, what, "", "MiB", 64.0)


def _battery(most: float, case: str, what: str) -> Goal:
    """Return the row of the battery over 2^21 entries on one core."""
    return Goal(f"conformance-{case}", CONFORMANCE, CONFORMANCE, what, "", "s", most)


_ONE_TEMPORARY = 1.0
_NONE = 0.05
"""No memory beyond the framework's own, to what pages and blocks of bounded size take."""
_TWO_THREADS = 1.25 / 2
_REPEATS = (
    "Keras' own without a `SeedGenerator` gives the same weight at every call; what is more is the "
    "step of that generator, as the row below shows."
)
_ONE_THREAD = (
    "draws below 2^17 elements stay on one thread, because waking a second one takes as long as "
    "they do; larger ones have both, so an element takes half. On one thread, the row below, cost "
    "is linear."
)
_PAGES = (
    "neighbours of a run lie 16 KiB apart, each on a page of memory of its own, whose address is looked "
    "up for every 64 of them. The shape 768 x 3072 takes a third more than its transpose."
)
_IMPORT = "half of it is the import of llvmlite, the other half the compilation."
_WRITING = (
    "two threads share the processors' way to memory, which costs each of them; on one thread, below, "
    "the goal is met."
)
_NUMBERS = "four fifths of it are the draws of eight million numbers, 1.4 ns each."
_LOCK = (
    "two draw threads wait for each other between calls of NumPy, which costs each of them; it is "
    "what makes them faster by the clock, in the row above."
)
_STREAM = (
    "more than nine tenths of our time is that of the portable stream: one weight of as many "
    "numbers takes as much. Two draw threads wait for each other between calls of NumPy, too."
)

GOALS = (
    _speed(NATIVE, "torch", 1.05, "kaiming-normal", "He normal, 4096 x 4096", "torch `kaiming_normal_`"),
    _speed(NATIVE, "torch", 1.05, "kaiming-uniform", "He uniform, 4096 x 4096", "torch `kaiming_uniform_`"),
    _speed(NATIVE, "torch", 0.12, "trunc-normal", "truncated normal, 4096 x 4096", "torch `trunc_normal_`"),
    _speed(NATIVE, "torch", 0.5, "orthogonal", "orthogonal, 2048 x 2048", "torch `orthogonal_`"),
    _speed(NATIVE, "torch", 0.35, "sparse", "sparse, 0.9, 1024 x 1024", "torch `sparse_`"),
    _speed(NATIVE, KERAS, 1.05, "keras-he-normal", "He truncated normal, 4096 x 4096", "Keras on TensorFlow `HeNormal`"),
    _speed(NATIVE, "jax", 1.05, "jax-he-normal", "He truncated normal, 4096 x 4096, under jit", "JAX `he_normal` under jit"),
    _speed(NATIVE, "jax", 1.05, "jax-glorot-uniform", "Glorot uniform, 4096 x 4096, under jit", "JAX `glorot_uniform` under jit"),
    _speed(NATIVE, "jax", 0.6, "jax-first", "the first He truncated normal kernel of a convolution, 3 x 3 x 64 x 64, with its compilation", "JAX `he_normal` under jit"),
    _speed(NATIVE, "jax", inf, "jax-itself", "a control: JAX `he_normal`, 4096 x 4096, under jit", "itself"),
    _call("torch", "torch `kaiming_normal_`", "kaiming-normal"),
    _call("torch", "torch `kaiming_uniform_`", "kaiming-uniform"),
    _call("torch", "torch `trunc_normal_`", "trunc-normal"),
    _call("torch", "torch `orthogonal_`", "orthogonal"),
    _call("torch", "torch `sparse_`", "sparse"),
    _call("jax", "JAX `he_normal`", "he-normal"),
    _call("jax", "JAX `glorot_uniform`", "glorot-uniform"),
    _call("jax", "JAX `orthogonal`", "orthogonal"),
    _call("jax", "JAX `he_normal`, both under jit", "he-normal-jit"),
    _call("jax", "JAX `glorot_uniform`, both under jit", "glorot-uniform-jit"),
    _call("jax", "JAX `orthogonal`, both under jit", "orthogonal-jit"),
    _call(KERAS, "Keras `HeNormal()`", "henormal", _REPEATS),
    _call(KERAS, "Keras `HeNormal(seed=SeedGenerator())`", "henormal-anew"),
    _call(KERAS, "Keras `Orthogonal()`", "orthogonal", _REPEATS),
    _call(KERAS, "Keras `Orthogonal(seed=SeedGenerator())`", "orthogonal-anew"),
    _memory("torch", "normal", "the tensor alone", _ONE_TEMPORARY),
    _memory("torch", "uniform", "the tensor alone", _ONE_TEMPORARY),
    _memory("torch", "truncated_normal", "the tensor alone", _ONE_TEMPORARY),
    _memory("torch", "normal-bfloat16", "the tensor alone", _ONE_TEMPORARY),
    _memory("numpy", "normal", "NumPy `standard_normal`", _NONE),
    _memory("numpy", "uniform", "NumPy `random`", _NONE),
    _memory("numpy", "truncated_normal", "NumPy `standard_normal`", _NONE),
    _memory("jax", "normal", "JAX `normal` under jit", _NONE),
    _memory("jax", "uniform", "JAX `glorot_uniform` under jit", _NONE),
    _memory("jax", "truncated_normal", "JAX `he_normal` under jit", _NONE),
    _memory(KERAS, "normal", "Keras `RandomNormal`", _NONE),
    _memory(KERAS, "uniform", "Keras `GlorotUniform`", _NONE),
    _memory(KERAS, "truncated_normal", "Keras `HeNormal`", _NONE),
    _speed(PORTABLE, "torch", 0.28, "normal", "normal, float32, 2^24", "torch `normal_`"),
    _speed(PORTABLE, "torch", 0.25, "uniform", "uniform, float32, 2^24", "torch `uniform_`"),
    _speed(PORTABLE, "jax", 0.2, "jax", "He normal into JAX, 4096 x 4096", "JAX `he_normal` under jit"),
    _speed(PORTABLE, KERAS, 0.15, "keras", "He normal into Keras on TensorFlow, 4096 x 4096", "Keras `HeNormal`"),
    _speed(PORTABLE, "torch", 0.03, "truncated-normal", "truncated normal into torch, 2^24", "torch `trunc_normal_`"),
    _speed(PORTABLE, "torch", 1.2, "orthogonal", "orthogonal, 2048 x 2048, float64 inside", "torch `orthogonal_`"),
    _speed(PORTABLE, "numpy", 0.2, "shard", "an eighth of the rows", "the whole"),
    _speed(PORTABLE, "numpy", 1.15, "transposed", "axes `in out`, 4096 x 4096", "axes `out in`", _PAGES),
    _speed(PORTABLE, "numpy", 1.1, "table", "axes `stack out`, 50257 x 768", "axes `out in`"),
    _speed(PORTABLE, "numpy", 1.1, "bfloat16", "bfloat16, 4096 x 4096", "float32"),
    _speed(PORTABLE, "numpy", 1.1, "float16", "float16, 4096 x 4096", "float32"),
    Goal("portable-small", PORTABLE, "numpy", "a draw of 16 x 16", "", "us", 40.0),
    Goal("portable-first", PORTABLE, "numpy", "the first draw of a process, beyond the second: it is compiled", "", "s", 0.06, _IMPORT),
    _portable_memory("numpy", "NumPy"),
    _portable_memory("torch", "torch"),
    _portable_memory("jax", "JAX"),
    _portable_memory(KERAS, "Keras on TensorFlow"),
    _speed(PORTABLE, "numpy", 1.3, "linear", "an element, where it takes longest of 2^16 to 2^28", "where it takes least", _ONE_THREAD),
    _speed(PORTABLE, "numpy", 1.3, "linear-alone", "the same, on one thread", "where it takes least"),
    _speed(PORTABLE, "numpy", _TWO_THREADS, "threads", "two threads", "one thread"),
    _speed(NUMPY, "torch", 0.75, "normal", "normal, float32, 2^24", "torch `normal_`"),
    _speed(NUMPY, "torch", 0.55, "uniform", "uniform, float32, 2^24", "torch `uniform_`"),
    _speed(NUMPY, "jax", 0.5, "jax", "He normal into JAX, 4096 x 4096", "JAX `he_normal` under jit"),
    _speed(NUMPY, KERAS, 0.45, "keras", "He normal into Keras on TensorFlow, 4096 x 4096", "Keras `HeNormal`"),
    _speed(NUMPY, "torch", 0.08, "truncated-normal", "truncated normal into torch, 2^24", "torch `trunc_normal_`"),
    _speed(NUMPY, "numpy", 1.5, "transposed", "axes `in out`, 4096 x 4096", "axes `out in`"),
    Goal("portable-numpy-small", NUMPY, "numpy", "a draw of 16 x 16", "", "us", 100.0),
    *_work(0.35, "gpt2-seeded", "GPT-2 of 124M with a seed", "transformers `initialize_weights`", _WRITING),
    *_work(1.0, "gpt2-seeded-numpy", "the same by NumPy", "transformers `initialize_weights`", _LOCK),
    *_work(0.6, "gpt2", "GPT-2 of 124M without a seed", "transformers `initialize_weights`"),
    *_work(0.1, "anyinit", "eight layers of 1024 x 1024 with a seed", "AnyInit `initialize`", _NUMBERS),
    *_work(0.25, "anyinit-numpy", "the same by NumPy", "AnyInit `initialize`", _STREAM),
    Goal("models-on", MODELS, WHOLE, "`recipe.on`, Llama of 405B on the meta device", "", "s", 0.3),
    Goal("models-on-memory", MODELS, WHOLE, "memory of `recipe.on`, Llama of 405B", "", "MiB", 10.0),
    Goal("models-small", MODELS, WHOLE, "1,000 parameters of 8 x 8 of torch, with a seed", "", "s", 0.25),
    Goal("models-small-nnx", MODELS, "jax", "1,000 parameters of 8 x 8 of flax.nnx, with a seed", "", "s", 0.25),
    Goal("models-small-keras", MODELS, KERAS, "1,000 parameters of 8 x 8 of Keras on TensorFlow, with a seed", "", "s", 0.25),
    Goal("models-memory-whole", MODELS, WHOLE, "memory beyond a transformer of 124M, from the meta device", "", "MiB", 64.0),
    Goal("models-memory-sharded", MODELS, WHOLE, "memory beyond its part, one of two FSDP2 processes", "", "MiB", 64.0),
    _battery(0.5, "normal", "normal, four draws of 512 x 1024"),
    _battery(0.7, "normal-single", "normal, a single draw of 1024 x 2048"),
    _battery(0.5, "truncated", "truncated normal, four draws of 512 x 1024"),
    _battery(0.5, "sparse", "sparse, 0.9, four draws of 512 x 1024"),
    _battery(0.5, "orthogonal", "orthogonal, 512 draws of 64 x 64"),
    Goal("conformance-memory", CONFORMANCE, CONFORMANCE, "memory of a process that audits 4096 x 4096, both stages", "", "MiB", 1024.0),
    _speed(CONFORMANCE, CONFORMANCE, 3.0, "inspect-f32", "`inspect` of a file, twelve weights of 2304 x 768 in float32", "`sha256sum`"),
    _speed(CONFORMANCE, CONFORMANCE, 3.0, "inspect-f16", "`inspect` of a file, twelve weights of 2304 x 768 in float16", "`sha256sum`"),
)  # fmt: skip
