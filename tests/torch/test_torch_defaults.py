"""The recipe of torch's defaults against torch.nn, and those of the others on its layers."""

import math

import pytest
import torch
from torch import nn

from initspec import Recipe, Rule, initialize, parameters, recipe
from tests.default_laws import TESTS, check_defaults, statistics
from tests.torch.test_torch_layer_table import LAYERS

# The bias of a Bilinear has the bound of its first input, of whose size a rule has no number: what
# the recipe writes is that of two inputs of one size. Conv1D is not torch's.
KEPT = {name: make for name, make in LAYERS.items() if name not in ("bilinear", "transformers")}
BUILT = {
    **KEPT,
    "bilinear of one size": lambda: nn.Bilinear(30, 30, 200),
    "adaptive": lambda: nn.AdaptiveLogSoftmaxWithLoss(64, 300, [100, 200], head_bias=True),
    "encoder": lambda: nn.TransformerEncoderLayer(64, 4, 96),
    "decoder": lambda: nn.TransformerDecoderLayer(64, 4, 96),
}


def values(model):
    return {path: value.detach().numpy() for path, value in model.named_parameters()}


def check(name, given):
    """Hold a recipe against builds of a layer."""
    make = BUILT[name]
    torch.manual_seed(20)
    check_defaults(
        given.on(make()), lambda _: values(make()), lambda _: values(initialize(make(), given))
    )


@pytest.mark.parametrize("name", BUILT)
def test_the_recipe_is_what_a_built_layer_starts_with(name):
    """Of every parameter: the mean, the std, the kurtosis, the bounds."""
    check(name, recipe("torch"))


def test_the_error_rate_is_that_of_this_file():
    """There are no more random statistics than share it."""
    assert sum(statistics(recipe("torch").on(make())) for make in BUILT.values()) <= TESTS


UNIFORM = "variance_scaling(scale=1 / 3, distribution=uniform)"
MISTAKES = {
    "std": ("linear", "variance_scaling(scale=1.05**2 / 3, distribution=uniform)", "bias"),
    "distribution": ("linear", "variance_scaling(scale=1 / 3, distribution=normal)", "kernel"),
    "axes": ("transposed2d", UNIFORM, "kernel"),
    "axes of a bias": (
        "transposed1d",
        "variance_scaling(scale=1 / 3, distribution=uniform)",
        "bias",
    ),
    "constant": ("batch1d", "zeros", "scale"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen(mistake):
    """Each kind of mistake, planted before the recipe's rules."""
    name, spec, role = MISTAKES[mistake]
    with pytest.raises(AssertionError):
        check(name, Recipe([Rule(spec, role=role)]) + recipe("torch"))


@pytest.mark.parametrize("defaults", ["torch", "keras", "flax"])
def test_every_layer_has_rules(defaults):
    """The defaults of another framework are for these layers, too."""
    for make in {**LAYERS, **BUILT}.values():
        layer = make()
        assigned = recipe(defaults).on(layer)
        assert [a.path for a in assigned] == [p.path for p in parameters(layer)]
        assert all(math.isfinite(a.std) for a in assigned)


@pytest.mark.parametrize(
    ("layer", "path", "std"),
    [
        # As Keras has them: four gates as one matrix, all groups together, each projection alone.
        (nn.LSTM(40, 50), "weight_ih_l0", (2 / (40 + 4 * 50)) ** 0.5),
        (nn.GRUCell(40, 50), "weight_ih", (2 / (40 + 3 * 50)) ** 0.5),
        (nn.Conv2d(32, 64, 3, groups=4), "weight", (2 / (9 * 8 + 9 * 64)) ** 0.5),
        (nn.MultiheadAttention(64, 4), "in_proj_weight", (2 / (64 + 64)) ** 0.5),
        (nn.Embedding(9, 64), "weight", 0.1 / 12**0.5),
    ],
)
def test_layers_start_as_in_keras(layer, path, std):
    """A layer of torch under the recipe of Keras has the std that its kin there has."""
    assert recipe("keras").on(layer)[path].std == pytest.approx(std)


def test_the_forget_gate_is_open_as_in_keras():
    """The bias of the inputs has it, and that of the state is 0."""
    layer = initialize(nn.LSTM(4, 3), "keras")
    assert layer.bias_ih_l0.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    assert not layer.bias_hh_l0.any()


def test_what_lora_adds_is_nothing_at_first():
    """Whatever the recipe of all layers, one of its two matrices is 0, and the other not."""
    peft = pytest.importorskip("peft")
    model = nn.ModuleDict({"embed": nn.Embedding(9, 8), "linear": nn.Linear(8, 8)})
    model = peft.inject_adapter_in_model(
        peft.LoraConfig(r=2, target_modules=["embed", "linear"]), model
    )
    for defaults in ("torch", "keras", "flax", "he", "glorot"):
        assigned = recipe(defaults).on(model, only=["**.lora_*.**"])
        assert {a.path: a.std == 0 for a in assigned} == {
            "embed.lora_embedding_A.default": True,
            "embed.lora_embedding_B.default": False,
            "linear.lora_A.default.weight": False,
            "linear.lora_B.default.weight": True,
        }
