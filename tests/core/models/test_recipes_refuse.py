"""Models that a recipe is nearly for: an error, and nothing that starts by half of its rules."""

from __future__ import annotations

from typing import Any

import pytest

from initspec.errors import RecipeError
from initspec.models.assign import assign
from initspec.models.recipe import recipe
from tests.core.models.typed.convolutions import CONV, DENSE, keras
from tests.core.models.typed.deep import IN_PROJ
from tests.core.models.typed.llm import BLOOM, GPT2, LLAMA, Form, rows
from tests.core.models.typed.networks import matrix, perceptrons
from tests.core.models.typed.rows import BIAS, LINEAR, ONES, SCALE, SHIFT, ZEROS, Table
from tests.core.models.typed.vit import TORCH as VIT

Rows = dict[str, tuple[Any, ...]]
NUMBERS = {"mup": {"width_ratio": 4}, "complete-p": {"width_ratio": 4}, "neox": {"hidden_size": 32}}


def check_refused(name: str, model: Rows, message: str) -> None:
    """Hold that a recipe says why it is not for a model."""
    config = {"initializer_range": 0.02}
    parameters = Table(name, "wrong", model).parameters
    with pytest.raises(RecipeError, match=message):
        assign(parameters, recipe(name).rules, config=config, numbers=NUMBERS.get(name, {}))


def renamed(form: Form, *names: tuple[str, str]) -> Rows:
    """Return the rows of a form, some of its names changed."""
    changed: Rows = {}
    for path, row in rows(form, ONES, ONES, ONES).items():
        name = path
        for before, after in names:
            name = name.replace(before, after)
        changed[name] = row
    return changed


# GPT-Neo has the first of these names, GPT-J the second.
OF_GPT = (GPT2, ("attn.c_proj", "attn.attention.out_proj"), ("mlp.c_proj", "mlp.fc_out"))
OF_LLAMA = (LLAMA, ("self_attn.o_proj", "self_attn.dense"), ("mlp.", "feedforward."))
BRANCHES = {
    **dict.fromkeys(["gpt2-nanogpt", "gpt2-hf", "megatron", "neox", "mup"], OF_GPT),
    **dict.fromkeys(["llama-torchtitan", "llama-olmo", "deepseek-v3-torchtitan"], OF_LLAMA),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_half_of_the_branches(name: str) -> None:
    """Names of attention that the recipe lacks, then of the feed-forward network."""
    form, *names = BRANCHES[name]
    for change in names:
        check_refused(
            name, renamed(form, change), r"rule \d+, .*depth|index.* matches no parameter"
        )


@pytest.mark.parametrize("name", ["mup", "complete-p"])
@pytest.mark.parametrize("path", ["unembed.weight", "head.1.weight", "inputs.weight", "0.weight"])
def test_a_head_or_a_layer_of_inputs_of_another_name(name: str, path: str) -> None:
    """It is not a hidden matrix: a rule is to say what it is."""
    model = rows(BLOOM, ONES, ONES, ONES) | {path: (LINEAR, (97, 32), None)}
    check_refused(name, model, rf"has no rule; add one(.|\n)*'{path}'")


NORM: Rows = {"weight": (SCALE, (64,), ONES), "bias": (SHIFT, (64,), ZEROS)}
ACTORS = {
    "norms": ((0, 3, 6), (1, 4)),
    "a norm last but one": ((0, 2, 5), (4,)),
    "flat inputs": ((1, 3, 5), ()),
    "no activations": ((0, 1, 2), ()),
    "one hidden layer": ((0, 2), ()),
    "three hidden layers": ((0, 2, 4, 6), ()),
}


@pytest.mark.parametrize("actor", ACTORS)
def test_a_policy_whose_head_the_indices_do_not_show(actor: str) -> None:
    """Only three layers with an activation between."""
    linear, norms = ACTORS[actor]
    model = {p: r for p, r in perceptrons("actor").items() if p.startswith("critic")}
    for i in linear:
        model |= matrix(f"actor.{i}", 64, 64, 1.0)
    for i in norms:
        model |= {f"actor.{i}.{name}": row for name, row in NORM.items()}
    check_refused("ppo", model, r"has no rule|have no rule|matches no parameter")


def test_an_encoder_with_a_decoder_under_deepnorm() -> None:
    """Its betas are others."""
    model: Rows = {}
    for stack in ("encoder", "decoder"):
        of = f"{stack}.layers.{{0,1}}."
        model[f"{of}self_attn.in_proj_weight"] = (IN_PROJ, (96, 32), None)
        model[f"{of}{{self_attn.out_proj,linear1,linear2}}.weight"] = (LINEAR, (32, 32), None)
    model["decoder.layers.{0,1}.multihead_attn.in_proj_weight"] = (IN_PROJ, (96, 32), None)
    model["decoder.layers.{0,1}.multihead_attn.out_proj.weight"] = (LINEAR, (32, 32), None)
    check_refused("deepnorm", model, r"4 parameters have no rule(.|\n)*multihead_attn")


def test_values_in_one_matrix_with_others_under_deepnorm() -> None:
    """They would start without beta."""
    fused = {"layers.0.self_attn.qkv_proj.weight": (LINEAR, (96, 32), None)}
    rest = {f"layers.0.{name}.weight": (LINEAR, (32, 32), None) for name in ("fc1", "fc2")}
    out = {"layers.0.self_attn.out_proj.weight": (LINEAR, (32, 32), None)}
    check_refused("deepnorm", fused | rest | out, r"qkv_proj")


def test_a_resnet_of_version_2_under_resnet_timm() -> None:
    """The norms of Keras' ResNet50V2 come before the convolutions: none ends a block."""
    first = {p: r for p, r in keras(ONES).items() if "_0_bn" not in p and "_3_bn" not in p}
    shortcut = {"conv2_block1_0_conv.kernel": (CONV, (1, 1, 8, 8), None)}
    check_refused("resnet-timm", first | shortcut, r"rule 1, .* matches no parameter")


def test_what_is_not_a_resnet_under_resnet_torchvision() -> None:
    """An encoder, whose layers and norms all have a law there."""
    model: Rows = {
        "linear1.weight": (LINEAR, (32, 32), None),
        "linear1.bias": (BIAS, (32,), None),
        "dense.kernel": (DENSE, (32, 32), None),
        **{f"norm1.{name}": row for name, row in NORM.items()},
    }
    check_refused("resnet-torchvision", model, r"BatchNorm2d.* matches no parameter")


def test_deit_under_vit_hf() -> None:
    """Its tokens start at 0."""
    token = {"vit.embeddings.distillation_token": VIT["vit.embeddings.cls_token"]}
    check_refused("vit-hf", VIT | token, r"has no rule(.|\n)*distillation_token")
