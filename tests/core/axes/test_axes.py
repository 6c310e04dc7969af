"""Axes: the grammar, and what each axis of a weight is for, against layers typed by hand."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from initspec import Axes, Fans, InitSpec, InitSpecError
from initspec.errors import AxesError

# Where the element at a weight's index lies in [stack, out, in, place of the kernel]: arithmetic
# from the layers' definitions. w is the index.
PLACES = {
    "torch Linear(20, 48)": lambda w: (0, w[0], w[1], 0),
    "Keras Dense(48) on 20": lambda w: (0, w[1], w[0], 0),
    "torch Conv1d(6, 8, 5)": lambda w: (0, w[0], w[1], w[2]),
    "torch Conv2d(6, 8, (3, 5))": lambda w: (0, w[0], w[1], 5 * w[2] + w[3]),
    "torch Conv3d(6, 4, (2, 3, 5))": lambda w: (0, w[0], w[1], 15 * w[2] + 5 * w[3] + w[4]),
    "Keras Conv1D(8, 5) on 6": lambda w: (0, w[2], w[1], w[0]),
    "Keras Conv2D(8, (3, 5)) on 6": lambda w: (0, w[3], w[2], 5 * w[0] + w[1]),
    "Keras Conv3D(4, (2, 3, 5)) on 6": lambda w: (0, w[4], w[3], 15 * w[0] + 5 * w[1] + w[2]),
    "torch Conv2d(32, 64, 3, groups=4)": lambda w: (w[0] // 16, w[0] % 16, w[1], 3 * w[2] + w[3]),
    "Keras Conv2D(64, 3, groups=4) on 32": lambda w: (w[3] // 16, w[3] % 16, w[2], 3 * w[0] + w[1]),
    "torch depthwise Conv2d(32, 32, 3, groups=32)": lambda w: (w[0], 0, w[1], 3 * w[2] + w[3]),
    "Keras DepthwiseConv2D(3) on 32": lambda w: (w[2], w[3], 0, 3 * w[0] + w[1]),
    "torch ConvTranspose2d(32, 64, 3)": lambda w: (0, w[1], w[0], 3 * w[2] + w[3]),
    "torch ConvTranspose2d(32, 64, 3, groups=4)": lambda w: (
        w[0] // 8,
        w[1],
        w[0] % 8,
        3 * w[2] + w[3],
    ),
    "Keras Conv2DTranspose(64, 3) on 32": lambda w: (0, w[2], w[3], 3 * w[0] + w[1]),
    "flax ConvTranspose(64, (3, 3)) on 32": lambda w: (0, w[3], w[2], 3 * w[0] + w[1]),
    "torch MultiheadAttention(64, 4).in_proj_weight": lambda w: (w[0] // 64, w[0] % 64, w[1], 0),
    "torch LSTM(10, 16).weight_ih_l0": lambda w: (w[0] // 16, w[0] % 16, w[1], 0),
    "Keras LSTM(16) kernel on 10": lambda w: (w[1] // 16, w[1] % 16, w[0], 0),
    "Keras MultiHeadAttention(4, 16) query kernel on 64": lambda w: (0, 16 * w[1] + w[2], w[0], 0),
    "Keras MultiHeadAttention(4, 16) output kernel to 40": lambda w: (0, w[2], 16 * w[0] + w[1], 0),
    "Embedding(100, 12)": lambda w: (w[0], w[1], 0, 0),
    "mixture of 5 experts, 6 to 8": lambda w: (w[0], w[2], w[1], 0),
    "bias of Linear(512, 48)": lambda w: (0, w[0], 0, 0),
}


def test_fans(weight):
    """The fans of every layer are those of its definition."""
    assert Axes(weight.axes).fans(weight.shape) == Fans(*weight.fans)
    assert Axes(weight.axes).fans(weight.large) == Fans(*weight.large_fans)
    assert InitSpec.he_normal().fans(weight.shape, weight.axes) == Fans(*weight.fans)


def test_logical_order(weight):
    """Each element comes to the place in [stack, out, in, kernel] that index arithmetic says."""
    array = np.arange(np.prod(weight.shape)).reshape(weight.shape)
    logical = Axes(weight.axes).layout(weight.shape).logical(array)
    assert logical.shape == weight.logical
    place = PLACES[weight.name]
    for index in np.ndindex(weight.shape):
        assert logical[place(index)] == array[index]


def test_logical_order_is_undone(weight):
    """Layout.weight brings a logical array back home, and the other way round."""
    layout = Axes(weight.axes).layout(weight.shape)
    array = np.arange(np.prod(weight.shape)).reshape(weight.shape)
    np.testing.assert_array_equal(layout.weight(layout.logical(array)), array)
    logical = array.reshape(weight.logical)
    np.testing.assert_array_equal(layout.logical(layout.weight(logical)), logical)


def test_line_round_trips(weight):
    """str, repr, pickle and copies of the axes of every layer give equal axes of equal hash."""
    axes = Axes(weight.axes)
    assert str(axes) == weight.axes
    for other in (
        Axes(str(axes)),
        eval(repr(axes), {"Axes": Axes}),
        pickle.loads(pickle.dumps(axes)),
        copy.copy(axes),
        copy.deepcopy(axes),
    ):
        assert other == axes
        assert hash(other) == hash(axes)


def test_split_in_the_middle():
    """A split takes its axis apart row-major, whatever the order of its roles."""
    array = np.arange(2 * 12 * 5).reshape(2, 12, 5)
    logical = Axes("in (out=3 stack) kernel").layout((2, 12, 5)).logical(array)
    assert logical.shape == (4, 3, 2, 5)
    for i, j, k in np.ndindex(2, 12, 5):
        assert logical[j % 4, j // 4, i, k] == array[i, j, k]


def test_split_in_three():
    """A split may name each role, and a role may repeat in it and outside of it."""
    axes = Axes("(out=2 stack in=3) out")
    array = np.arange(24 * 5).reshape(24, 5)
    logical = axes.layout((24, 5)).logical(array)
    assert axes.fans((24, 5)) == Fans(3, 10)
    assert logical.shape == (4, 10, 3, 1)
    for i, j in np.ndindex(24, 5):
        assert logical[i // 3 % 4, i // 12 * 5 + j, i % 3, 0] == array[i, j]


@pytest.mark.parametrize(
    ("line", "shape", "fans"),
    [
        ("kernel...", (3, 5), (15, 15)),
        ("kernel...", (), (1, 1)),
        ("out in kernel...", (4, 6), (6, 4)),
        ("kernel... in", (7,), (7, 1)),
        ("in kernel... out kernel", (2, 3, 4, 5, 6), (2 * 3 * 4 * 6, 5 * 3 * 4 * 6)),
        ("[in=3]", (), (3, 1)),
        ("[in=3 out=4 kernel=5]", (), (15, 20)),
        ("[in=3] out [in=5]", (2,), (15, 2)),
        ("out [kernel=9]", (8,), (9, 72)),
        ("(stack=2 out=3)", (6,), (1, 3)),
        ("(out)", (6,), (1, 6)),
        ("(kernel=3 in) out", (12, 5), (12, 15)),
        ("stack stack", (3, 4), (1, 1)),
        ("out in", (0, 5), (5, 0)),
        ("(stack=4 out) in", (0, 5), (5, 0)),
        ("out in kernel", (3, 4, 0), (0, 0)),
        ("in [in=99999999999999999999]", (2,), (2 * 99999999999999999999, 1)),
    ],
)
def test_grammar_accepts(line, shape, fans):
    """Lines of the grammar give the fans that counting by hand gives, zero sizes too."""
    assert Axes(line).fans(shape) == fans


@pytest.mark.parametrize(
    ("letters", "line"),
    [
        ("OIHW", "out in kernel kernel"),
        ("HWIO", "kernel kernel in out"),
        ("hwio", "kernel kernel in out"),
        ("OIDHW", "out in kernel kernel kernel"),
        ("DHWIO", "kernel kernel kernel in out"),
        ("WIO", "kernel in out"),
        ("IOHW", "in out kernel kernel"),
        ("GOIHW", "stack out in kernel kernel"),
        (" OI ", "out in"),
        ("IO", "in out"),
    ],
)
def test_letters_of_a_layout(letters, line):
    """A layout as frameworks write it is the line that names its axes."""
    assert Axes(letters) == Axes(line)
    assert str(Axes(letters)) == line


@pytest.mark.parametrize("letters", ["HW", "OO", "OIHH", "NCHW", "O", "OIK", "OIHW OIHW", "OI HW"])
def test_letters_that_are_no_layout(letters):
    """Each letter stands once, inputs or outputs are among them, and the word is the whole line."""
    with pytest.raises(AxesError):
        Axes(letters)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "nothing is named"),
        ("   ", "nothing is named"),
        ("out inn", "did you mean 'in'"),
        ("OUT", "did you mean 'out'"),
        ("out, in", "','"),
        ("out=3", r"write \(out=3\)"),
        ("in...", "only kernel axes"),
        ("...", r"'\.\.\.'"),
        ("kernel.. in", "'.'"),
        ("kernel... in kernel...", "at most one 'kernel...'"),
        ("(kernel...)", "'...'"),
        ("(stack out)", "more than one size open"),
        ("()", "nothing in it"),
        ("(stack=3 out", "without its"),
        ("stack=3 out)", r"write \(stack=3\)"),
        (")", "'\\)'"),
        ("[in]", "give it"),
        ("[]", "nothing in it"),
        ("[in=3", "without its"),
        ("[stack=3]", "counts in no fan"),
        ("[in=3)", "'\\)'"),
        ("([in=3] out)", "'\\['"),
        ("((stack=2 out))", "'\\('"),
        ("(stack=0 out)", "positive integer"),
        ("(stack=-2 out)", "positive integer"),
        ("(stack=2.5 out)", "'.'"),
        ("(stack=1e3 out)", "role"),
        ("(stack= out)", "positive integer"),
        ("(stack=", "positive integer"),
        ("(stack=२ out)", "positive integer"),
        ("(stack=² out)", "positive integer"),
        ("3", "'3'"),
        ("out\x00in", "'\\\\x00'"),
        ("\uff4fut in", "role"),
        ("out " * 1000, "at most 1000"),
    ],
)
def test_grammar_rejects(line, says):
    """Every other line raises AxesError, which says what stands where and what to write."""
    with pytest.raises(AxesError, match=says) as caught:
        Axes(line)
    assert len(str(caught.value)) < 3_000


@pytest.mark.parametrize("line", [None, 3, b"out in", ["out", "in"], ("out",), np.array("out")])
def test_only_a_line(line):
    """Anything but a string is answered with an example of a line."""
    with pytest.raises(AxesError, match=r"'out in kernel\.\.\.'"):
        Axes(line)


def test_white_space_is_free():
    """White space separates words and is otherwise free; sizes are numbers, not digits."""
    plain = Axes("(stack=4 out) in kernel... [in=2]")
    for line in (
        "(stack=4 out)in kernel...[in=2]",
        " ( stack = 4 out )\tin\nkernel ...  [ in = 2 ] ",
        "(stack=004 out) in kernel... [in=2]",
    ):
        assert Axes(line) == plain
        assert hash(Axes(line)) == hash(plain)
        assert str(Axes(line)) == str(plain)


def test_different_lines_differ():
    """Axes of another meaning are not equal, nor equal to their line."""
    lines = ["out in", "in out", "out in kernel...", "out in kernel", "(stack=2 out) in", "out"]
    assert len({Axes(line) for line in lines}) == len(lines)
    assert Axes("out in") != "out in"


def test_hash_follows_the_process():
    """A pickle is a key in a process with another string hash."""
    code = (
        "import pickle, sys; from initspec import Axes;"
        f"axes = pickle.loads({pickle.dumps(Axes('(stack=2 out) in'))!r});"
        "print(axes in {Axes('(stack=2 out) in')})"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "True"


def test_immutable():
    """Axes cannot be changed."""
    axes = Axes("out in")
    with pytest.raises(AttributeError):
        axes.items = ()
    with pytest.raises(AttributeError):
        del axes.items


@pytest.mark.parametrize(
    ("line", "shape", "says"),
    [
        ("out in", (3,), r"name 2 axes, but the shape \(3,\) has 1"),
        ("out in", (3, 4, 5), "has 3"),
        ("out in kernel...", (3,), "at least 2"),
        ("out in kernel...", (), "at least 2"),
        ("[in=3]", (3,), "name 0 axes"),
        ("(stack=3 out) in", (64, 8), "64 is not a multiple of 3"),
        ("(stack=3 out=4) in", (24, 8), "24 is not equal to 12"),
        ("(stack=3 out=4)", (0,), "0 is not equal to 12"),
    ],
)
def test_axes_that_do_not_fit(line, shape, says):
    """Axes that do not fit a shape say both, and what to correct."""
    with pytest.raises(AxesError, match=says) as caught:
        Axes(line).fans(shape)
    assert "correct" in str(caught.value) or "name each axis" in str(caught.value)


@pytest.mark.parametrize(
    "shape",
    [5, None, "12", (2.0, 3), (2.5, 3), ("2", 3), (None, 3), np.array(5), (np.True_, 3), {"a": 1}],
)
def test_no_shape(shape):
    """What is no shape is answered with one."""
    with pytest.raises(AxesError, match=r"\(512, 256\)"):
        Axes("out in").fans(shape)


def test_negative_size():
    """A negative size is refused."""
    with pytest.raises(AxesError, match="negative"):
        Axes("out in").fans((-1, 3))


@pytest.mark.parametrize(
    "shape", [[6, 4], (np.int64(6), np.uint8(4)), np.array([6, 4]), iter([6, 4])]
)
def test_shapes_of_numpy(shape):
    """Lists, NumPy integers and arrays are shapes, and leave only Python integers behind."""
    layout = Axes("out in").layout(shape)
    assert layout.fans == Fans(4, 6)
    assert all(type(number) is int for number in (*layout.shape, *layout.sizes, *layout.fans))


@pytest.mark.parametrize(
    ("shape", "centre"),
    [((3,), 1), ((4,), 1), ((1,), 0), ((2,), 0), ((3, 5), 7), ((4, 4), 5), ((2, 3, 5), 7), ((), 0)],
)
def test_centre(shape, centre):
    """The centre of the kernel is (size - 1) // 2 on each axis, flat and row-major."""
    assert Axes("out in kernel...").layout((2, 2, *shape)).centre == centre


def test_fans_of_every_mode():
    """The four fans of a mode, and an unknown one."""
    fans = Fans(2, 8)
    assert [fans.of(mode) for mode in ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")] == [
        2,
        8,
        5,
        4,
    ]
    with pytest.raises(InitSpecError, match="did you mean 'fan_avg'"):
        fans.of("fan_avgg")


@pytest.mark.parametrize("shape", [(), (7,)])
def test_low_rank_needs_axes(shape):
    """Without axes a fan rule on rank 0 or 1 says what to pass; a fixed rule does not need any."""
    with pytest.raises(AxesError, match=r"axes='out \[in=512\]'"):
        InitSpec.he_normal().std(shape)
    with pytest.raises(AxesError, match=r"axes='out \[in=512\]'"):
        InitSpec.normal().fans(shape)
    assert InitSpec.normal(0.5).std(shape) == 0.5
    assert InitSpec.he_normal().std(shape, "kernel... [in=512]") > 0
