"""The recipes of transformers and peft against models that were just built."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from initspec import Recipe, Rule
from tests.built import check_built

transformers = pytest.importorskip("transformers")

GPT2 = {
    **{"vocab_size": 128, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64},
    **{"bos_token_id": 1, "eos_token_id": 2, "initializer_range": 0.03},
}
VIT = {
    **{"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
    **{"intermediate_size": 96, "image_size": 16, "patch_size": 8, "initializer_range": 0.03},
}
TEXT = {
    **{"vocab_size": 128, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
    **{"intermediate_size": 96, "max_position_embeddings": 64, "initializer_range": 0.03},
    **{"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2},
}
DISTILBERT = {
    **{"vocab_size": 128, "dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 96},
    **{"max_position_embeddings": 64, "initializer_range": 0.03},
}
LLAMA = {**TEXT, "num_key_value_heads": 2}
T5 = {
    **{"vocab_size": 128, "d_model": 64, "d_kv": 16, "d_ff": 96, "num_layers": 2, "num_heads": 8},
    **{"initializer_factor": 0.7, "decoder_start_token_id": 0},
}
RESNET = {"hidden_sizes": [32, 64], "depths": [1, 1], "embedding_size": 16, "num_labels": 512}
CONVNEXT = {"hidden_sizes": [16, 32, 32, 32], "depths": [1, 2, 1, 1]}
GATED = {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
MAMBA = {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 128, "initializer_range": 0.03}
MAMBA_2 = {**MAMBA, "num_heads": 64, "head_dim": 2, "n_groups": 1, "state_size": 16}
MODELS = {
    "gpt2": ("gpt2-hf", "GPT2LMHeadModel", GPT2),
    "bert": ("bert-hf", "BertForPreTraining", TEXT),
    "bert, not tied": ("bert-hf", "BertForMaskedLM", {**TEXT, "tie_word_embeddings": False}),
    "roberta": ("bert-hf", "RobertaForMaskedLM", TEXT),
    "albert": ("bert-hf", "AlbertForPreTraining", {**TEXT, "embedding_size": 32}),
    "distilbert": ("bert-hf", "DistilBertForMaskedLM", DISTILBERT),
    "qwen3": ("llama-hf", "Qwen3ForCausalLM", {**LLAMA, "head_dim": 16}),
    "llama": ("llama-hf", "LlamaForCausalLM", {**LLAMA, "attention_bias": True}),
    "mixtral": ("mixtral-hf", "MixtralForCausalLM", {**LLAMA, "num_local_experts": 3}),
    "resnet": ("resnet-torchvision", "ResNetForImageClassification", RESNET),
    "convnext": ("convnext", "ConvNextForImageClassification", CONVNEXT),
    "mamba": ("mamba-1-hf", "MambaForCausalLM", MAMBA),
    "mamba 2": ("mamba-2-hf", "Mamba2ForCausalLM", MAMBA_2),
    "vit": ("vit-hf", "ViTForMaskedImageModeling", VIT),
    "t5": ("t5-hf", "T5ForConditionalGeneration", T5),
    "t5, not tied": ("t5-hf", "T5ForConditionalGeneration", GATED),
    "t5, answers": ("t5-hf", "T5ForQuestionAnswering", T5),
    "t5, classes": ("t5-hf", "T5ForSequenceClassification", T5),
    "t5, tokens": ("t5-hf", "T5ForTokenClassification", T5),
}


def build(model: str, config: dict[str, Any], seed: int) -> nn.Module:
    """Return a new model of transformers."""
    kind = getattr(transformers, model)
    torch.manual_seed(seed)
    return kind(kind.config_class(**config))


def values(model: nn.Module) -> dict[str, Any]:
    """Return the parameters by path."""
    return {path: tensor.detach().numpy() for path, tensor in model.named_parameters()}


@pytest.mark.parametrize("name", MODELS)
def test_models_start_as_their_recipe(name: str) -> None:
    """Every parameter, at 1e-6 for the file."""
    recipe, model, config = MODELS[name]
    check_built(recipe, lambda seed: build(model, config, seed), values)


def adapted(init: bool | str, seed: int) -> nn.Module:
    """Return layers of each kind with adapters of rank 4."""
    peft = pytest.importorskip("peft")
    torch.manual_seed(seed)
    layers = {
        "linear": nn.Linear(64, 48),
        "conv1": nn.Conv1d(64, 8, 3),
        "conv2": nn.Conv2d(32, 8, 3),
        "conv3": nn.Conv3d(16, 8, 3),
        "table": nn.Embedding(128, 64),
    }
    config = peft.LoraConfig(r=4, target_modules=[*layers], init_lora_weights=init)
    return peft.get_peft_model(nn.ModuleDict(layers), config).base_model.model


@pytest.mark.parametrize(("recipe", "init"), [("lora", True), ("lora-gaussian", "gaussian")])
def test_adapters_start_as_their_recipe(recipe: str, init: bool | str) -> None:
    """What peft draws; the adapted model is kept."""
    check_built(recipe, lambda seed: adapted(init, seed), values)


def test_a_std_that_is_a_tenth_off_is_seen() -> None:
    """Of the smallest parameter, which one build is too small for."""
    recipe, model, config = MODELS["vit"]
    wrong = Recipe([Rule("normal(std=0.03 / 0.9)", "**.cls_token")]) + recipe
    with pytest.raises(AssertionError, match=r"cls_token.*variance"):
        check_built(wrong, lambda seed: build(model, config, seed), values)
