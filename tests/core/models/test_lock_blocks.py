"""Weights that are drawn block by block."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initspec import Axes, InitSpec, Rule, lock
from initspec.backend import FLOATS, resolve
from initspec.cli.files import write_whole
from initspec.models.blocks import boxes, draw_blocks
from initspec.models.weights_writer import writer
from tests.core.models.fake import Model, weight
from tests.core.models.locks import FAMILIES, LAYOUTS, filled, same_bits, save


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("shape", "axes"), LAYOUTS, ids=[axes for _, axes in LAYOUTS])
@pytest.mark.parametrize("line", FAMILIES)
def test_blocks_are_the_weight(line: str, shape, axes: str, dtype: str) -> None:
    """Blocks of any size, one after the other in row-major order, parts included."""
    kind, spec = FLOATS[dtype], InitSpec.parse(line)
    resolved = resolve(spec, shape, Axes(axes), kind=kind)
    ones = resolve(InitSpec.ones(), shape, Axes(axes), kind=kind)
    place = (slice(3, 4), slice(2, 5), *(slice(0, size) for size in shape[2:]))
    whole = spec.to_numpy(axes, seed=7, name="w")(shape, dtype)
    whole[place] = 1
    for most in (1, 7, 30, 64, 1000):
        blocks = list(draw_blocks(resolved, kind, 7, "w", [(place, ones)], most))
        joined = np.concatenate([block.reshape(-1) for _, block in blocks])
        assert same_bits(joined.reshape(shape), whole), most
        assert all(np.array_equal(whole[index], block) for index, block in blocks)
        if most == 1000:
            assert len(blocks) == 1


def test_structured_stacks_are_cut_between_members() -> None:
    """A block of a stack of matrices is as many whole members as it holds."""
    resolved = resolve(InitSpec.orthogonal(), (4, 6, 5), Axes("stack (stack=3 out) in"))
    cuts = [block.shape for _, block in draw_blocks(resolved, FLOATS["float32"], 7, "w", (), 25)]
    assert cuts == [(1, 4, 5), (1, 2, 5)] * 4
    elementwise = resolve(InitSpec.normal(1.0), (4, 6, 5), Axes("stack (stack=3 out) in"))
    first = next(draw_blocks(elementwise, FLOATS["float32"], 7, "w", (), 25))[1]
    assert first.shape == (1, 5, 5)


@given(
    st.lists(st.integers(0, 6), max_size=4),
    st.integers(1, 50),
)
def test_boxes_cover_a_shape_in_order(shape: list[int], most: int) -> None:
    """Every element once, in row-major order, and no block is larger than asked for."""
    numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    cut = [numbers[index].reshape(-1) for index in boxes(shape, most)]
    assert np.array_equal(np.concatenate([*cut, []]), numbers.reshape(-1))
    assert all(0 < part.size <= most for part in cut)


def test_an_interrupted_draw_leaves_nothing(tmp_path) -> None:
    """Ctrl-C, and what was there is whole."""
    plan, _ = filled()
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"the weights of yesterday")

    def interrupt(size: int) -> None:
        raise KeyboardInterrupt

    write = writer(file, plan.drawn, plan.seed)
    with pytest.raises(KeyboardInterrupt):
        write_whole(file, lambda part: write(part, interrupt))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"the weights of yesterday"]


@pytest.mark.parametrize(
    ("shape", "axes", "line", "most"),
    [
        ((8192, 8192), "out in", "normal(std=0.02)", 1 << 26),
        ((4096, 2, 1024), "in stack out", "he_truncated_normal", 1 << 25),
        ((128, 256, 256), "stack in out", "orthogonal", 1 << 26),
    ],
)
def test_memory_of_one_block(tmp_path, shape, axes: str, line: str, most: int) -> None:
    """A model of 256 MiB is locked, drawn and verified in below 64 MiB."""
    network = Model([weight("w", shape, axes)])
    file = tmp_path / "w.safetensors"
    tracemalloc.start()
    try:
        plan = lock(network, [Rule(line)], 7, hashes="first")
        save(plan, file)
        assert plan.verify(file) == ()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most
