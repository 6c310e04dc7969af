"""Recipes of codes that train language models, against models that these codes just built.

rezero and unit-scaling are small and come with the session. The others need much: install them to
run their tests, `pip install` torchtitan==0.3.0, ai2-olmo-core==3.0.0, torchscale==0.3.0 or
megatron-core==0.16.1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from initspec import recipe
from tests.built import check_built

SIZES = {"n_layers": 3, "dim": 64, "n_heads": 4, "attn_backend": "flex"}
ROPE = {"max_seq_len": 64, "theta": 10_000}
MIXTURE = {"num_experts": 4, "moe_hidden_dim": 32, "moe_comm_backend": "standard"}


def values(model: nn.Module) -> dict[str, Any]:
    """Return the parameters by path."""
    return {path: tensor.detach().numpy() for path, tensor in model.named_parameters()}


def check(name: str, build: Callable[[], nn.Module], **numbers: float) -> None:
    """Hold a recipe against builds, every parameter, at 1e-6 for the file."""

    def seeded(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return build()

    check_built(name, seeded, values, **numbers)


def test_rezero() -> None:
    """rezero's encoder layers."""
    layers = pytest.importorskip("rezero.transformer")
    check(
        "rezero",
        lambda: nn.ModuleDict({"layers": nn.ModuleList([layers.RZTXEncoderLayer(64, 4, 128)])}),
    )


def test_u_mup() -> None:
    """unit-scaling's transformer."""
    scaled = pytest.importorskip("unit_scaling")
    check("u-mup", lambda: scaled.TransformerDecoder(64, 128, layers=2, heads=4))


@pytest.mark.parametrize(
    ("recipe", "options"),
    [("deepnorm-torchscale", {"deepnorm": True, "subln": False}), ("subln", {"subln": True})],
)
def test_torchscale(recipe: str, options: dict[str, bool]) -> None:
    """torchscale's encoder."""
    encoder = pytest.importorskip("torchscale.architecture.encoder")
    config = pytest.importorskip("torchscale.architecture.config")
    embedding = pytest.importorskip("torchscale.component.embedding")
    sizes = {"layers": 3, "embed_dim": 64, "ffn_embed_dim": 128, "attention_heads": 4}
    settings = config.EncoderConfig(
        vocab_size=100, **{f"encoder_{name}": size for name, size in sizes.items()}, **options
    )
    check(recipe, lambda: encoder.Encoder(settings, embed_tokens=embedding.TextEmbedding(100, 64)))


def test_llama_olmo() -> None:
    """OLMo-core's Llama, InitMethod.llama."""
    transformer = pytest.importorskip("olmo_core.nn.transformer")
    config = transformer.TransformerConfig.llama_like(
        d_model=64, vocab_size=128, n_layers=3, n_heads=4
    )
    config.init_method = transformer.InitMethod.llama

    def build() -> nn.Module:
        config.init_seed = torch.initial_seed()
        model = config.build(init_device="cpu")
        model.init_weights(device=torch.device("cpu"))
        return model

    check("llama-olmo", build)


def llama(code: ModuleType, common: ModuleType) -> dict[str, Any]:
    """Return the layers of torchtitan's Llama 3."""
    rope = common.ComplexRoPE.Config(dim=16, **ROPE)
    return {"layers": code._build_llama3_layers(hidden_dim=96, rope=rope, **SIZES)}


def qwen3(code: ModuleType, common: ModuleType, experts: bool = False) -> dict[str, Any]:
    """Return the layers of its Qwen 3."""
    rope = common.CosSinRoPE.Config(dim=16, **ROPE)
    sizes = {**SIZES, "n_kv_heads": 2, "head_dim": 16, "rope": rope}
    if experts:
        return {"layers": code._build_qwen3_moe_layers(top_k=2, **MIXTURE, **sizes)}
    return {"layers": code._build_qwen3_layers(hidden_dim=96, **sizes)}


def deepseek(code: ModuleType, common: ModuleType) -> dict[str, Any]:
    """Return the layers of its DeepSeek V3."""
    layers = code._build_dsv3_layers(
        **SIZES,
        **MIXTURE,
        **{"q_lora_rank": 16, "kv_lora_rank": 16, "v_head_dim": 16, "mscale": 1.0},
        **{"qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "n_dense_layers": 1},
        **{"num_shared_experts": 1, "router_top_k": 2, "router_score_func": "sigmoid"},
        dense_hidden_dim=96,
        non_blocking_capacity_factor=None,
        rope=common.ComplexRoPE.Config(dim=8, **ROPE),
    )
    return {"layers": layers}


def gpt_oss(code: ModuleType, common: ModuleType) -> dict[str, Any]:
    """Return the layers of its gpt-oss, whose heads are of 64."""
    layers = code._build_gptoss_layers(
        **{name: SIZES[name] for name in ("n_layers", "dim", "attn_backend")},
        **{"hidden_dim": 32, "num_experts": 4, "top_k": 2, "moe_comm_backend": "standard"},
        load_balance_coeff=1e-3,
        rope=common.CosSinRoPE.Config(dim=64, **ROPE),
    )
    return {"layers": layers}


TITAN: dict[str, tuple[str, str, Callable[..., dict[str, Any]]]] = {
    "llama-torchtitan": ("llama3", "Llama3Model", llama),
    "qwen3-torchtitan": ("qwen3", "Qwen3Model", qwen3),
    "qwen3-moe-torchtitan": ("qwen3", "Qwen3Model", lambda *of: qwen3(*of, experts=True)),
    "deepseek-v3-torchtitan": ("deepseek_v3", "DeepSeekV3Model", deepseek),
    "gpt-oss-torchtitan": ("gpt_oss", "GptOssModel", gpt_oss),
}


@pytest.mark.parametrize("recipe", TITAN)
def test_torchtitan(recipe: str) -> None:
    """torchtitan's models, of the inits that its configurations have."""
    name, kind, layers = TITAN[recipe]
    code = pytest.importorskip(f"torchtitan.models.{name}")
    common = pytest.importorskip("torchtitan.models.common")
    head = getattr(code, "_output_linear_init", lambda _: code._LINEAR_INIT)(64)
    config = getattr(code, kind).Config(
        dim=64,
        vocab_size=128,
        tok_embeddings=common.Embedding.Config(
            num_embeddings=128, embedding_dim=64, param_init=code._EMBEDDING_INIT
        ),
        norm=common.RMSNorm.Config(normalized_shape=64, param_init=code._NORM_INIT),
        lm_head=common.Linear.Config(in_features=64, out_features=128, param_init=head),
        **layers(code, common),
    )

    def build() -> nn.Module:
        model = config.build()
        model.init_states(buffer_device=torch.device("cpu"))
        return model

    check(recipe, build)


def test_megatron(tmp_path: Path) -> None:
    """Megatron's GPT, as one process builds it on a CPU."""
    parallel_state = pytest.importorskip("megatron.core.parallel_state")
    gpt = pytest.importorskip("megatron.core.models.gpt")
    specs = pytest.importorskip("megatron.core.models.gpt.gpt_layer_specs")
    transformer = pytest.importorskip("megatron.core.transformer.transformer_config")
    torch.distributed.init_process_group(
        "gloo", init_method=(tmp_path / "store").as_uri(), rank=0, world_size=1
    )
    parallel_state.initialize_model_parallel()
    config = transformer.TransformerConfig(
        num_layers=3, hidden_size=64, num_attention_heads=4, use_cpu_initialization=True
    )
    sizes = {"vocab_size": 128, "max_sequence_length": 64}
    layer = specs.get_gpt_layer_local_spec()
    try:
        check(
            "megatron",
            lambda: gpt.GPTModel(config, layer, **sizes, share_embeddings_and_output_weights=False),
        )
    finally:
        parallel_state.destroy_model_parallel()
        torch.distributed.destroy_process_group()


EXPERTS = {"num_experts_per_tok": 2, "num_key_value_heads": 4}
HUGGING_FACE: dict[str, tuple[dict[str, int], tuple[str, ...]]] = {
    "Llama": ({}, ("llama-torchtitan", "llama-olmo", "megatron", "neox", "mup", "deepnorm")),
    "GPTNeoX": ({}, ("neox", "small", "megatron", "complete-p", "u-mup")),
    "Bloom": ({}, ("megatron", "neox", "mup", "complete-p")),
    "Qwen3": ({"head_dim": 16}, ("qwen3-torchtitan",)),
    "Qwen3Moe": (
        {"num_experts": 4, "moe_intermediate_size": 32, **EXPERTS},
        ("qwen3-moe-torchtitan",),
    ),
    "DeepseekV3": (
        {"n_routed_experts": 4, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1}
        | {"q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "v_head_dim": 16}
        | EXPERTS,
        ("deepseek-v3-torchtitan",),
    ),
    "GptOss": ({"num_local_experts": 4, "head_dim": 16, **EXPERTS}, ("gpt-oss-torchtitan",)),
}


@pytest.mark.parametrize("name", HUGGING_FACE)
def test_architectures_of_transformers(name: str) -> None:
    """The recipes for them find every parameter of one that is built, by the names of today."""
    transformers = pytest.importorskip("transformers")
    sizes = {"vocab_size": 128, "hidden_size": 64, "intermediate_size": 96}
    more, recipes = HUGGING_FACE[name]
    config = getattr(transformers, f"{name}Config")(
        num_hidden_layers=2, num_attention_heads=4, **sizes, **more
    )
    with torch.device("meta"):
        model = getattr(transformers, f"{name}ForCausalLM")(config)
    for recipe_name in recipes:
        made = recipe(recipe_name)
        used = {name for rule in made.rules for name in getattr(rule.spec, "names", ())}
        numbers = {"width_ratio": 4} if "width_ratio" in used else {}
        assert len(made.on(model, **numbers)) == len(list(model.named_parameters()))
