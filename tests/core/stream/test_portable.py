"""The portable draw: any part of it alone, whatever the threads, the layout or the memory."""

import hashlib
import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initspec import Axes, InitSpec
from initspec.dtypes import FLOATS, float_type, numpy_dtype
from initspec.errors import ShapeError
from initspec.stream.draw import draw, fill
from initspec.stream.tiles import copy

F32 = FLOATS["float32"]
AXES = {  # the rows of the design's table, and stranger ones
    "out in": (9, 14),
    "in out": (14, 9),
    "out in kernel...": (6, 5, 3, 2),
    "kernel... in out": (3, 2, 5, 6),
    "(stack=4 out) in kernel kernel": (24, 3, 3, 2),
    "kernel kernel in (stack=4 out)": (3, 2, 3, 24),
    "(stack=32 out) in kernel kernel": (64, 1, 3, 2),
    "kernel kernel stack out": (3, 2, 32, 2),
    "in out kernel...": (5, 6, 3, 2),
    "(stack=4 in) out kernel kernel": (8, 3, 3, 2),
    "kernel... out in": (3, 2, 6, 5),
    "(stack=3 out) in": (12, 7),
    "in (stack=4 out)": (7, 20),
    "in out out": (12, 4, 3),
    "in in out": (4, 3, 12),
    "stack out": (40, 9),
    "stack in out": (5, 6, 7),
    "out [in=512]": (33,),
    "kernel in (out=3 stack=2 out)": (3, 4, 30),
    "(out=2 in stack=3 out=2) kernel": (60, 3),
    "(stack out=7+2+3) in": (12, 9),
    "in (out=2 stack out=4+2)": (3, 12),
    "stack kernel in (stack out=4+2 out=2)": (3, 2, 2, 12),
    "(stack in=4+1) (stack=2 out) kernel": (5, 8, 2),
}
SPECS = [
    "he_normal",
    "he_truncated_normal",
    "uniform(low=-0.1, high=0.3)",
    "sparse(0.3, std=1.0)",
    "sparse(0.3, std=1.0, along=out)",
    "orthogonal",
    "delta_orthogonal",
    "identity",
    "dirac",
    "constant(0.1)",
]


def _draw(line, shape, axes=None, dtype="float32", seed=7, name="w", index=None):
    resolved = InitSpec.parse(line).resolve(shape, axes)
    return draw(resolved, float_type(dtype), seed, name, index)


def _fits(line, axes, shape):
    try:
        InitSpec.parse(line).resolve(shape, axes)
    except ShapeError:
        return False
    return True


CELLS = [(line, axes) for line in SPECS for axes in AXES if _fits(line, axes, AXES[axes])]


@pytest.mark.parametrize(("line", "axes"), CELLS)
@settings(max_examples=8)
@given(data=st.data())
def test_any_box_is_the_same_part_of_the_whole(line, axes, data):
    """Each family on each row of the axes table, in each dtype, through sample_block."""
    shape, dtype = AXES[axes], data.draw(st.sampled_from(sorted(FLOATS)))
    index = tuple(
        slice(*sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))) for n in shape
    )
    whole = _draw(line, shape, axes, dtype)
    part = InitSpec.parse(line).sample_block(
        shape, index, axes, 7, "w", numpy_dtype(float_type(dtype))
    )
    np.testing.assert_array_equal(
        part.view(np.uint8), np.ascontiguousarray(whole[index]).view(np.uint8)
    )


@pytest.mark.parametrize("line", ["he_normal", "uniform(low=-1.0, high=1.0)", "sparse(0.3)"])
@pytest.mark.parametrize(
    ("shape", "axes", "cut"),
    [
        ((700, 600), None, (200, 450)),
        ((600, 700), "in out", (450, 200)),
        ((3, 3, 170, 190), "kernel... in out", (2, 3, 100, 70)),
        ((900, 500), "stack out", (200, 333)),
        ((700, 600), "(stack out=500+80+120) in", (200, 450)),
        ((300, 1400), "in (out=2 stack out=500+200)", (200, 450)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_large_weights_equal_their_parts_for_any_threads(line, shape, axes, cut, dtype):
    """More than one tile: 1, 2 and 4 threads, and a grid of parts, give one SHA-256."""
    resolved, kind = InitSpec.parse(line).resolve(shape, axes), float_type(dtype)
    hashes = set()
    for threads in (1, 2, 4):
        out = np.empty(shape, numpy_dtype(kind))
        fill(resolved, kind, 7, "w", out, threads=threads)
        hashes.add(hashlib.sha256(out.tobytes()).hexdigest())
    out = np.empty(shape, numpy_dtype(kind))
    for corner in np.ndindex(*(-(-n // c) for n, c in zip(shape, cut, strict=True))):
        index = tuple(
            slice(i * c, min((i + 1) * c, n)) for i, c, n in zip(corner, cut, shape, strict=True)
        )
        fill(resolved, kind, 7, "w", out[index], index)  # a view, not contiguous
    hashes.add(hashlib.sha256(out.tobytes()).hexdigest())
    assert len(hashes) == 1


def test_short_runs_stay_on_one_thread(monkeypatch):
    """NumPy's threads that wait for each other take longer than one: rows of a table, columns."""
    monkeypatch.setenv("INITSPEC_KERNEL", "numpy")

    def share(*_):
        raise AssertionError("on several threads")

    monkeypatch.setattr("initspec.stream.draw.share", share)
    table = InitSpec.normal(0.02).resolve((200, 768), "stack out")
    fill(table, F32, 7, "w", np.empty((200, 768), np.float32), threads=2)
    whole = InitSpec.normal(0.02).resolve((700, 768), "out in")
    columns = (slice(0, 700), slice(256, 512))
    fill(whole, F32, 7, "w", np.empty((700, 256), np.float32), columns, threads=2)
    with pytest.raises(AssertionError, match="several"):
        fill(whole, F32, 7, "w", np.empty((700, 768), np.float32), threads=2)


@pytest.mark.parametrize("shape", [(3, 1, 100, 90), (1, 40000), (70, 130)])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_copies_by_strips_are_copies(shape, dtype):
    """From every order of the axes to every other."""
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 7
    for order in itertools.permutations(range(len(shape))):
        target = np.empty(shape, dtype).transpose(order)
        copy(values.transpose(order), target)
        copy(np.asfortranarray(values.transpose(order)), target[::-1])
        assert (target[::-1] == values.transpose(order).astype(dtype)).all()


@pytest.mark.parametrize("line", ["he_normal", "sparse(0.3)", "orthogonal"])
def test_layouts_agree(line):
    """Keras' `in out` is the exact transpose of torch's `out in`; a convolution likewise."""
    a, b = _draw(line, (300, 211)), _draw(line, (211, 300), "in out")
    np.testing.assert_array_equal(a, b.T)
    a, b = _draw(line, (8, 6, 3, 2)), _draw(line, (3, 2, 6, 8), "kernel... in out")
    np.testing.assert_array_equal(a, b.transpose(3, 2, 0, 1))


@pytest.mark.parametrize("line", ["he_normal", "sparse(0.3)", "orthogonal", "uniform(-1.0, 1.0)"])
def test_fused_and_separate_agree(line):
    """Member i of a stack is the lone parameter of that name, wherever the stack stands."""
    fused = _draw(line, (36, 50), "(stack=3 out) in", name="qkv")
    keras = _draw(line, (50, 36), "in (stack=3 out)", name="qkv")
    for i in range(3):
        alone = _draw(line, (12, 50), name=f"qkv[{i}]")
        np.testing.assert_array_equal(fused[12 * i : 12 * i + 12], alone)
        np.testing.assert_array_equal(keras[:, 12 * i : 12 * i + 12], alone.T)
    nested = _draw(line, (2, 5, 7), "stack out in", name="layer[1]")
    np.testing.assert_array_equal(nested[1], _draw(line, (5, 7), name="layer[1][1]"))
    one = _draw(line, (1, 12, 50), "stack out in", name="x")
    np.testing.assert_array_equal(one[0], _draw(line, (12, 50), name="x[0]"))
    assert not np.array_equal(one[0], _draw(line, (12, 50), name="x"))


def test_half_precision_is_the_rounded_float32():
    """float16 and bfloat16 are NumPy's cast of the float32 value."""
    single = _draw("he_normal", (400, 500))
    for dtype in ("float16", "bfloat16"):
        np.testing.assert_array_equal(
            _draw("he_normal", (400, 500), dtype=dtype),
            single.astype(numpy_dtype(float_type(dtype))),
        )


def test_a_gain_that_is_a_power_of_two_is_exact():
    """The same noise serves every gain: 2 and 1/4 scale each element exactly."""
    one = _draw("he_normal", (100, 100))
    for gain in (2.0, 0.25):
        np.testing.assert_array_equal(
            _draw(f"he_normal(gain={gain})", (100, 100)), one * np.float32(gain)
        )


def test_the_noise_depends_on_seed_and_name_alone():
    """Shape, axes and spec do not enter: the first row of a taller weight is the same."""
    tall, short = _draw("normal(std=1.0)", (50, 20)), _draw("normal(std=1.0)", (3, 20))
    np.testing.assert_array_equal(tall[:3], short)
    # A uniform +-u means a tail of u / 2 on that side: the normal is monotone in +-(1 - u),
    # but for the steps between the lines of two cells.
    uniform = _draw("uniform(-1.0, 1.0)", (50, 20)).ravel()
    ranks = np.copysign(1 - np.abs(uniform), uniform)[np.argsort(tall.ravel(), kind="stable")]
    assert np.diff(ranks).min() > -2e-6


@pytest.mark.parametrize("layout", ["C", "F", "strided", "reversed"])
def test_any_memory_is_filled(layout):
    """Contiguous, transposed, strided, reversed: the same values, and no neighbour is touched."""
    resolved = InitSpec.he_normal().resolve((300, 400))
    room = np.full((600, 800), np.nan, np.float32)
    out = {
        "C": np.empty((300, 400), np.float32),
        "F": np.empty((300, 400), np.float32, order="F"),
        "strided": room[::2, ::2],
        "reversed": np.empty((300, 400), np.float32)[::-1, ::-1],
    }[layout]
    fill(resolved, F32, 7, "w", out)
    np.testing.assert_array_equal(out, _draw("he_normal", (300, 400)))
    assert np.isnan(room).sum() == room.size - (out.size if layout == "strided" else 0)


def test_global_random_state_is_untouched():
    """NumPy's and Python's global generators neither move nor matter."""
    before, python = np.random.get_state(), random.getstate()
    first = _draw("he_normal", (300, 300))
    after = np.random.get_state()
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    assert random.getstate() == python
    np.random.seed(1)
    np.testing.assert_array_equal(_draw("he_normal", (300, 300)), first)


def test_a_small_block_of_a_huge_weight():
    """3 x 4 of 2^20 x 2^20: the place in the stream is that of the flat number, past 2^32."""
    index = (slice(2**20 - 3, 2**20), slice(5, 9))
    part = InitSpec.normal(1.0).sample_block((2**20, 2**20), index, seed=7, name="w")
    # The same numbers in another shape: rows of 2^10 instead of 2^20.
    start = (2**20 - 3) * 2**20 + 5
    other = InitSpec.normal(1.0).sample_block(
        (2**30, 2**10), (slice(start >> 10, (start >> 10) + 1), slice(5, 9)), seed=7, name="w"
    )
    np.testing.assert_array_equal(part[0], other[0])
    assert len(np.unique(part)) == 12


def test_sparse_is_a_normal_with_zeros():
    """The non-zeros are a normal's values at the same places, along either side."""
    for along in ("in", "out"):
        spec = InitSpec.sparse(0.25, 2.0, along)
        sparse = draw(spec.resolve((80, 120)), F32, 7, "w")
        normal = _draw("normal(std=2.0)", (80, 120))
        zeros = (sparse == 0).sum(axis=1 if along == "in" else 0)
        assert set(zeros) == ({30} if along == "in" else {20})
        np.testing.assert_array_equal(sparse[sparse != 0], normal[sparse != 0])


def test_a_kept_value_is_no_zero():
    """At the lower end of float16 a quarter of the normals round to 0; the kept ones do not."""
    w = _draw("sparse(0.5, std=1e-7)", (40, 60), dtype="float16")
    assert set((w == 0).sum(axis=1)) == {30}
    assert (_draw("normal(std=1e-7)", (40, 60), dtype="float16") == 0).mean() > 0.2


def test_axes_objects_are_taken():
    """sample_block takes a line or an Axes."""
    index = (slice(0, 2), slice(0, 2))
    spec = InitSpec.he_normal()
    a = spec.sample_block((4, 3), index, Axes("in out"))
    np.testing.assert_array_equal(a, spec.sample_block((4, 3), index, "in out"))
