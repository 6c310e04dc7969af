"""Recipes that are calibrated on models of torch."""

from __future__ import annotations

import random
import re
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from initspec import InitSpecWarning, Recipe, Rule, calibrate, initialize, parameters, recipe
from initspec.errors import DtypeError, InitSpecError, RecipeError, TargetError
from tests import calibrated
from tests.equal_models import IMAGES, RULES, SEED
from tests.torch.test_torch_equal_models import CNN

HE = recipe("he")


def batch(*shape: int) -> torch.Tensor:
    return torch.tensor(3 * np.random.default_rng(0).normal(size=shape), dtype=torch.float32)


def states(model: nn.Module) -> tuple[dict[str, Any], Any, torch.Tensor]:
    """Return all that a run may change: tensors, attributes with hooks, and torch's generator."""
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    attributes = [
        {key: dict(value) if isinstance(value, dict) else value for key, value in vars(m).items()}
        for m in model.modules()
    ]
    return tensors, attributes, torch.get_rng_state()


def assert_untouched(model: nn.Module, before: Any) -> None:
    tensors, attributes, generator = states(model)
    assert all(torch.equal(tensor, before[0][name]) for name, tensor in tensors.items())
    for now, then in zip(attributes, before[1], strict=True):
        assert now.keys() == then.keys()
        assert all(repr(now[key]) == repr(then[key]) for key in now)
    assert torch.equal(generator, before[2])
    assert torch.backends.mha.get_fastpath_enabled()


def test_gains_are_those_of_the_algorithm() -> None:
    """On a CNN with biases, against whole passes of NumPy; and what ran is what is drawn."""
    model, seen = CNN(), {}
    model.head.register_forward_hook(
        lambda *_: seen.update({n: p.detach().clone() for n, p in model.named_parameters()})
    )
    images = torch.tensor(IMAGES)
    result = calibrate(model, images, RULES, SEED, tolerance=calibrated.TOLERANCE)
    assigned = result.on(model)
    calibrated.assert_gains({n: assigned[f"{n}.weight"].spec.gain for n in calibrated.LAYERS})
    initialize(model, result, SEED)
    assert all(torch.equal(seen[name], tensor) for name, tensor in model.named_parameters())
    rest = [rule for rule in RULES.rules if rule.role in ("bias", "scale", "shift")]
    assert [*result.rules[5:]] == rest


class GPT(nn.Module):
    """Pre-norm blocks of torch, dropout, and a head that is the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(50, 16)
        block = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, 3, enable_nested_tensor=False)
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(self.wte(tokens)))


class Decoder(nn.Module):
    """An attention of one sequence to another, whose projections are apart."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2, kdim=8, vdim=12, bias=False)

    def forward(self, query: torch.Tensor, *, key: torch.Tensor, value: torch.Tensor) -> Any:
        return self.attention(query, value=value, key=key)[0]


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.conv_2 = nn.Conv2d(4, 4, 3, padding=1)
        self.last = nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.last(self.conv_2(self.norm(self.conv_1(x)).relu()))


def mlp(depth: int, activation: type[nn.Module]) -> nn.Module:
    return nn.Sequential(*[m for _ in range(depth) for m in (nn.Linear(16, 16), activation())])


def vgg() -> nn.Module:
    layers = [m for _ in range(10) for m in (nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(), nn.Linear(100, 3))


MODELS = {
    "mlp": (lambda: mlp(30, nn.Tanh), lambda: batch(64, 16)),
    "vgg": (vgg, lambda: batch(16, 4, 5, 5)),
    "resnet": (lambda: nn.Sequential(Residual(), Residual()), lambda: batch(8, 4, 5, 5)),
    "gpt": (GPT, lambda: torch.arange(60).reshape(6, 10) % 50),
    "decoder": (
        Decoder,
        lambda: {"query": batch(5, 8, 16), "key": batch(7, 8, 8), "value": batch(7, 8, 12)},
    ),
    "parametrized": (
        lambda: nn.Sequential(weight_norm(nn.Linear(16, 16)), nn.Linear(16, 16)),
        lambda: batch(64, 16),
    ),
    "compiled": (
        lambda: nn.Sequential(torch.compile(nn.Linear(16, 16), backend="eager"), nn.Linear(16, 4)),
        lambda: batch(64, 16),
    ),
}


RECIPES = {"mlp": "glorot", "gpt": Recipe([Rule("normal(std=0.02)", "wte.weight")]) + HE}


def variances(model: nn.Module, inputs: Any) -> dict[str, float]:
    """Return those of what is made with each weight, by hooks of the test's own."""
    outputs: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, args: Any, output: torch.Tensor) -> None:
            outputs[f"{name}.weight"] = output

        return hook

    def project(name: str) -> Any:
        def hook(module: nn.MultiheadAttention, args: Any, kwargs: Any, output: Any) -> None:
            given = dict(zip(("query", "key", "value"), args, strict=False)) | kwargs
            outputs[f"{name}.out_proj.weight"] = output[0]
            if module.in_proj_weight is None:
                for part in ("q", "k", "v"):
                    x = next(given[key] for key in given if key[0] == part)
                    weight = getattr(module, f"{part}_proj_weight")
                    outputs[f"{name}.{part}_proj_weight"] = x @ weight.T
                return
            weight, bias = module.in_proj_weight, module.in_proj_bias
            outputs[f"{name}.in_proj_weight"] = given["query"] @ weight.T + bias

        return hook

    for name, module in model.named_modules():
        module.training = isinstance(module, nn.BatchNorm2d)
        plain = name.removesuffix("._orig_mod")
        if isinstance(module, nn.MultiheadAttention):
            module.register_forward_hook(project(name), with_kwargs=True)
        elif isinstance(module, nn.Linear | nn.Conv2d | nn.Embedding):
            module.register_forward_hook(keep(plain))
    with torch.no_grad():
        model(**inputs) if isinstance(inputs, dict) else model(inputs)
    return {name: float(output.var(correction=0)) for name, output in outputs.items()}


@pytest.mark.parametrize("name", MODELS)
def test_outputs_have_variance_one(name: str) -> None:
    """In nets as people have them; the model is left as it was."""
    make, inputs = MODELS[name]
    model, given = make(), inputs()
    before = states(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # all of it can be calibrated
        result = calibrate(model, given, RECIPES.get(name, HE), 7, tolerance=0.01)
    assert_untouched(model, before)
    initialize(model, result, 7)
    measured = variances(model, given)
    if name == "gpt":
        assert measured.pop("head.weight") > 5  # the embedding runs first
    weights = [p.path for p in parameters(model) if p.role in ("kernel", "embedding")]
    assert {*measured} == {*weights}
    for path, variance in measured.items():
        assert variance == pytest.approx(1, abs=0.01), path


def test_autocast() -> None:
    """It keeps a weight in 16 bits from one run of a layer to the next."""
    model = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))
    with torch.autocast("cpu", torch.bfloat16):
        half = calibrate(model, batch(64, 64), HE, 7, tolerance=0.01)
    whole = calibrate(model, batch(64, 64), HE, 7, tolerance=0.01)
    gains = [[rule.spec.gain for rule in result.rules[:2]] for result in (half, whole)]
    np.testing.assert_allclose(*gains, rtol=0.01)


def test_padding_masks() -> None:
    """In evaluation torch's encoder makes nested tensors of them, for a fused layer alone."""
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    model = nn.TransformerEncoder(layer, 1)
    mask = torch.tensor([[False] * 4, [False, False, True, True]])
    given = {"src": batch(2, 4, 16), "src_key_padding_mask": mask}
    result = calibrate(model, given, HE, 7, tolerance=1e-3)
    assert [rule.label for rule in result.rules if rule.path][-1] == "layers.0.linear2.weight"


class Strange(nn.Module):
    """What has no gain, beside a head that has one."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(3, 4))
        self.cell = nn.LSTM(4, 4)
        self.idle = nn.Linear(4, 4)
        self.down = nn.Linear(4, 2, bias=False)
        self.up = nn.Linear(2, 4, bias=False)
        self.head = nn.Linear(4, 3)
        self.calls = 0
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.seen += 1
        torch.rand(1)
        x = self.cell(x + self.positions)[0]
        return self.head(x + self.up(self.down(x)))


STRANGE = Recipe([Rule("normal(std=0.02)", "positions"), Rule("zeros", "up.weight")]) + HE


def test_what_cannot_be_calibrated_is_said() -> None:
    """In a warning and in the result, with the reason; it is as the recipe has it."""
    model = Strange()
    before = states(model)
    with pytest.warns(InitSpecWarning, match="as the recipe has them") as caught:
        result = calibrate(model, batch(5, 3, 4), STRANGE, 7)
    assert_untouched(model, before)
    for path, reason in {
        "positions": "in no table",
        "weight_hh_l0": "recurrent",
        "idle.weight": "does not run",
        "up.weight": "do not vary",
    }.items():
        pattern = rf"{re.escape(path)}[^;]* \([^;]*{reason}"
        assert re.search(pattern, str(caught[0].message))
        assert re.search(pattern, result.source)
    after, assigned = result.on(model), STRANGE.on(model)
    changed = [a.path for a, b in zip(after, assigned, strict=True) if a.spec != b.spec]
    assert changed == ["down.weight", "head.weight"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        only = calibrate(model, batch(5, 3, 4), STRANGE, 7, only="head.*")
    assert [a.path for a in only.on(model) if a.spec != assigned[a.path].spec] == ["head.weight"]


def raising(error: BaseException) -> Any:
    def hook(*_: Any) -> None:
        raise error

    return hook


@pytest.mark.parametrize(
    ("inputs", "rules", "error", "match"),
    [
        (lambda: batch(5, 3, 9), STRANGE, TargetError, r"tensor a \(9\) .*; pass what .* tuple of"),
        (lambda: (), STRANGE, TargetError, "missing 1 required positional argument"),
        (lambda: batch(5, 3, 4) / 0, STRANGE, TargetError, "head.weight|nan or infinity"),
        (lambda: batch(5, 3, 4), [Rule("zeros", role="other"), Rule("zeros")], RecipeError, "vary"),
        (lambda: batch(5, 3, 4), "torch", RecipeError, "positions"),
        (lambda: 1e-12 * batch(5, 3, 4), STRANGE, KeyboardInterrupt, "stop"),
    ],
)
def test_the_model_is_untouched_after_an_error(inputs, rules, error, match) -> None:
    """Whatever raises, when the first layers have been filled and scaled."""
    model = Strange()
    if error is KeyboardInterrupt:
        model.head.register_forward_hook(raising(KeyboardInterrupt("stop")))
    before = states(model)
    with pytest.raises(error, match=match):
        calibrate(model, inputs(), rules, 7)
    assert_untouched(model, before)


def test_a_gain_that_the_dtype_cannot_hold() -> None:
    """An error as that of `initialize`, with the model untouched."""
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8)).to(torch.bfloat16).half()
    before = states(model)
    with pytest.raises(DtypeError, match="float16"):
        calibrate(model, batch(16, 8).half() * 1e-7, "he", 7)
    assert_untouched(model, before)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"tolerance": 0}, "tolerance=0"),
        ({"trials": 0}, "trials=0"),
        ({"trials": 2.0}, "trials=2.0"),
        ({"seed": None}, "seed=None"),
        ({"only": "no"}, "only="),
    ],
)
def test_bad_arguments(given: dict[str, Any], match: str) -> None:
    """What was given, and what to pass."""
    with pytest.raises(InitSpecError, match=match):
        calibrate(mlp(1, nn.Tanh), batch(4, 16), "he", **{"seed": 7, **given})


def test_no_memory_and_no_model() -> None:
    """The message has what can be run."""
    with torch.device("meta"):
        meta = nn.Linear(4, 4)
    with pytest.raises(TargetError, match=r"weight is on the meta device.*calibrate the model on"):
        calibrate(meta, batch(4, 4), "he", 7)
    with pytest.raises(TargetError, match="is not a model"):
        calibrate(nn.Linear, batch(4, 4), "he", 7)


def test_biases_take_several_trials() -> None:
    """Where they are too large for variance 1, the weight is as the recipe has it."""
    model = nn.Sequential(nn.Linear(16, 64))
    for std, reached in ((0.7, True), (2.0, False)):
        rules = [Rule(f"normal(std={std})", role="bias"), Rule("he_normal")]
        if reached:
            result = calibrate(model, batch(64, 16), rules, 7, tolerance=1e-4, trials=50)
            initialize(model, result, 7)
            variance = variances(model, batch(64, 16))["0.weight"]
            assert variance == pytest.approx(1, abs=1e-4)
        else:
            with pytest.raises(RecipeError, match=r"0.weight \(variance .* after 10 trials"):
                calibrate(model, batch(64, 16), rules, 7)


def test_a_layer_that_runs_twice_is_measured_when_it_runs_first() -> None:
    """What runs later goes by the same weight."""
    layer = nn.Linear(16, 16)
    model = nn.Sequential(layer, nn.Tanh(), layer)
    result = calibrate(model, batch(64, 16), "he", 7, tolerance=0.001)
    alone = calibrate(nn.Sequential(layer), batch(64, 16), "he", 7, tolerance=0.001)
    assert result.rules == alone.rules


class Steps(nn.Module):
    """A cell of its own, whose state starts at zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(16, 16), nn.Linear(16, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        random.random()
        np.random.rand()
        state = torch.zeros_like(x)
        for _ in range(3):
            state = torch.tanh(self.inner(state) + self.outer(x))
        return state


@pytest.mark.parametrize("bias", ["zeros", "normal(std=3.0)"])
def test_a_first_run_on_zeros(bias: str) -> None:
    """A layer is measured when its outputs go by its weight; global generators are as before."""
    model, rules = (
        Steps(),
        [Rule(bias, "inner.bias"), Rule("zeros", role="bias"), Rule("he_normal")],
    )
    python, legacy = random.getstate(), np.random.get_state()[1].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error" if bias == "zeros" else "ignore")
        result = calibrate(model, batch(64, 16), rules, 7, tolerance=1e-3)
    assert random.getstate() == python
    assert (np.random.get_state()[1] == legacy).all()
    if bias != "zeros":  # too large for variance 1: not the untrue reason of the first run
        assert re.search(r"inner.weight \(variance .* after 10 trials", result.source)
        return
    initialize(model, result, 7)
    runs: list[float] = []
    model.inner.register_forward_hook(lambda *args: runs.append(float(args[2].var(correction=0))))
    with torch.no_grad():
        model(batch(64, 16))
    assert runs[:2] == pytest.approx([0, 1], abs=1e-3)


@pytest.mark.parametrize("norm", [spectral_norm, torch.nn.utils.spectral_norm])
def test_a_parametrization_that_sets_the_scale(norm: Any) -> None:
    """One warning, after one division."""
    model = nn.Sequential(norm(nn.Linear(16, 16)), nn.Tanh(), nn.Linear(16, 4))
    before, runs = states(model), []
    model[0].register_forward_pre_hook(lambda *_: runs.append(1))
    with pytest.warns(InitSpecWarning) as caught:
        result = calibrate(model, batch(64, 16), "he", 7)
    model[0]._forward_pre_hooks.popitem()
    assert_untouched(model, before)
    assert len(caught) == 1
    assert "0.weight (its scale does not reach the outputs" in str(caught[0].message)
    assert [rule.label for rule in result.rules] == ["2.weight", "kernel", "bias"]
    assert len(runs) == 3


def test_numbers_and_parts_are_in_the_result() -> None:
    """It needs no numbers; a part of a calibrated weight is scaled with it."""
    model = nn.ModuleDict({"h": nn.Sequential(nn.Linear(16, 16), nn.Linear(16, 16))})["h"]
    rules = [
        Rule("normal(std=0.5)", "1.weight", part="[0]"),
        Rule("normal(std=width / (index + 2))", "{index}.weight"),
        Rule("normal(std=1 / width)"),
    ]
    result = calibrate(model, batch(64, 16), rules, 7, tolerance=0.001, width=16)
    assert calibrate(model, batch(64, 16), result, 7, tolerance=0.01).rules == result.rules
    assigned = result.on(model)
    (part,) = assigned["1.weight"].parts
    assert part.spec.std() / assigned["1.weight"].std == pytest.approx(0.5 / (16 / 3), rel=1e-5)
    assert assigned["0.bias"].std == 1 / 16
    assert Recipe.from_json(result.to_json()) == result
