"""Real layers, and the defects of torch's own initializers that a spec does not inherit.

Stds of n values are held to 5 standard errors (false alarms: 6e-7 each).
"""

from __future__ import annotations

import math

import pytest

from initspec import InitSpec

torch = pytest.importorskip("torch")
nn = torch.nn


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(20)


def assert_std(values: torch.Tensor, expected: float, kurtosis: float = 3.0) -> None:
    values = values.double().ravel()
    error = expected * math.sqrt((kurtosis - 1) / (4 * values.numel()))
    assert abs(values.square().mean().sqrt() - expected) <= 5 * error


@pytest.mark.parametrize(
    ("layer", "name", "axes", "fan_in", "fan_out"),
    [
        (lambda: nn.Linear(300, 200), "weight", None, 300, 200),
        (lambda: nn.Conv2d(32, 64, 3), "weight", None, 288, 576),
        # https://github.com/pytorch/pytorch/issues/23854: torch's fan_out is 576 here.
        (
            lambda: nn.Conv2d(32, 64, 3, groups=4),
            "weight",
            "(stack=4 out) in kernel kernel",
            72,
            144,
        ),
        (
            lambda: nn.Conv2d(320, 320, 3, groups=320),
            "weight",
            "(stack=320 out) in kernel kernel",
            9,
            9,
        ),
        # https://github.com/pytorch/pytorch/issues/7865: torch has these two exchanged.
        (lambda: nn.ConvTranspose2d(32, 64, 3), "weight", "in out kernel...", 288, 576),
        (
            lambda: nn.ConvTranspose2d(32, 64, 3, groups=4),
            "weight",
            "(stack=4 in) out kernel kernel",
            72,
            144,
        ),
        # https://github.com/pytorch/pytorch/issues/166378: torch's fan_out is 192.
        (lambda: nn.MultiheadAttention(64, 4), "in_proj_weight", "(stack=3 out) in", 64, 64),
        (lambda: nn.LSTM(48, 96), "weight_hh_l0", "(stack=4 out) in", 96, 96),
        (lambda: nn.Embedding(500, 40), "weight", "stack out", 1, 40),
    ],
)
def test_fans_of_layers(layer, name: str, axes: str | None, fan_in: int, fan_out: int) -> None:
    """The std of a filled layer is that of the fans its definition gives."""
    parameter = getattr(layer(), name)
    for mode, fan in (("fan_in", fan_in), ("fan_out", fan_out)):
        init = InitSpec.he_normal(mode=mode).to_torch(axes=axes)
        assert init(parameter, generator()) is parameter
        assert_std(parameter.detach(), math.sqrt(2 / fan))


def test_gate_and_projection_blocks_are_orthogonal() -> None:
    """Each fused block is an orthogonal matrix by itself, in its own rows."""
    for size, count in ((40, 3), (96, 4)):
        module = nn.MultiheadAttention(size, 4) if count == 3 else nn.LSTM(8, size)
        weight = module.in_proj_weight if count == 3 else module.weight_hh_l0
        InitSpec.orthogonal().to_torch(axes=f"(stack={count} out) in")(weight)
        for block in weight.detach().double().chunk(count):
            assert (block @ block.T - torch.eye(size)).abs().max() <= 32 * 2.0**-23


def test_convolution_kernels() -> None:
    """Dirac passes its input on; delta-orthogonal keeps the norm of every pixel."""
    x = torch.randn(2, 8, 9, 9, generator=generator())
    layer = nn.Conv2d(8, 8, 3, padding="same", bias=False)
    InitSpec.dirac().to_torch()(layer.weight)
    assert torch.allclose(layer(x), x)
    InitSpec.delta_orthogonal().to_torch()(layer.weight)
    assert torch.allclose(layer(x).square().sum(1), x.square().sum(1), rtol=1e-4)
    grouped = nn.Conv2d(8, 8, 3, padding="same", groups=4, bias=False)
    InitSpec.dirac().to_torch(axes="(stack=4 out) in kernel kernel")(grouped.weight)
    assert torch.allclose(grouped(x), x)


def test_truncated_at_parent_sigmas() -> None:
    """Bounds are in sigmas; torch's trunc_normal_(std=0.02) cuts at 100 of them, not at all."""
    w = torch.empty(1000, 1000)
    torch.nn.init.trunc_normal_(w, std=0.02)
    assert w.abs().max() > 0.06
    InitSpec.truncated_normal(std=0.02, corrected=False).to_torch()(w, generator())
    assert w.abs().max() <= 0.04
    assert_std(w, 0.02 * 0.8796256610342398)
    InitSpec.truncated_normal(std=0.02).to_torch()(w, generator())
    assert_std(w, 0.02)


def test_kaiming_is_torchs_law() -> None:
    """he_normal and he_uniform are what torch means by kaiming, on a Linear."""
    w = torch.empty(400, 300)
    for spec, theirs in (
        (InitSpec.he_normal(), torch.nn.init.kaiming_normal_),
        (InitSpec.he_uniform(), torch.nn.init.kaiming_uniform_),
    ):
        kurtosis = spec.law((400, 300)).kurtosis
        assert_std(spec.to_torch()(w, generator()), math.sqrt(2 / 300), kurtosis)
        assert_std(
            theirs(w, generator=generator(), nonlinearity="relu"), math.sqrt(2 / 300), kurtosis
        )


def test_sparse_along_out_is_torchs() -> None:
    """sparse(along="out") has as many zeros in each column as torch's sparse_."""
    ours, theirs = torch.empty(50, 30), torch.empty(50, 30)
    InitSpec.sparse(0.3, along="out").to_torch()(ours, generator())
    torch.nn.init.sparse_(theirs, 0.3)
    assert torch.equal((ours == 0).sum(0), (theirs == 0).sum(0))
