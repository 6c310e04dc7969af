"""Llama and Mixtral of two blocks, as transformers, keras-hub and flax name them."""

from __future__ import annotations

from tests.core.models.typed.rows import (
    BARE,
    BIAS,
    DENSE,
    HEADS,
    HEADS_OUT,
    LINEAR,
    ONES,
    SCALE,
    TABLE,
    ZEROS,
    Kind,
    Table,
    as_flax,
    normal,
)

# transformers: config.initializer_range.
CONFIG = {"initializer_range": 0.03}
STD = normal(0.03)
BLOCK = "model.layers.{0,1}."
COMMON = {
    "model.embed_tokens.weight": (TABLE, (97, 32), STD),
    f"{BLOCK}self_attn.{{q,k,v,o}}_proj.weight": (LINEAR, (32, 32), STD),
    f"{BLOCK}{{input_layernorm,post_attention_layernorm}}.weight": (SCALE, (32,), ONES),
    "model.norm.weight": (SCALE, (32,), ONES),
    "lm_head.weight": (LINEAR, (97, 32), STD),
}
LLAMA = COMMON | {
    f"{BLOCK}mlp.{{gate,up}}_proj.weight": (LINEAR, (48, 32), STD),
    f"{BLOCK}mlp.down_proj.weight": (LINEAR, (32, 48), STD),
    # Qwen3
    f"{BLOCK}self_attn.{{q,k}}_norm.weight": (SCALE, (32,), ONES),
    # config.attention_bias
    f"{BLOCK}self_attn.{{q,k,v,o}}_proj.bias": (BIAS, (32,), ZEROS),
}
EXPERTS = "MixtralExperts Module"
MIXTRAL = COMMON | {
    f"{BLOCK}mlp.gate.weight": (Kind("MixtralTopKRouter", "kernel", "out in"), (3, 32), STD),
    f"{BLOCK}mlp.experts.gate_up_proj": (
        Kind(EXPERTS, "kernel", "stack (stack=2 out) in"),
        (3, 96, 32),
        STD,
    ),
    f"{BLOCK}mlp.experts.down_proj": (Kind(EXPERTS, "kernel", "stack out in"), (3, 32, 48), STD),
    # Mistral's bias of a linear layer.
    f"{BLOCK}self_attn.q_proj.bias": (BIAS, (32,), ZEROS),
}
BACK = "llama_backbone."
LAYER = f"{BACK}transformer_layer_{{0,1}}."
KERAS = {
    f"{BACK}token_embedding.embeddings": (TABLE, (97, 32), STD),
    f"{BACK}token_embedding.reverse_embeddings": (DENSE, (32, 97), STD),
    f"{LAYER}self_attention.{{query,key,value}}.kernel": (HEADS, (32, 2, 16), STD),
    f"{LAYER}self_attention.attention_output.kernel": (HEADS_OUT, (2, 16, 32), STD),
    f"{LAYER}{{self_attention,feedforward}}_layernorm.scale": (SCALE, (32,), ONES),
    f"{BACK}sequence_output_layernorm.scale": (SCALE, (32,), ONES),
}
DENSES = f"{LAYER}feedforward_{{intermediate,gate,output}}_dense.kernel"
SPARSE = f"{LAYER}mixtral_sparse_moe_block."
OF_EXPERTS = "experts.expert_feedforward_{gate,intermediate,output}_dense"

TABLES = [
    Table("llama-hf", "torch", LLAMA, {}, CONFIG),
    Table("llama-hf", "keras", KERAS | {DENSES: (DENSE, (32, 48), STD)}, {}, CONFIG),
    Table("llama-hf", "flax", as_flax(LLAMA, scale="weight"), {}, CONFIG),
    Table("mixtral-hf", "torch", MIXTRAL, {}, CONFIG),
    Table(
        "mixtral-hf",
        "keras",
        KERAS
        | {
            f"{SPARSE}sparse_feedforward_gate_dense.kernel": (DENSE, (32, 3), STD),
            f"{SPARSE}{OF_EXPERTS}": (BARE, (3, 32, 48), STD),
        },
        {},
        CONFIG,
    ),
]
