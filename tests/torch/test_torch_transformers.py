"""Models of Hugging Face transformers and peft, built small: assigned in whole, drawn and run."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from initspec import InitSpec, InitSpecWarning
from initspec.backend import read_layers
from initspec.errors import RecipeError
from initspec.models.initialize import initialize
from initspec.models.owner import parameters
from initspec.models.recipe import Recipe, recipe
from initspec.models.rule import Rule

transformers = pytest.importorskip("transformers")

SMALL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
TABLE = "normal(std=0.02)"


class Case(NamedTuple):
    """A model, what its recipe lacks, and which of its weights are one."""

    model: str
    config: dict[str, Any]
    rules: tuple[Rule, ...] = ()
    ties: tuple[str, ...] = ()
    base: str = "he"
    inputs: tuple[str, ...] = ("input_ids",)


CASES = {
    "gpt2": Case(
        "GPT2LMHeadModel",
        {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 16,
         "bos_token_id": 1, "eos_token_id": 2},
        ties=("transformer.wte.weight", "lm_head.weight"),
        base="gpt2-nanogpt",
    ),
    "bert": Case(
        "BertForMaskedLM",
        SMALL,
        (Rule(TABLE, "bert.embeddings.word_embeddings.weight"),),
        ("bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"),
    ),
    "t5": Case(
        "T5ForConditionalGeneration",
        {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4},
        (Rule("normal(std=1)", "shared.weight"),),
        ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
         "lm_head.weight"),
        inputs=("input_ids", "decoder_input_ids"),
    ),
    "llama": Case("LlamaForCausalLM", SMALL | {"num_key_value_heads": 2}),
    "vit": Case(
        "ViTForImageClassification",
        {k: v for k, v in SMALL.items() if "token" not in k} | {"image_size": 16, "patch_size": 8},
        (Rule(TABLE, "vit.embeddings.{cls_token,position_embeddings}"),),
        inputs=("pixel_values",),
    ),
    "whisper": Case(
        "WhisperForConditionalGeneration",
        {"vocab_size": 64, "num_mel_bins": 8, "d_model": 32, "encoder_layers": 2,
         "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
         "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_source_positions": 16,
         "max_target_positions": 16, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
         "decoder_start_token_id": 1},
        (Rule("keep", "model.encoder.embed_positions.weight"),
         Rule(TABLE, "model.decoder.embed_tokens.weight")),
        ("model.decoder.embed_tokens.weight", "proj_out.weight"),
        inputs=("input_features", "decoder_input_ids"),
    ),
    "mixtral": Case(
        "MixtralForCausalLM",
        SMALL | {"num_key_value_heads": 2, "num_local_experts": 3},
    ),
    "gemma": Case(
        "GemmaForCausalLM",
        SMALL | {"num_key_value_heads": 2, "head_dim": 8},
        (Rule("zeros", role="scale"), Rule(TABLE, "model.embed_tokens.weight")),
        ("model.embed_tokens.weight", "lm_head.weight"),
    ),
    "mamba": Case(
        "MambaForCausalLM",
        {"vocab_size": 64, "hidden_size": 32, "state_size": 4, "num_hidden_layers": 2},
        (Rule("keep", "**.mixer.**"), Rule(TABLE, "backbone.embeddings.weight")),
        ("backbone.embeddings.weight", "lm_head.weight"),
    ),
    "rwkv": Case(
        "RwkvForCausalLM",
        {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "context_length": 16,
         "attention_hidden_size": 32},
        (Rule("keep", "**.{attention,feed_forward}.**"),),
    ),
}  # fmt: skip
INPUTS = {
    "input_ids": torch.tensor([[5, 6, 7, 8]]),
    "decoder_input_ids": torch.tensor([[1, 5, 6]]),
    "pixel_values": torch.ones(1, 3, 16, 16),
    "input_features": torch.ones(1, 8, 32),
}


def build(case: Case, device: str = "cpu") -> torch.nn.Module:
    kind = getattr(transformers, case.model)
    with torch.device(device):
        return kind(kind.config_class(**case.config)).eval()


def recipe_of(case: Case) -> Recipe:
    return Recipe(case.rules) + recipe(case.base) if case.rules else recipe(case.base)


@pytest.mark.parametrize("name", CASES)
def test_a_model_is_assigned_in_whole_and_runs(name: str) -> None:
    """Every weight that is not kept is drawn once, ties hold, and the output is finite."""
    case = CASES[name]
    model = build(case)
    assigned = recipe_of(case).on(model)
    groups = [{assignment.path, *assignment.tied} for assignment in assigned]
    assert not case.ties or set(case.ties) in groups
    kept = {assignment.path for assignment in assigned if assignment.spec is None}
    before = {path: tensor.clone() for path, tensor in model.named_parameters() if path in kept}
    with torch.no_grad():
        for path, tensor in model.named_parameters():
            if path not in kept:
                tensor.fill_(torch.nan)
    initialize(model, recipe_of(case), 7)
    held = dict(model.named_parameters(remove_duplicate=False))
    assert {path for assignment in assigned for path in (assignment.path, *assignment.tied)} == set(
        held
    )
    assert not any(bool(tensor.isnan().any()) for tensor in held.values())
    assert all(torch.equal(held[path], tensor) for path, tensor in before.items())
    assert len({id(held[path]) for path in case.ties}) <= 1
    outputs = model(**{key: INPUTS[key] for key in case.inputs})
    assert bool(outputs.logits.isfinite().all())
    assert float(outputs.logits.detach().std()) > 0


@pytest.mark.parametrize("name", CASES)
def test_compiled_and_meta_models_start_equal(name: str) -> None:
    """The weights of the plain model, whatever it is wrapped in or built on."""
    case = CASES[name]
    plain = dict(initialize(build(case), recipe_of(case), 7).named_parameters())
    compiled = initialize(torch.compile(build(case)), recipe_of(case), 7)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "still on the meta device", InitSpecWarning)
        meta = initialize(build(case, "meta"), recipe_of(case), 7, device="cpu")
    drawn = {assignment.path for assignment in recipe_of(case).on(meta) if assignment.spec}
    for path in drawn:
        assert torch.equal(plain[path], compiled.get_parameter(f"_orig_mod.{path}")), path
        assert torch.equal(plain[path], meta.get_parameter(path)), path
    ties = [meta.get_parameter(path) for path in case.ties]
    assert all(tensor is ties[0] for tensor in ties)


@pytest.mark.parametrize(("name", "rules"), [(n, c.rules) for n, c in CASES.items() if c.rules])
def test_a_recipe_alone_is_an_error_or_a_warning(name: str, rules: tuple[Rule, ...]) -> None:
    """What the rules above settle is reported, and no weight is touched."""
    case = CASES[name]
    model = build(case)
    before = {path: tensor.clone() for path, tensor in model.named_parameters()}
    with pytest.raises(RecipeError, match="Rule"):
        initialize(model, case.base, 7)
    assert all(torch.equal(before[path], tensor) for path, tensor in model.named_parameters())


def test_scales_of_gemma() -> None:
    """Its norms add 1: ones over them are a warning."""
    case = CASES["gemma"]
    with pytest.warns(InitSpecWarning, match="at 0"):
        initialize(build(case), Recipe(case.rules[1:]) + recipe("he"), 7)


def test_a_frozen_table_is_recommended_to_be_kept() -> None:
    """Whisper's sinusoids are no random numbers."""
    case = CASES["whisper"]
    with pytest.raises(RecipeError, match=r"frozen: Rule\('keep', 'model.encoder.embed_pos"):
        initialize(build(case), Recipe(case.rules[1:]) + recipe("he"), 7)


def test_depth_of_gpt2() -> None:
    """What is added to the residual stream is divided by the root of twice the depth."""
    assigned = recipe("gpt2-nanogpt").on(build(CASES["gpt2"]))
    assert assigned["transformer.h.1.mlp.c_proj.weight"].std == pytest.approx(0.01)
    assert assigned["transformer.h.1.mlp.c_fc.weight"].std == pytest.approx(0.02)


def test_experts_have_the_fans_of_one() -> None:
    """A member of a stack of experts is a matrix of its own."""
    case = CASES["mixtral"]
    assigned = recipe_of(case).on(build(case))
    assert tuple(assigned["model.layers.0.mlp.experts.gate_up_proj"].fans) == (32, 48)
    assert tuple(assigned["model.layers.1.mlp.experts.down_proj"].fans) == (48, 32)


def adapted() -> torch.nn.Module:
    """Return a model with LoRA around each kind of layer that peft adapts."""
    peft = pytest.importorskip("peft")
    model = torch.nn.ModuleDict({
        "linear": torch.nn.Linear(6, 9), "conv": torch.nn.Conv2d(4, 6, 3),
        "table": torch.nn.Embedding(12, 8), "last": torch.nn.Linear(3, 2),
    })  # fmt: skip
    config = peft.LoraConfig(r=2, target_modules=["linear", "conv", "table"])
    return peft.get_peft_model(model, config).base_model.model


def test_adapters_of_peft() -> None:
    """Each has a role and true axes; what is adapted is frozen, and settled by its path alone."""
    model = adapted()
    rows = {p.path: (p.role, str(p.axes), p.frozen) for p in parameters(model)}
    assert {path: row for path, row in rows.items() if "lora" in path} == {
        "linear.lora_A.default.weight": ("kernel", "out in", False),
        "linear.lora_B.default.weight": ("kernel", "out in", False),
        "conv.lora_A.default.weight": ("kernel", "out in kernel...", False),
        "conv.lora_B.default.weight": ("kernel", "out in kernel...", False),
        "table.lora_embedding_A.default": ("embedding", "out stack", False),
        "table.lora_embedding_B.default": ("kernel", "out in", False),
    }
    assert rows["linear.base_layer.weight"] == ("kernel", "out in", True)
    rules = [Rule("keep", "**.base_layer.*"), Rule("keep", "last.*")]
    held = {path: tensor.detach().clone() for path, tensor in model.named_parameters()}
    initialize(model, Recipe(rules) + recipe("he"), 7)
    for path, tensor in model.named_parameters():
        assert torch.equal(tensor, held[path]) == (
            any(part in path for part in ("base_layer", "last.", "lora_B", "lora_embedding_A"))
        ), path
    expected = InitSpec.he_normal().to_numpy(seed=7, name="linear.lora_A.default.weight")((2, 6))
    np.testing.assert_array_equal(model["linear"].lora_A.default.weight.detach(), expected)


def test_adapters_start_as_the_table_says() -> None:
    """The rows of an adapted embedding are those that peft starts it with."""
    layer = adapted()["table"]
    row = read_layers("initspec_torch").find(type(layer).__mro__)
    assert row.find("lora_embedding_A.default").default == "zeros"
    assert not layer.lora_embedding_A["default"].any()
    assert row.find("lora_embedding_B.default").default == "normal(std=1.0)"
    assert 0.4 < float(layer.lora_embedding_B["default"].detach().std()) < 2
