"""Audit models of torch that are right, trained, parametrized, or of another law."""

from __future__ import annotations

import json
import math

import pytest
import torch
from initspec_conformance import assert_model_initialized, audit_model
from scipy.stats import norm
from torch import nn
from torch.nn.utils import parametrizations

from initspec import Recipe, Rule, initialize
from tests.torch.audited_net import RECIPE, built


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
