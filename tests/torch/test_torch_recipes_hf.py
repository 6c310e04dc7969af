"""The recipes of transformers and nanoGPT against models that were just built."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.built import check_built

transformers = pytest.importorskip("transformers")

GPT2 = {
    **{"vocab_size": 128, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64},
    **{"bos_token_id": 1, "eos_token_id": 2, "initializer_range": 0.03},
}
MODELS = {
    "gpt2-hf": ("GPT2LMHeadModel", GPT2),
}


def build(model: str, config: dict[str, Any], seed: int) -> torch.nn.Module:
    """Return a new model of transformers."""
    kind = getattr(transformers, model)
    torch.manual_seed(seed)
    return kind(kind.config_class(**config))


def values(model: torch.nn.Module) -> dict[str, Any]:
    """Return the parameters by path."""
    return {path: tensor.detach().numpy() for path, tensor in model.named_parameters()}


@pytest.mark.parametrize("name", MODELS)
def test_models_start_as_their_recipe(name: str) -> None:
    """Every parameter, at 1e-6 for the file."""
    model, config = MODELS[name]
    check_built(name, lambda seed: build(model, config, seed), values)


def test_a_wrong_recipe_is_seen() -> None:
    """Without the residual scaling: the recipe of the versions between."""
    with pytest.raises(AssertionError, match="c_proj"):
        check_built("gpt2-hf-5.0", lambda seed: build(*MODELS["gpt2-hf"], seed), values)
