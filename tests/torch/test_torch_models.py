"""Models of torch: their parameters, and how they are filled."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from initspec import InitSpec, InitSpecWarning, register_layer
from initspec.errors import RecipeError, TargetError
from initspec.models.initialize import initialize
from initspec.models.owner import parameters
from initspec.models.rule import Rule
from tests.torch.net import RULES, WIDTH, Net, assert_equal, state
from tests.torch.test_torch_paths import WRAPPERS


def test_spectral_norms() -> None:
    """orthogonal(gain=sqrt(fan_out / fan_in)) gives each kernel its norm, by true fans.

    Yang, Simon & Bernstein (2023), "A Spectral Condition for Feature Learning", condition 1.
    """
    model = nn.ModuleDict(
        {
            "wide": nn.Linear(8, 32),
            "narrow": nn.Linear(32, 8),
            "grouped": nn.Conv2d(16, 8, 3, groups=4),
            "attention": nn.MultiheadAttention(12, 2),
        }
    )
    rule = Rule("orthogonal(gain=sqrt(fan_out / fan_in))", role="kernel")
    initialize(model, [rule, Rule("zeros")], seed=7)
    fans = {  # outputs and inputs of one member
        "wide.weight": (1, 32, 8),
        "narrow.weight": (1, 8, 32),
        "grouped.weight": (4, 2, 4),
        "attention.in_proj_weight": (3, 12, 12),
        "attention.out_proj.weight": (1, 12, 12),
    }
    rows = {row.path: row for row in parameters(model)}
    for path, (members, outputs, inputs) in fans.items():
        weight = model.get_parameter(path).detach().numpy()
        norms = np.linalg.norm(weight.reshape(members, outputs, -1), 2, axis=(1, 2))
        np.testing.assert_allclose(norms, (outputs / inputs) ** 0.5, rtol=1e-5)
        spec = InitSpec.orthogonal((outputs / inputs) ** 0.5)
        same = spec.to_numpy(rows[path].axes, seed=7, name=path)(weight.shape)
        np.testing.assert_array_equal(weight, same)


def test_parameters() -> None:
    """Paths, roles and axes are those of the structure and the layer table."""
    rows = {p.path: (p.role, str(p.axes), p.layer) for p in parameters(Net())}
    expected = {
        "scale": ("other", "None", "Net"),
        "positions": ("other", "None", "Net"),
        "wte.weight": ("embedding", "stack out", "Embedding"),
        "blocks.1.norm.weight": ("scale", "out", "LayerNorm"),
        "blocks.1.norm.bias": ("shift", "out", "LayerNorm"),
        "blocks.1.attention.in_proj_weight": ("kernel", "(stack=3 out) in", "MultiheadAttention"),
        "blocks.1.attention.in_proj_bias": (
            "bias",
            f"(stack=3 out) [in={WIDTH}]",
            "MultiheadAttention",
        ),
        "blocks.1.attention.out_proj.weight": ("kernel", "out in", "MultiheadAttention"),
        "blocks.2.proj.bias": ("bias", f"out [in={WIDTH}]", "Linear"),
        "conv.weight": ("kernel", "(stack=4 out) in kernel...", "Conv2d"),
        "conv.bias": ("bias", "(stack=4 out) [in=2 kernel=9]", "Conv2d"),
        "lstm.weight_hh_l0": ("recurrent_kernel", "(stack=4 out) in", "LSTM"),
        "normed.weight": ("kernel", "out in", "Linear"),
    }
    assert {path: rows[path] for path in expected} == expected
    classes = {p.path: p.places[0].classes for p in parameters(Net())}
    within = ("MultiheadAttention", "Module", "NonDynamicallyQuantizableLinear", "Linear")
    assert classes["blocks.1.attention.out_proj.weight"] == within
    assert "normed.parametrizations.weight.original0" not in rows
    assert "head.weight" not in rows
    table = next(p for p in parameters(Net()) if p.path == "wte.weight")
    assert (table.tied, table.padding, table.frozen) == (("head.weight",), 3, False)
    assert next(p for p in parameters(Net()) if p.path == "positions").frozen


def test_norms_by_their_name() -> None:
    """A class that no table has is a norm by its name, where its weight is a vector."""

    class MyRMSNorm(nn.Module):
        def __init__(self, *shape: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(shape))

    class Normalizer(MyRMSNorm):
        pass

    def roles(layer: nn.Module) -> list[str]:
        return [parameter.role for parameter in parameters(layer)]

    assert roles(MyRMSNorm(4)) == ["scale"]
    assert roles(MyRMSNorm(4, 4)) == roles(Normalizer(4)) == ["other"]


def test_registered_layers() -> None:
    """A layer of one's own, a class that derives from it, one wrapped, and one of torch's."""

    class Mixer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.zeros(4, 6))
            self.b = nn.Parameter(torch.zeros(6))

    class Sub(Mixer):
        pass

    class Scaled(nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 6)
            self.gain = nn.Parameter(torch.zeros(6))

    def rows(model: nn.Module) -> list[tuple[str, str, str]]:
        return [(p.path, p.role, str(p.axes)) for p in parameters(model)]

    assert {role for _, role, _ in rows(Sub())} == {"other"}
    register_layer(Mixer, {"w": ("kernel", "in out"), "b": ("bias", "out")})
    register_layer(Scaled, {"gain": ("scale", "out")})
    known = [("w", "kernel", "in out"), ("b", "bias", "out [in=4]")]
    assert rows(Mixer()) == rows(Sub()) == rows(torch.compile(Sub())) == known
    parametrized = parametrizations.weight_norm(Sub(), "w")
    assert sorted(rows(parametrized)) == sorted(known)
    linear = [("weight", "kernel", "out in"), ("bias", "bias", "out [in=4]")]
    assert sorted(rows(Scaled())) == sorted([*linear, ("gain", "scale", "out")])
    model = initialize(nn.Sequential(Sub()), "he", 7)
    expected = InitSpec.he_normal().to_numpy("in out", seed=7, name="0.w")((4, 6))
    assert np.array_equal(model[0].w.detach().numpy(), expected)


def test_every_weight_is_that_of_its_name() -> None:
    """Each is the portable draw of its path, spec and axes, parts included."""
    model = Net()
    assert initialize(model, RULES, 7) is model
    made = state(model)
    for path, spec, axes in [
        ("wte.weight", InitSpec.normal(0.02), "stack out"),
        ("blocks.2.proj.weight", InitSpec.he_normal(gain=6**-0.5), "out in"),
        ("blocks.0.attention.in_proj_weight", InitSpec.glorot_uniform(), "(stack=3 out) in"),
        ("conv.weight", InitSpec.glorot_uniform(), "(stack=4 out) in kernel kernel"),
        ("lstm.weight_hh_l0", InitSpec.orthogonal(), "(stack=4 out) in"),
    ]:
        expected = spec.to_numpy(axes, seed=7, name=path)(tuple(made[path].shape))
        if path == "wte.weight":
            expected[3] = 0
        np.testing.assert_array_equal(made[path].numpy(), expected, err_msg=path)
    np.testing.assert_allclose(
        made["normed.weight"].numpy(),
        InitSpec.glorot_uniform().to_numpy(seed=7, name="normed.weight")((6, WIDTH)),
        rtol=1e-6,
    )
    assert made["lstm.bias_ih_l0"].tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16
    assert made["scale"].tolist() == [0.5] * 5
    assert bool((made["positions"] == 1).all())
    assert model.head.weight is model.wte.weight
    assert model.table.tolist() == [0, 1, 2]


def test_a_part_is_a_block_of_the_whole_draw() -> None:
    """Under a law of its own a part has the numbers that the whole would have there."""
    layer = nn.LSTM(6, 5, bias=False)
    rules = [
        Rule("normal(std=2.0)", "weight_ih_l0", part="stack[2]"),
        Rule("uniform(low=-1, high=1)", "weight_ih_l0", part="[0]"),
        Rule("he_normal"),
    ]
    initialize(layer, rules, 3)
    axes, name, shape = "(stack=4 out) in", "weight_ih_l0", (20, 6)
    expected = InitSpec.he_normal().to_numpy(axes, seed=3, name=name)(shape)
    wide = InitSpec.normal(2.0).to_numpy(axes, seed=3, name=name)(shape)
    flat = InitSpec.uniform(-1, 1).to_numpy(axes, seed=3, name=name)(shape)
    expected[10:15], expected[0] = wide[10:15], flat[0]
    np.testing.assert_array_equal(layer.weight_ih_l0.detach().numpy(), expected)
    torch.manual_seed(0)
    initialize(layer, rules)
    values = layer.weight_ih_l0.detach()
    assert float(values[10:15].std()) > 2 * float(values[5:10].std())
    assert float(values[0].abs().max()) <= 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrappers_change_no_weight(wrapper: str, wrapped: Callable) -> None:
    """A wrapped model has the paths and the weights of the plain one."""
    make = lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))  # noqa: E731
    plain = initialize(make(), "he", 7)
    model = wrapped(wrapper, make())
    assert [p.path for p in parameters(model)] == [p.path for p in parameters(plain)]
    initialize(model, "he", 7)
    assert_equal(plain, model)


@pytest.fixture
def wrapped():
    def wrap(name: str, model: nn.Module) -> nn.Module:
        if "istributed" in name or "Sharded" in name:
            pytest.skip("has processes: sharded_draw.py")
        if name in ("parts", "all"):
            model[0] = WRAPPERS["checkpointed"](model[0])
            return torch.compile(model)
        return WRAPPERS[name](model)

    return wrap


def test_meta() -> None:
    """A model on meta gets memory parameter by parameter; ties stay, buffers are named."""
    with torch.device("meta"):
        model = Net()
    with pytest.raises(TargetError, match=r"meta device.*device='cpu'"):
        initialize(model, RULES[:6] + RULES[7:] + [Rule("zeros", "positions")], 7)
    assert all(parameter.is_meta for parameter in model.parameters())
    rules = [Rule("ones", "positions"), *(rule for rule in RULES if rule.spec != "keep")]
    with pytest.warns(InitSpecWarning, match="meta device: table"):
        initialize(model, rules, 7, device="cpu")
    assert model.head.weight is model.wte.weight
    assert not model.positions.requires_grad
    plain = Net()
    initialize(plain, rules, 7)
    assert_equal(model, plain)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_dtypes(dtype: torch.dtype) -> None:
    """Each dtype is drawn as itself."""
    layer = nn.Linear(16, 8).to(dtype)
    initialize(layer, "he", 7)
    name = str(dtype).removeprefix("torch.")
    expected = InitSpec.he_normal().to_numpy(seed=7, name="weight")((8, 16), name)
    assert torch.equal(layer.weight.double(), torch.tensor(expected.astype(np.float64)))


def test_a_new_layer_changes_no_other_weight() -> None:
    """Streams are named by paths; `names` gives a path another one."""
    small = initialize(nn.Sequential(nn.Linear(4, 4)), "he", 7)
    large = initialize(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), "he", 7)
    assert torch.equal(small[0].weight, large[0].weight)
    assert not torch.equal(large[0].weight, large[1].weight)
    again = nn.Sequential(nn.ReLU(), nn.Linear(4, 4))
    initialize(again, "he", 7, names={"1.weight": "0.weight"})
    assert torch.equal(again[1].weight, small[0].weight)
    initialize(again, "he", 7, names=lambda path: path.replace("1", "0"))
    assert torch.equal(again[1].weight, small[0].weight)
    with pytest.raises(RecipeError, match="names"):
        initialize(again, "he", 7, names={"2.weight": "0.weight"})


def test_without_a_seed_the_generator_of_torch() -> None:
    """`manual_seed` repeats it; two calls are two draws."""
    model = Net()
    torch.manual_seed(1)
    first = state(initialize(model, RULES))
    second = state(initialize(model, RULES))
    torch.manual_seed(1)
    again = state(initialize(model, RULES))
    assert all(torch.equal(first[path], again[path]) for path in first)
    assert not torch.equal(first["conv.weight"], second["conv.weight"])


def test_a_seed_moves_no_state_and_leaves_no_graph() -> None:
    """The global generator is as before, and no parameter has a history."""
    model = Net()
    before = torch.get_rng_state()
    initialize(model, RULES, 7)
    assert torch.equal(before, torch.get_rng_state())
    for parameter in model.parameters():
        assert parameter.grad_fn is None
        assert parameter.is_leaf
    model.proj = nn.Linear(2, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        initialize(model, RULES, 7)
        initialize(model, RULES, 8)


def test_only() -> None:
    """The rest is left alone, and needs no rule."""
    model = Net()
    before = state(model)
    initialize(model, [Rule("ones", "conv.**")], only=["conv.weight", "conv.bias"])
    after = state(model)
    changed = {path for path in before if not torch.equal(before[path], after[path])}
    assert changed == {"conv.weight", "conv.bias"}


def _half(weight_norm: Callable, wrap: Callable) -> nn.Module:
    body = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    return wrap(nn.ModuleDict({"body": body, "head": weight_norm(nn.Linear(4, 2))}))


@pytest.mark.parametrize("norm", [lambda layer: layer, parametrizations.weight_norm])
@pytest.mark.parametrize("wrap", [lambda model: model, nn.DataParallel])
def test_only_takes_the_keys_of_a_checkpoint(norm: Callable, wrap: Callable) -> None:
    """Those of a wrapped or parametrized model, of buffers too, which no recipe fills."""
    model, trained = _half(norm, wrap), _half(norm, wrap)
    held = {key: value for key, value in trained.state_dict().items() if "body.0" in key}
    missing = model.load_state_dict(held, strict=False).missing_keys
    assert any("running_mean" in key for key in missing)
    before = parameters(model)
    initialize(model, "he", 7, only=missing)
    whole = initialize(_half(norm, wrap), "he", 7)
    for key, value in model.state_dict().items():
        assert torch.equal(value, (trained if "body.0" in key else whole).state_dict()[key]), key
    assert parameters(model) == before
    with pytest.raises(RecipeError, match=r"'head\.wieght'"):
        initialize(model, "he", 7, only=["head.wieght"])
