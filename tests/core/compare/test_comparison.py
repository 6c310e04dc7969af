"""The main job: right backends agree, wrong ones are caught with a reason."""

import json
import math

import numpy as np
import pytest

from initspec import Axes, InitSpec, InitSpecError, Sparse
from initspec.backend import usable
from initspec.compare.comparison import compare

NUMPY = type(usable("numpy"))


class Wrong(NUMPY):
    """A backend that does something to right weights, or to the question."""

    name = "wrong"

    def __init__(self, after=lambda w: w, before=lambda spec: spec):
        self._after, self._before = after, before

    def draw(self, spec, shape, **options):
        return self._after(super().draw(self._before(spec), shape, **options))


def _half_precision(w):
    return w.astype(np.float16)


def _raise(w):
    raise RuntimeError("out of luck")


CAUGHT = {
    "fans swapped": ("he_normal", Wrong(before=lambda s: s.replace(mode="fan_out")), "p ="),
    "truncated for normal": (
        "he_normal",
        Wrong(before=lambda s: s.replace(distribution="truncated_normal")),
        "p =",
    ),
    "truncation uncorrected": ("he_truncated_normal", Wrong(lambda w: w * 0.8796), "p ="),
    "clipped": ("he_truncated_normal", Wrong(lambda w: w * 1.001), "outside"),
    "uniform too wide": ("glorot_uniform", Wrong(lambda w: w * np.float32(1.0001)), "outside"),
    "constant off": ("constant(0.5)", Wrong(lambda w: w * 1.01), "not the fixed ones"),
    "identity moved": ("identity", Wrong(lambda w: np.roll(w, 1, 0)), "not the fixed ones"),
    "not orthogonal": ("orthogonal", Wrong(lambda w: w * 1.001), "not orthonormal"),
    "one zero too few": (
        "sparse(0.9)",
        Wrong(
            lambda w: w + (np.arange(w.size) == 9).reshape(w.shape) * np.float32(0.01) * (w == 0)
        ),
        "zeros",
    ),
    "wrong shape": ("he_normal", Wrong(lambda w: w.T), "instead of"),
    "wrong dtype": ("he_normal", Wrong(_half_precision), "instead of"),
    "nan": ("he_normal", Wrong(lambda w: w * np.float32(math.nan)), "not finite"),
    "raises": ("he_normal", Wrong(_raise), "out of luck"),
}


@pytest.mark.parametrize("fault", CAUGHT)
def test_wrong_backends_are_caught(fault):
    """Each fault gives a disagreement with the reason that names it, beside a right backend."""
    line, backend, reason = CAUGHT[fault]
    result = compare(InitSpec.parse(line), (96, 64), backends=["numpy", backend])
    assert not result.agrees
    right, wrong = result.rows
    assert right.agrees, right.reasons
    assert wrong.verdict == ("error" if fault == "raises" else "differs")
    assert reason in " ".join(wrong.reasons)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    ("line", "shape", "axes"),
    [
        ("he_normal", (512, 256), None),
        ("he_normal(mode=fan_out)", (64, 8, 3, 3), "(stack=4 out) in kernel kernel"),
        ("glorot_uniform", (64, 4, 16), "in out out"),
        ("lecun_truncated_normal(lower=-1.0, upper=3.0)", (3, 3, 32, 2), "kernel kernel stack out"),
        ("truncated_normal(lower=3.0, upper=5.0)", (64, 64), None),
        ("sparse(0.9)", (128, 64), None),
        ("orthogonal(gain=1.4)", (64, 256), "in (stack=4 out)"),
        ("delta_orthogonal", (32, 16, 3, 3), None),
        ("dirac", (32, 16, 3, 3), None),
        ("identity(gain=0.5)", (16, 32), None),
        ("constant(0.1)", (7,), None),
        ("uniform(low=-0.1, high=0.3)", (129,), None),
        ("he_normal", (64,), "out [in=512]"),
    ],
)
def test_numpy_agrees(line, shape, axes, dtype):
    """NumPy agrees for every family and dtype, with fixed entropy at a false-alarm rate of 1e-6."""
    result = compare(InitSpec.parse(line), shape, axes, dtype, ["numpy"])
    assert result.agrees, result.rows[0].reasons
    assert result.rows[0].values >= min(2**20, 256 * math.prod(shape))


def test_report_carries_the_declared_numbers():
    """Declared and measured numbers, fans and axes stand in the result; JSON has no NaN."""
    result = compare(InitSpec.he_normal(), (512, 256), backends=["numpy"])
    assert (result.fan_in, result.fan_out) == (256, 512)
    assert result.axes == "out in kernel..."
    assert result.std == math.sqrt(2 / 256)
    row = result.rows[0]
    assert row.initializer == "NumpyInitializer"
    assert row.std == pytest.approx(result.std, rel=5e-3)
    assert abs(row.mean) < 5 * result.std / math.sqrt(row.values)
    assert row.low < -4 * result.std < 4 * result.std < row.high
    json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert result.to_dict()["bounds"] == [None, None]


def test_the_draws_are_fixed():
    """Two comparisons draw the same values: no run can differ from the last by luck."""
    first, second = (compare(InitSpec.he_normal(), (64, 32), backends=["numpy"]) for _ in range(2))
    assert first == second


def test_progress_is_told():
    """The progress callback hears every draw, and the end."""
    heard = []
    compare(
        InitSpec(Sparse(0.5), "he"),
        (512, 512),
        backends=["numpy"],
        progress=lambda *told: heard.append(told),
    )
    assert heard == [("numpy", done, 4) for done in range(5)]


def test_empty_shape_is_refused():
    """A shape without elements has nothing to compare."""
    with pytest.raises(InitSpecError, match="no element to compare"):
        compare(InitSpec.he_normal(), (0, 4))


class _Flat:
    """NumPy, with a stack of members taken for one weight."""

    def __getattr__(self, name):
        return getattr(usable("numpy"), name)

    def draw(self, spec, shape, axes, **how):
        return usable("numpy").draw(spec, shape, axes=Axes("out in"), **how)


@pytest.mark.parametrize(
    "line", ["he_normal(mode=fan_out)", "sparse(0.5, along=out)", "orthogonal"]
)
def test_each_member_of_unequal_size_has_its_law(line):
    """Each is held against its own law, zeros and matrix; a flat draw agrees with none."""
    spec, shape, axes = InitSpec.parse(line), (64, 24), "(stack out=40+8+16) in"
    assert compare(spec, shape, axes, backends=["numpy"]).agrees
    assert not compare(spec, shape, axes, backends=[_Flat()]).agrees
