"""Stacks whose members have unequal sizes: grammar, layout, and the law of each member."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from initspec import Axes, Fans, InitSpec, InitSpecError
from initspec.errors import AxesError, ShapeError
from initspec.numerics.law import NORMAL, mixture

SIZES = st.lists(st.integers(1, 200), min_size=2, max_size=6)


@given(SIZES, st.sampled_from(["in", "out"]), st.booleans())
def test_lines_round_trip(sizes, role, counted):
    """str, repr and pickle give equal axes; sizes that are all equal are the usual stack."""
    plus = " + ".join(map(str, sizes))
    axes = Axes(f"( stack{f' = {len(sizes)}' if counted else ''} {role} = {plus} ) kernel...")
    expected = f"(stack {role}={'+'.join(map(str, sizes))}) kernel..."
    if len(set(sizes)) == 1:
        expected = f"(stack={len(sizes)} {role}={sizes[0]}) kernel..."
    assert str(axes) == expected
    for other in (
        Axes(str(axes)),
        eval(repr(axes), {"Axes": Axes}),
        pickle.loads(pickle.dumps(axes)),
    ):
        assert other == axes
        assert hash(other) == hash(axes)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("(stack=128+32+32) in", r"\(stack out=128\+32\+32\)"),
        ("(stack=128+32+32 out) in", r"\(stack out=128\+32\+32\)"),
        ("(out=128+32+32) in", r"\(stack out=128\+32\+32\)"),
        ("out=3+4 in", r"\(stack out=3\+4\)"),
        ("(stack=2 out=1+2+3) in", "the sizes of 3 members"),
        ("(stack kernel=3+4) in", "differ in their size of in or out"),
        ("(stack stack=3+4) in", "differ in their size of in or out"),
        ("out [in=3+4]", "one size for all members"),
        ("(stack out=3+4) (stack in=3+4)", "at most one"),
        ("(stack out=3+) in", "positive integer"),
        ("(stack out=3+0) in", "positive integer"),
        ("(out stack out=3+4 out) in", "more than one size open"),
    ],
)
def test_bad_lines(line, message):
    """What cannot be a stack of unequal members raises, and names the line to write."""
    with pytest.raises(AxesError, match=message):
        Axes(line)


def test_the_sizes_fill_the_axis():
    """Sizes whose sum is another than the axis' raise, as those of any closed split do."""
    with pytest.raises(AxesError, match="191 is not equal to 192"):
        Axes("(stack out=128+32+32) in").layout((191, 64))


PLACES = [
    ("(stack out=3+1+2) in", (6, 4)),
    ("in (stack out=3+1+2)", (4, 6)),
    ("(out=2 stack out=3+1) in kernel", (8, 3, 2)),
    ("(out stack in=3+1 kernel=2) out", (16, 3)),
    ("stack (stack out=3+1+2) in", (2, 6, 4)),
    ("(stack out=3+1) (stack=2 in)", (4, 6)),
    ("(stack in=2+3) [in=4]", (5,)),
]
"""Alone, behind other factors, before them, and beside other stacks."""


@pytest.mark.parametrize(("line", "shape"), PLACES)
def test_parts_tile_the_weight(line, shape):
    """The parts, joined, are the weight; each element lies in one, in the order of the weight."""
    array = np.arange(math.prod(shape)).reshape(shape)
    layout = Axes(line).layout(shape)
    cut = array.reshape(layout.cut)
    parts = [np.take(cut, range(p.start, p.stop), layout.axis) for p in layout.parts]
    assert [part.shape for part in parts] == [part.layout.shape for part in layout.parts]
    np.testing.assert_array_equal(layout.join(parts, np.concatenate), array)
    for part, own in zip(parts, layout.parts, strict=True):
        assert own.layout.logical(part).size == part.size


def test_members_by_hand():
    """Index arithmetic: member, row and column of each element of a group of heads."""
    layout = Axes("(out=2 stack out=3+1) in").layout((8, 5))
    array = np.arange(40).reshape(8, 5)
    for number, (part, start, size) in enumerate(zip(layout.parts, (0, 3), (3, 1), strict=True)):
        values = np.take(array.reshape(layout.cut), range(part.start, part.stop), layout.axis)
        logical = part.layout.logical(values)
        assert part.number == number
        assert logical.shape == (1, 2 * size, 5, 1)
        for row, column in np.ndindex(2 * size, 5):
            group, inner = divmod(row, size)
            assert logical[0, row, column, 0] == array[4 * group + start + inner, column]


def test_each_part_has_its_fans():
    """Fans count the member's own size; those of the whole weight raise and name a member."""
    axes, shape = Axes("(stack out=128+32+32) in [kernel=2]"), (192, 64)
    fans = [part.layout.fans for part in axes.layout(shape).parts]
    assert fans == [Fans(128, 256), Fans(128, 64), Fans(128, 64)]
    for call in (axes.fans, lambda shape: InitSpec.he_normal().fans(shape, axes)):
        with pytest.raises(AxesError, match=r"axes='out in \[kernel=2\]' of the shape \(128, 64\)"):
            call(shape)
    for name in ("stack", "out", "in_", "columns"):
        with pytest.raises(AxesError, match="one member alone"):
            getattr(axes.layout(shape), name)


@pytest.mark.parametrize(
    "line",
    [
        "he_normal(mode=fan_out)",
        "glorot_uniform",
        "he_truncated_normal(mode=fan_out)",
        "orthogonal",
    ],
)
def test_each_part_has_its_law(line):
    """A part is resolved as a lone weight is; the law of the whole is that of an entry of it."""
    spec, axes, shape = InitSpec.parse(line), "(stack out=128+32+16) in", (176, 64)
    resolved, alone = spec.resolve(shape, axes), [spec.law((n, 64)) for n in (128, 32, 16)]
    for part, law in zip(resolved.parts, alone, strict=True):
        assert part.law.std == law.std
    shares = [128 / 176, 32 / 176, 16 / 176]
    second = sum(share * law.std**2 for share, law in zip(shares, alone, strict=True))
    assert spec.std(shape, axes) == pytest.approx(math.sqrt(second))
    assert spec.bounds(shape, axes) == (min(x.low for x in alone), max(x.high for x in alone))
    if spec.mode == "fan_out":
        assert math.isnan(resolved.scale)


def test_the_law_of_an_empty_weight() -> None:
    """It is that of its members, as for a weight that has no parts."""
    law = InitSpec.ones().resolve((0, 4), axes="in (stack out=1+3)").law
    assert (law.mean, law.std) == (1, 0)


def test_one_law_where_the_fans_agree():
    """Under fan_in all members of a fused projection have one law."""
    spec, axes = InitSpec.he_uniform(), "(stack out=128+32+32) in"
    assert spec.law((192, 64), axes).std == spec.law((192, 64)).std
    assert spec.resolve((192, 64), axes).scale == spec.resolve((192, 64)).scale


def test_each_part_is_checked():
    """What one member cannot hold is refused for the weight."""
    with pytest.raises(ShapeError, match="at least as many outputs as inputs"):
        InitSpec.delta_orthogonal().resolve((20, 8, 3), "(stack out=16+4) in kernel")
    with pytest.raises(InitSpecError, match="float16 ends at"):
        InitSpec.normal(30_000.0).to_numpy("(stack out=3+1) in")((4, 2), "float16")


def test_mixture_of_laws():
    """Moments and cdf of a mixture, against a million draws of it."""
    rng = np.random.default_rng(20_261_128)
    cut = InitSpec.truncated_normal(1.0, lower=-0.5, upper=3.0, corrected=False).law()
    law = mixture([NORMAL, cut.affine(2.0, 3.0)], [0.25, 0.75])
    n = 1 << 20
    values = rng.standard_normal((n, 2))
    drawn = InitSpec.truncated_normal(1.0, lower=-0.5, upper=3.0, corrected=False)
    second = 2 + 3 * drawn.to_numpy()((n,), "float64", rng)
    values = np.where(rng.random(n) < 0.25, values[:, 0], second)
    off = values - law.mean
    assert abs(off.mean()) < 5 * law.std / math.sqrt(n)
    assert values.std() == pytest.approx(law.std, rel=0.005)
    assert (off**3).mean() / law.std**3 == pytest.approx(law.skewness, abs=0.02)
    assert (off**4).mean() / law.std**4 == pytest.approx(law.kurtosis, rel=0.02)
    for x in (-1.0, 0.5, 3.0):
        assert (values <= x).mean() == pytest.approx(float(law.cdf(x)), abs=0.003)
