"""Stacks whose members have unequal sizes, in every backend: each member is a weight by itself."""

from __future__ import annotations

import numpy as np
import pytest

from initspec import Axes, InitSpec
from tests.contract.drawn import draw

LAYOUTS = [
    ("(stack out=5+2+3) in", (10, 4), "out in"),
    ("in (stack out=5+2+3)", (4, 10), "in out"),
    ("kernel in (stack out=5+2+3)", (3, 2, 10), "kernel in out"),
    ("(stack in=5+2+3) out", (10, 7), "in out"),
    ("(out=2 stack out=5+2+3) in", (20, 4), "out in"),
    ("stack (stack out=5+2+3) in", (2, 10, 4), "out in"),
    ("(stack out=5+2+3) (stack=2 in)", (10, 8), "out in"),
]
FAMILIES = [
    "he_normal(mode=fan_out)",
    "glorot_uniform",
    "lecun_truncated_normal",
    "sparse(0.3)",
    "sparse(0.5, along=out)",
    "orthogonal(gain=1.5)",
    "constant(0.5)",
    "ramp(start=0.1, step=0.3, along=out)",
]


def members(weight, line):
    """Return each stack member as a lone weight of the axes beside it, by index arithmetic."""
    sizes, starts = (5, 2, 3), (0, 5, 7)
    cuts = [slice(start, start + size) for start, size in zip(starts, sizes, strict=True)]
    match line:
        case "(stack out=5+2+3) in" | "(stack in=5+2+3) out":
            return [weight[cut] for cut in cuts]
        case "in (stack out=5+2+3)" | "kernel in (stack out=5+2+3)":
            return [weight[..., cut] for cut in cuts]
        case "(out=2 stack out=5+2+3) in":
            return [weight.reshape(2, 10, 4)[:, cut].reshape(-1, 4) for cut in cuts]
        case "stack (stack out=5+2+3) in":
            return [layer[cut] for layer in weight for cut in cuts]
    return [weight[cut][:, 4 * half : 4 * half + 4] for cut in cuts for half in (0, 1)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("line", "shape", "alone"), LAYOUTS)
def test_member_i_is_the_lone_weight(backend, line, shape, alone, dtype):
    """Seeded, member i of the stack N has the bits of the lone parameter N[i], in every family."""
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.name} does not draw {dtype}")
    for family in [*FAMILIES, "dirac", "delta_orthogonal", "identity"]:
        if (family in ("dirac", "delta_orthogonal")) != ("kernel" in line) and family[0] in "di":
            continue
        spec = InitSpec.parse(family)
        seeded = {"dtype": dtype, "seed": 7}
        whole = backend.draw(spec, shape, axes=Axes(line), name="qkv", **seeded)
        assert whole.shape == shape
        for i, member in enumerate(members(whole, line)):
            lone = backend.draw(spec, member.shape, axes=Axes(alone), name=f"qkv[{i}]", **seeded)
            np.testing.assert_array_equal(member, lone, err_msg=f"{family}, member {i}")


@pytest.mark.parametrize(("line", "shape", "alone"), LAYOUTS[2:6:3])
def test_structured_by_member(backend, line, shape, alone):
    """Unseeded, each member is orthogonal, an identity, or has its zeros, by itself."""
    orthogonal = draw(backend, InitSpec.orthogonal(), shape, Axes(line)).astype(np.float64)
    for member in members(orthogonal, line):
        order = [alone.split().index("out")]
        order += [i for i in range(member.ndim) if i != order[0]]
        matrix = member.transpose(order).reshape(member.shape[order[0]], -1)
        small = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
        np.testing.assert_allclose(small @ small.T, np.eye(len(small)), atol=1e-5)
    sparse = draw(backend, InitSpec.sparse(0.5, along="out"), shape, Axes(line))
    for member in members(sparse, line):
        outs = alone.split().index("out")
        zeros = (member == 0).sum(axis=outs)
        assert (zeros == -(-member.shape[outs] // 2)).all()
    if "kernel" not in line:
        eyes = draw(backend, InitSpec.identity(), shape, Axes(line))
        for member in members(eyes, line):
            np.testing.assert_array_equal(member, np.eye(*member.shape))


@pytest.mark.parametrize("family", ["normal", "uniform", "truncated_normal"])
def test_variance_by_member(backend, family):
    """Unseeded, under fan_out, each member has the variance of its own fan: 2 / size."""
    spec, axes = InitSpec(family, "he", mode="fan_out"), Axes("in (stack out=400+100+300)")
    weight = draw(backend, spec, (256, 800), axes, backend.dtypes[0]).astype(np.float64)
    for start, size in ((0, 400), (400, 100), (500, 300)):
        member = weight[:, start : start + size]
        # Five standard errors of a kurtosis of 3 at most.
        assert abs(member.var() * size / 2 - 1) < 5 * np.sqrt(2 / member.size)


@pytest.mark.parametrize("family", ["normal", "orthogonal"])
def test_members_are_independent(backend, family):
    """Unseeded, no member repeats another's random numbers."""
    spec = InitSpec(family, "he", mode="fan_out") if family == "normal" else InitSpec.orthogonal()
    weight = draw(backend, spec, (160, 64), Axes("(stack out=64+32+64) in")).astype(np.float64)
    first, second, third = weight[:64], weight[64:96], weight[96:]
    for one, other in ((first, third), (first[:32], second), (second, third[:32])):
        correlation = (one * other).mean() / (one.std() * other.std())
        assert abs(correlation) < 5 / np.sqrt(one.size)
