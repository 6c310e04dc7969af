"""Planted faults in a small model: each is found where it is, and named for what it is.

The model that is right has a finding with a probability of 1e-6 for each seed. The faults are
drawn from fixed seeds; each is far beyond the smallest deviation that the audit reports.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from fnmatch import fnmatchcase

import numpy as np
import pytest
import torch
from initspec_conformance import assert_model_initialized, audit_model
from initspec_conformance.models.findings import KINDS
from scipy.stats import norm
from torch import nn
from torch.nn.utils import parametrizations

from initspec import Recipe, Rule, initialize

WIDTH, DEPTH = 64, 6


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.c_attn = nn.Linear(WIDTH, 3 * WIDTH)
        self.c_proj = nn.Linear(WIDTH, WIDTH)
        self.c_fc = nn.Linear(WIDTH, 4 * WIDTH)
        self.q = nn.Linear(WIDTH, WIDTH)
        self.k = nn.Linear(WIDTH, WIDTH // 2)


class Net(nn.Module):
    """What faults are planted in: tied, padded, recurrent, convolved, expert by expert."""

    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(211, WIDTH, padding_idx=3)
        self.h = nn.ModuleList(Block() for _ in range(DEPTH))
        self.conv = nn.Conv2d(8, 48, 3)
        self.lstm = nn.LSTM(WIDTH, WIDTH)
        self.experts = nn.Parameter(torch.zeros(4, WIDTH, WIDTH))
        self.head = nn.Linear(WIDTH, 211, bias=False)
        self.head.weight = self.wte.weight


RECIPE = Recipe(
    [
        Rule("normal(std=0.02 / sqrt(2 * depth))", "h.{index}.c_proj.weight"),
        Rule("normal(std=0.02)", ("wte.weight", "experts")),
        Rule("he_normal", "conv.weight"),
        Rule("ones", "lstm.bias_ih_l*", part="stack[1]"),
        Rule("glorot_uniform", layer="LSTM", role="kernel"),
        Rule("orthogonal", role="recurrent_kernel"),
        Rule("truncated_normal(std=0.02)", "h.*.q.weight"),
        Rule("normal(std=0.02)", role="kernel"),
        Rule("ones", role="scale"),
        *(Rule("zeros", role=role) for role in ("bias", "recurrent_bias", "shift")),
    ]
)


def built(seed: int = 11) -> Net:
    """Return the model that is right."""
    return initialize(Net(), RECIPE, seed=seed)


def _one_seed(m: Net) -> None:
    for weight, std in ((m.h[2].q.weight, 0.01), (m.h[2].c_fc.weight, 0.02)):
        weight.normal_(0, std, generator=torch.Generator().manual_seed(5))


def _memory(weight: torch.Tensor) -> None:
    bits = np.random.default_rng(0).integers(0, 1 << 32, weight.shape, np.uint32)
    weight.copy_(torch.from_numpy(bits.view(np.float32)))


def _untied(m: Net) -> None:
    m.head.weight = nn.Parameter(m.wte.weight.clone())


def _low_rank(weight: torch.Tensor) -> None:
    rows, columns = weight.shape
    weight.add_(0.02 * torch.randn(rows, 2) @ torch.randn(2, columns))


FC, ATTN, PROJ = "h.2.c_fc.weight", "h.2.c_attn.weight", "h.*.c_proj.weight"

FAULTS: dict[str, tuple[Callable[[Net], object], str, str, str]] = {
    "a linear layer is skipped": (
        lambda m: nn.init.kaiming_uniform_(m.h[2].c_fc.weight, math.sqrt(5)),
        *(FC, "std", "the recipe 'torch'"),
    ),
    "a bias is skipped": (
        lambda m: m.h[2].c_fc.bias.uniform_(-1 / 8, 1 / 8),
        *("h.2.c_fc.bias", "value", "the recipe 'torch'"),
    ),
    "an embedding is skipped": (lambda m: m.wte.weight.normal_(), "wte.weight*", "std", ""),
    "the residual scaling is missing": (
        lambda m: [block.c_proj.weight.normal_(0, 0.02) for block in m.h],
        *(PROJ, "std", "the residual scaling 1/sqrt(2 * 6) is missing"),
    ),
    "the residual scaling is missing once": (
        lambda m: m.h[2].c_proj.weight.normal_(0, 0.02),
        *("h.2.c_proj.weight", "std", "the residual scaling 1/sqrt(2 * 6) is missing"),
    ),
    "the residual scaling has another depth": (
        lambda m: [block.c_proj.weight.normal_(0, 0.02 / math.sqrt(24)) for block in m.h],
        *(PROJ, "std", "depth=12"),
    ),
    "the residual scaling counts one branch": (
        lambda m: [block.c_proj.weight.normal_(0, 0.02 / math.sqrt(6)) for block in m.h],
        *(PROJ, "std", "the factor 2 is missing"),
    ),
    "the residual scaling has no root": (
        lambda m: [block.c_proj.weight.normal_(0, 0.02 / 12) for block in m.h],
        *(PROJ, "std", "stands for its square root"),
    ),
    "the residual scaling multiplies": (
        lambda m: [block.c_proj.weight.normal_(0, 0.02 * math.sqrt(12)) for block in m.h],
        *(PROJ, "std", "where the recipe divides"),
    ),
    "two weights start a stream": (
        lambda m: m.h[2].k.weight.copy_(m.h[3].c_fc.weight[:32]),
        *("h.3.c_fc.weight", "copy", "one initializer"),
    ),
    "two weights have one seed": (_one_seed, "h.2.*.weight", "copy", "one initializer"),
    "q is k": (
        lambda m: m.h[2].c_attn.weight[64:128].copy_(m.h[2].c_attn.weight[:64]),
        *(ATTN, "copy", "a copy of another"),
    ),
    "a head is a copy": (
        lambda m: m.h[2].c_attn.weight[16:32].copy_(m.h[2].c_attn.weight[:16]),
        *(ATTN, "copy", "a copy of another"),
    ),
    "a head is a negated copy": (
        lambda m: m.h[2].c_attn.weight[16:32].copy_(-m.h[2].c_attn.weight[:16]),
        *(ATTN, "copy", "a copy of another"),
    ),
    "a head is a copy across columns": (
        lambda m: m.h[2].c_fc.weight[:, 32:].copy_(m.h[2].c_fc.weight[:, :32]),
        *(FC, "copy", "a copy of another"),
    ),
    "an expert is a copy": (
        lambda m: m.experts[3].copy_(m.experts[0]),
        *("experts", "copy", "a copy of another"),
    ),
    "a block is a copy": (
        lambda m: m.h[4].load_state_dict(m.h[1].state_dict()),
        *("h.4.*.weight", "copy", "one initializer"),
    ),
    "ranks share a seed": (
        lambda m: m.h[2].c_fc.weight[128:].copy_(m.h[2].c_fc.weight[:128]),
        *(FC, "copy", "rank"),
    ),
    "a weight is symmetric": (
        lambda m: m.h[2].q.weight.copy_(m.h[2].q.weight.triu() + m.h[2].q.weight.triu(1).T),
        *("h.2.q.weight", "copy", "symmetric"),
    ),
    "a fan is swapped": (
        lambda m: m.conv.weight.normal_(0, math.sqrt(2 / 432)),
        *("conv.weight", "std", "fan_out instead of fan_in"),
    ),
    "a gain is a variance": (
        lambda m: m.conv.weight.normal_(0, 2 / 72),
        *("conv.weight", "std", "its variance for its std"),
    ),
    "a draw in bfloat16": (
        lambda m: m.h[2].c_fc.weight.copy_(m.h[2].c_fc.weight.bfloat16()),
        *(FC, "coarse dtype", "bfloat16"),
    ),
    "a draw in float16": (
        lambda m: m.h[2].c_fc.weight.copy_(m.h[2].c_fc.weight.half()),
        *(FC, "coarse dtype", "float16"),
    ),
    "half a draw in bfloat16": (
        lambda m: m.h[2].c_fc.weight[:128].copy_(m.h[2].c_fc.weight[:128].bfloat16()),
        *(FC, "coarse dtype", "bfloat16"),
    ),
    "a tie is broken": (_untied, "head.weight", "copy", "a tie that was broken"),
    "the padding row is drawn": (
        lambda m: m.wte.weight[3].normal_(0, 0.02),
        *("wte.weight [[]3]", "part", ""),
    ),
    "the forget gate is 0": (
        lambda m: m.lstm.bias_ih_l0.zero_(),
        *("lstm.bias_ih_l0 stack[[]1]", "part", "the constant 0"),
    ),
    "another gate is 1": (
        lambda m: m.lstm.bias_ih_l0[:64].fill_(1),
        *("lstm.bias_ih_l0", "value", ""),
    ),
    "5% in all blocks": (
        lambda m: [block.k.weight.mul_(1.05) for block in m.h],
        *("h.[*].k.weight", "std", ""),
    ),
    "20% in one": (lambda m: m.h[2].c_fc.weight.mul_(1.2), FC, "std", "times it"),
    "a mean": (lambda m: m.h[2].c_fc.weight.add_(0.002), FC, "mean", ""),
    "a small mean in all blocks": (
        lambda m: [block.k.weight.add_(0.002) for block in m.h],
        *("h.[*].k.weight", "mean", ""),
    ),
    "a constant bias": (
        lambda m: m.h[2].c_fc.bias.fill_(0.1),
        *("h.2.c_fc.bias", "value", "the constant 0.1"),
    ),
    "a scale of 0": (
        lambda m: m.h[2].norm.weight.zero_(),
        *("h.2.norm.weight", "value", "the constant 0"),
    ),
    "a NaN": (
        lambda m: m.h[2].c_fc.weight[3, 5].fill_(math.nan),
        *(FC, "not finite", ""),
    ),
    "an infinite bias": (
        lambda m: m.h[2].c_fc.bias[7].fill_(math.inf),
        *("h.2.c_fc.bias", "not finite", ""),
    ),
    "half a tensor is empty": (
        lambda m: m.h[2].c_fc.weight[128:].zero_(),
        *(FC, "zero rows", "memory"),
    ),
    "half a tensor is empty across columns": (
        lambda m: m.h[2].c_fc.weight[:, 32:].zero_(),
        *(FC, "zero rows", "memory"),
    ),
    "a row is 0": (lambda m: m.wte.weight[7].zero_(), "wte.weight", "zero rows", "padding row"),
    "memory is as it was": (
        lambda m: _memory(m.h[2].c_fc.weight),
        *(FC, "*", "memory that nothing has written to"),
    ),
    "zeros for a draw": (lambda m: m.h[2].c_fc.weight.zero_(), FC, "untouched", "zeros"),
    "ones for a draw": (lambda m: m.h[2].c_fc.weight.fill_(1), FC, "constant", "constant(value=1)"),
    "uniform for normal": (
        lambda m: m.h[2].c_fc.weight.uniform_(-0.02 * math.sqrt(3), 0.02 * math.sqrt(3)),
        *(FC, "distribution", "uniform"),
    ),
    "normal for truncated": (
        lambda m: m.h[2].q.weight.normal_(0, 0.02),
        *("h.2.q.weight", "distribution", "not truncated"),
    ),
    "truncated, not corrected": (
        lambda m: nn.init.trunc_normal_(m.h[2].q.weight, 0, 0.02, -0.04, 0.04),
        *("h.2.q.weight", "std", "corrected=False"),
    ),
    "normal for orthogonal": (
        lambda m: m.lstm.weight_hh_l0.normal_(0, 1 / 8),
        *("lstm.weight_hh_l0", "structure", ""),
    ),
    "rows have scales": (
        lambda m: m.h[2].c_fc.weight.mul_(torch.linspace(0.8, 1.2, 256)[:, None]),
        *(FC, "dependence", ""),
    ),
    "low rank is added": (lambda m: _low_rank(m.h[2].c_fc.weight), FC, "trained", "trained"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named(name):
    """Every finding lies where the fault is, and one of them names it."""
    plant, place, kind, looks = FAULTS[name]
    model = built()
    torch.manual_seed(1)
    with torch.no_grad():
        plant(model)
    findings = audit_model(model, RECIPE).findings
    assert findings, "nothing was found"
    assert all(fnmatchcase(finding.path, place) for finding in findings), findings
    assert {finding.kind for finding in findings} <= set(KINDS)
    named = [f for f in findings if fnmatchcase(f.kind, kind) and looks in f.looks_like]
    assert named, findings
    # A mean that a wider law explains is no finding of its own.
    assert kind in ("mean", "*") or "mean" not in {finding.kind for finding in findings}


@pytest.mark.parametrize("seed", range(4))
def test_a_right_model_passes(seed):
    """Seeded, and drawn by torch itself; with the seed, bit by bit."""
    model = built(seed)
    audit = audit_model(model, RECIPE)
    assert audit.passed, audit
    assert audit_model(model, RECIPE, seed=seed).passed
    torch.manual_seed(seed)
    assert_model_initialized(initialize(model, RECIPE), RECIPE)


def test_bits_are_compared():
    """How many elements differ from those of the seed, and the first of them."""
    model = built()
    with torch.no_grad():
        model.h[1].c_fc.weight[3, 5] *= 1.0001
        model.h[1].c_fc.weight[200, 0] *= 1.0001
    (finding,) = audit_model(model, RECIPE, seed=11).findings
    assert (finding.path, finding.kind) == ("h.1.c_fc.weight", "bits")
    assert finding.message.startswith("2 of 16384 elements")
    assert "[3, 5]" in finding.message
    assert audit_model(model, RECIPE).passed
    with pytest.raises(AssertionError, match="another seed"):
        assert_model_initialized(model, RECIPE, seed=12, only="h.0.*.weight")


def test_the_names_of_streams_are_those_of_initialize():
    """A model that was drawn with other names has the bits of those."""
    recipe = [Rule("normal(std=0.1)", role="kernel"), Rule("zeros", role="bias")]
    model = initialize(nn.Linear(32, 64), recipe, seed=3, names={"weight": "dense.kernel"})
    assert audit_model(model, recipe, seed=3, names={"weight": "dense.kernel"}).passed
    assert audit_model(model, recipe, seed=3, names=lambda p: f"{p}/x").findings[0].kind == "bits"
    assert audit_model(model, recipe, seed=3).findings[0].kind == "bits"


@pytest.mark.parametrize("apply", [parametrizations.weight_norm, parametrizations.spectral_norm])
@pytest.mark.filterwarnings("ignore:.*parametrization returns another weight")
def test_parametrized_weights_are_read_without_a_trace(apply):
    """As they are used, in training too, where spectral_norm moves its buffers when it is read."""
    recipe = [Rule("normal(std=0.1)", role="kernel"), Rule("zeros", role="bias")]
    torch.manual_seed(0)
    model = initialize(apply(nn.Linear(32, 64)), recipe, seed=3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    findings = audit_model(model, recipe).findings
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())
    if apply is parametrizations.weight_norm:
        assert not findings
        assert audit_model(model, recipe, seed=3).passed
    else:
        assert [(f.path, f.kind) for f in findings] == [("weight", "std")]
        assert "parametrization" in findings[0].looks_like


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_coarse_draw_of_the_framework_is_named(dtype):
    """torch's own in 16 bits; a value that lies too far out is another fault."""
    torch.manual_seed(0)
    model = nn.Linear(1024, 512, dtype=dtype)  # so many that checks of the shape reject, too
    (finding,) = audit_model(model, "torch").findings
    assert (finding.path, finding.kind) == ("weight", "coarse dtype")
    name = str(dtype).removeprefix("torch.")
    assert finding.looks_like == (
        f"the framework's own coarse draw in {name}: draw in float32, cast afterwards"
    )
    assert len(finding.message) < 80
    model = nn.Linear(256, 256, bias=False, dtype=dtype)
    with torch.no_grad():
        model.weight.normal_(0, 0.02)[0, 0] = 0.2
    (finding,) = audit_model(model, [Rule("normal(std=0.02)")]).findings
    assert finding.kind == "distribution"
    with torch.no_grad():
        nn.init.trunc_normal_(model.weight, 0, 0.02 / 0.87962566, -0.04547, 0.04547)
    (finding,) = audit_model(model, [Rule("normal(std=0.02)")]).findings
    assert (finding.kind, "truncated_normal" in finding.looks_like) == ("distribution", True)


SHAPES = {
    "a Student law": (
        lambda w: w.copy_(0.6**0.5 * 0.02 * torch.distributions.StudentT(5.0).sample(w.shape)),
        "heavier tails than normal, kurtosis",
    ),
    "a Rademacher law with noise": (
        lambda w: w.normal_(0, 0.006).add_(0.019 * torch.randn_like(w).sign()),
        "",
    ),
    "rows have scales": (
        lambda w: w.normal_(0, 0.02).mul_(0.5 + torch.rand(256, 1)),
        "its rows have different scales, from std 0.0",
    ),
    "columns have scales": (
        lambda w: w.normal_(0, 0.02).mul_(0.5 + torch.rand(256)),
        "its columns have different scales, from std 0.0",
    ),
    "half of it is zero": (
        lambda w: w.normal_(0, 0.02).mul_(torch.rand_like(w) < 0.5),
        "50% of its values are 0",
    ),
    "a round number": (lambda w: w.normal_(0, 0.1), "normal(std=0.1)"),
    "no round number": (lambda w: w.normal_(0, 0.0937), "4.7"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_another_law_is_named(name):
    """By zeros, scales, tails, or a round number; never by the spec of the recipe itself."""
    draw, looks = SHAPES[name]
    torch.manual_seed(0)
    with torch.no_grad():
        model = nn.Linear(256, 256, bias=False)
        draw(model.weight)
    audit = audit_model(model, [Rule("normal(std=0.02)")])
    assert audit.findings
    assert audit.findings[0].looks_like.startswith(looks)
    assert not any("normal(std=0.02), by" in finding.looks_like for finding in audit.findings)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_the_bias_of_an_empty_kernel_has_no_law():
    """It has no fan: torch makes it 0; a fixed law still holds."""
    model = nn.Linear(0, 4)
    audit = audit_model(model, "torch")
    assert audit.passed, audit
    assert [p.skipped for p in audit.parameters][1].startswith("its kernel is empty")
    assert not audit_model(model, [Rule("keep", "weight"), Rule("ones", "bias")]).passed


def test_trained_weights_are_recognised():
    """A network that was trained is said to be trained, and not to be wrong."""
    recipe = Recipe([Rule("normal(std=0.1)", role="kernel"), Rule("zeros", role="bias")])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(32, 64), nn.Tanh(), nn.Linear(64, 32))
    initialize(model, recipe)
    assert audit_model(model, recipe).passed
    label = torch.randint(0, 8, (512,))
    x = torch.randn(8, 32)[label] + 0.3 * torch.randn(512, 32)
    for _ in range(60):
        nn.functional.cross_entropy(model(x), label).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.sub_(0.01 * parameter.grad.sign())
                parameter.grad = None
    audit = audit_model(model, recipe)
    assert audit.trained, audit
    assert {f.kind for f in audit.findings} == {"trained"}
    assert len(audit.findings) == 4
    assert "look trained" in str(audit)


def test_the_least_deviation_is_reported():
    """What would have been seen is in the report, and a fault of twice it is seen."""
    model = built()
    audit = audit_model(model, RECIPE)
    rows = {row.path: row for row in audit.parameters}
    row = rows["h.2.c_fc.weight"]
    # (1 + d)^2 v is beyond the upper limit of v, both normal: z standard errors sqrt(2 / n) up, and
    # all but 1e-6 of it, 4.75 of them down.
    z = norm.isf(1e-6 / audit.tests / 2)
    error = math.sqrt(2 / model.h[2].c_fc.weight.numel())
    expected = math.sqrt((1 + z * error) / (1 - norm.isf(1e-6) * error)) - 1
    assert row.sees_std == pytest.approx(expected, rel=0.02)  # the chi-square's skewness
    assert rows["h.2.norm.weight"].sees == "any deviation"
    with torch.no_grad():
        model.h[2].c_fc.weight.mul_(1 + row.sees_std)
    assert not audit_model(model, RECIPE).passed
    document = json.loads(json.dumps(audit.to_dict()))
    assert document["passed"]
    assert "h.{0..5}.c_fc.weight x 6" in audit.table()


def test_what_cannot_be_judged_is_named():
    """Meta parameters are a finding; what a rule keeps is passed over, and its NaN is not."""
    model = nn.Sequential(nn.Linear(8, 8, device="meta"), nn.Linear(8, 8))
    recipe = [Rule("normal(std=1.0)", "0.**"), Rule("keep", "1.**")]
    audit = audit_model(model, recipe)
    assert [(f.path, f.kind) for f in audit.findings] == [
        ("0.weight", "untouched"),
        ("0.bias", "untouched"),
    ]
    assert audit.parameters[2].sees == "not judged: its rule keeps it"
    with torch.no_grad():
        model[1].bias[0] = math.nan
    assert audit_model(model, recipe, only="1.bias").findings[0].kind == "not finite"
