"""Inspect arrays: numbers, specs, copies, and what is odd."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from initspec_conformance import inspect
from initspec_conformance.inspection.look import rows_of
from initspec_conformance.inspection.moments import BLOCK, moments_of
from initspec_conformance.inspection.names import depth_of, role_of
from initspec_conformance.inspection.terminal import strip
from ml_dtypes import bfloat16
from scipy import stats

from tests.conformance.inspected import draw, look


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("size", [3, BLOCK - 1, 2 * BLOCK + 5])
def test_moments_are_those_of_scipy(size: int, dtype: str) -> None:
    """Mean, std and kurtosis are SciPy's, also far from 0 and beside zeros."""
    rng = np.random.default_rng(size)
    values = (rng.exponential(size=size) + 3).astype(bfloat16 if dtype == "bfloat16" else dtype)
    values[::3] = 0
    wide = values.astype(np.float64)
    moments = moments_of(values)
    assert moments.zeros == np.count_nonzero(wide == 0)
    assert (moments.low, moments.high) == (wide.min(), wide.max())
    for numbers, part in (
        ((moments.mean, moments.std, moments.kurtosis), wide),
        (moments.dense, wide[wide != 0]),
    ):
        expected = part.mean(), part.std(), stats.kurtosis(part, fisher=False)
        np.testing.assert_allclose(numbers, expected, rtol=1e-9)


def test_moments_of_values_that_are_not_finite() -> None:
    """They are counted, and the numbers are those of the others."""
    values = np.arange(8.0)
    values[[1, 5]] = np.nan, -np.inf
    moments = moments_of(values)
    assert (moments.bad, moments.low, moments.high) == (2, 0, 7)
    assert moments.mean == np.mean([0, 2, 3, 4, 6, 7])
    nothing = moments_of(np.full(4, np.nan))
    assert nothing.bad == 4
    assert math.isnan(nothing.mean)


@pytest.mark.parametrize(
    ("line", "name", "says"),
    [
        ("he_normal", "a.weight", "he_normal of fan 256"),
        ("he_normal(mode=fan_out)", "a.weight", "he_normal of fan 192"),
        ("glorot_uniform", "a.weight", "glorot_uniform of fans 256 and 192"),
        ("lecun_truncated_normal", "a.weight", "lecun_truncated_normal of fan 256"),
        ("normal(std=0.02)", "a.weight", "normal(std=0.02)"),
        ("uniform(low=-0.05, high=0.05)", "a.weight", "uniform(low=-0.05, high=0.05)"),
        ("truncated_normal(std=0.02, corrected=False)", "a.weight", "corrected=False)"),
        (
            "variance_scaling(scale=0.3333333333333333, distribution=uniform)",
            "a.weight",
            "uniform(+-1/sqrt(256))",
        ),
        ("orthogonal", "a.weight", "orthogonal"),
        ("orthogonal(gain=1.5)", "a.weight", "orthogonal(gain=1.5)"),
        ("identity", "a.weight", "identity"),
        ("zeros", "a.bias", "zeros"),
        ("ones", "ln.weight", "ones"),
        ("constant(value=0.25)", "a.weight", "constant(value=0.25)"),
    ],
)
def test_specs_are_named(line: str, name: str, says: str) -> None:
    """The spec that a tensor was drawn by, with the fans that its name has."""
    (tensor,) = inspect({name: draw(line, (192, 256))}).tensors
    assert says in tensor.looks_like
    assert not tensor.flags


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("value", [1e-5, 0.1, -0.3])
def test_constants_have_the_digits_that_were_written(value: float, dtype: str) -> None:
    """Not those of the nearest number that the dtype holds, 9.999999747378752e-06."""
    (tensor,) = inspect({"a.bias": np.full(8, value).astype(dtype)}).tensors
    assert tensor.looks_like == f"constant(value={value})"


def test_a_number_alone_is_no_constant() -> None:
    """It may have been drawn; 0 and 1 nearly never are."""
    numbers = {"a.bias": 0.0, "b.scale": 1.0, "c.bias": 0.3}
    tensors = inspect({name: np.array([value], np.float32) for name, value in numbers.items()})
    assert [t.looks_like for t in tensors.tensors] == ["zeros", "ones", "the number 0.3"]


def test_a_fan_of_one_names_no_rule() -> None:
    """The fan_in of an embedding is 1, so that any of std 1 would be lecun_normal."""
    (tensor,) = inspect({"wte.weight": draw("normal(std=1.0)", (500, 64))}).tensors
    assert tensor.looks_like == "normal(std=1)"


def test_a_kernel_is_stored_in_before_out() -> None:
    """As in Keras and flax; a bias has the inputs of the kernel beside it."""
    arrays = {
        "a.kernel": draw("he_normal", (256, 192), "in out"),
        "b.weight": draw("he_normal", (64, 32, 3, 3), "out in kernel kernel"),
        "b.bias": draw("uniform(low=-0.0589, high=0.0589)", (2048,), "out"),
    }
    a, b, bias = inspect(arrays).tensors
    assert a.looks_like == "he_normal of fan 256"
    assert b.looks_like == "he_normal of fan 288"
    assert "uniform(+-1/sqrt(288))" in bias.looks_like


def test_roles_and_blocks() -> None:
    """Names state roles, and the first integer is the block."""
    roles = {"l.kernel": "kernel", "l.recurrent_kernel": "recurrent_kernel", "wpe": "embedding"}
    assert {name: role_of(name, (8, 8)) for name in roles} == roles
    assert role_of("ln.scale", (8,)) == "scale"
    assert role_of("relative_position_index", (8, 8)) == "other"
    assert depth_of("layers_3.2.kernel") == 3
    assert depth_of("conv1d.kernel") is None


def test_copies_are_found_through_shapes() -> None:
    """Query, key, value and output that are one weight: also transposed, scaled or in heads."""
    q = draw("glorot_uniform", (64, 64))
    result = look(
        q_kernel=q.reshape(64, 4, 16),
        k_kernel=q.reshape(64, 4, 16).copy(),
        o_kernel=q.reshape(4, 16, 64).copy(),
        s_kernel=2 * q,
        other_kernel=draw("glorot_uniform", (64, 64), seed=1),
    )
    flagged = {tensor.path for tensor in result.tensors if "copy" in tensor.flags}
    assert flagged == {"k.kernel", "o.kernel", "s.kernel"}
    assert "every value is that of q.kernel" in str(result.findings[0])


def test_scales_that_are_alike_are_no_copies() -> None:
    """Nor are constants, sinusoids beside each other, and ternary weights."""
    rng = np.random.default_rng(0)
    scales = {f"ln{i}.weight": 1 + 1e-3 * rng.standard_normal(256) for i in range(4)}
    ternary = {f"t{i}.weight": rng.integers(-1, 2, (64, 64)) * 0.5 for i in range(4)}
    result = inspect(scales | ternary | {f"b{i}.bias": np.zeros(64) for i in range(4)})
    assert not [finding for finding in result.findings if finding.kind == "copy"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda w: w.__setitem__((3, 5), np.nan), "not finite"),
        (lambda w: w.__setitem__(slice(10, 20), 0), "zero rows"),
        (lambda w: w.__setitem__((slice(None), 7), 0), "zero rows"),
        (lambda w: w.__setitem__(slice(None), w.astype(bfloat16)), "coarse dtype"),
        (lambda w: w.view(np.uint32).__setitem__(slice(0, 32), 0x00001234), "untouched"),
        (lambda w: w.__iadd__(np.outer(w[:, 0], w[0]) * 8), "trained"),
        (lambda w: w.__setitem__(slice(32, 48), w[:16]), "copy"),
    ],
)
def test_what_is_odd_is_flagged(change, kind: str) -> None:
    """Each kind of fault, and nothing of a right weight."""
    weight = draw("he_normal", (96, 128))
    assert not look(a_weight=weight).findings
    change(weight)
    result = look(a_weight=weight)
    assert kind in [finding.kind for finding in result.findings]
    assert kind in str(result)


def test_a_sample_is_called_one() -> None:
    """The number of values that were looked at, and that of all."""
    weight = draw("normal(std=0.02)", (256, 512)).astype(np.float16).astype(np.float32)
    (finding,) = look(a_weight=weight).findings
    assert finding.kind == "coarse dtype"
    assert finding.message.endswith("of 131072")
    assert ", in a sample of " in finding.message


def test_a_padding_row_is_named() -> None:
    """Of an embedding; no recipe is spoken of."""
    weight = draw("normal(std=0.02)", (96, 64))
    weight[0] = 0
    (finding,) = look(wte_weight=weight).findings
    assert (finding.kind, finding.looks_like) == ("zero rows", "a padding row")


def test_blocks_are_one_row() -> None:
    """Twelve blocks fold to a row with a strip of their standard deviations."""
    arrays = {
        f"h.{i}.fc.weight": draw("normal(std=0.02)", (64, 64), seed=i) * (1 + i // 6)
        for i in range(12)
    }
    text = str(inspect(arrays))
    assert "h.{0..5}" in text
    assert "normal(std=0.04)" in text
    assert max(map(len, text.splitlines())) <= 80
    assert strip([0.0, 1.0, 2.0]) == " ▄█"


def test_blocks_are_in_the_order_of_their_numbers() -> None:
    """Whatever order a file has them in."""
    (row,) = rows_of(look(h_0_w=np.ones(3), h_10_w=np.ones(3), h_2_w=np.ones(3)).tensors)
    assert row.path == "h.{0,2,10}.w x 3"
    assert [tensor.depth for tensor in row.looks] == [0, 2, 10]


def test_json() -> None:
    """Plain values, without NaN."""
    document = look(a_weight=np.full((4, 4), np.nan), b_bias=np.zeros(3)).to_dict()
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again["tensors"][0]["mean"] is None
    assert again["tensors"][1]["looks_like"] == "zeros"
