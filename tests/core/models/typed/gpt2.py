"""GPT-2 of two blocks, as OpenAI, nanoGPT, transformers, keras-hub and flax name it."""

from __future__ import annotations

import math
from typing import Any

from tests.core.models.typed.lora import adapters
from tests.core.models.typed.rows import (
    BARE,
    BIAS,
    DENSE,
    HEADS,
    HEADS_BIAS,
    HEADS_OUT,
    LINEAR,
    ONES,
    SCALE,
    SHIFT,
    TABLE,
    ZEROS,
    Kind,
    Law,
    Table,
    normal,
)

Rows = dict[str, tuple[Any, ...]]
POSITIONS = Kind("PositionEmbedding Layer")
RESIDUAL = 0.02 / math.sqrt(2 * 2)


def torch(matrix: Kind, std: float, wpe: Law, residual: float, of: str = "transformer.") -> Rows:
    """Return the rows of the names of nanoGPT and transformers."""
    return {
        f"{of}wte.weight": (TABLE, (97, 32), normal(std)),
        f"{of}wpe.weight": (TABLE, (16, 32), wpe),
        f"{of}h.{{0,1}}.{{ln_1,ln_2}}.weight": (SCALE, (32,), ONES),
        f"{of}h.{{0,1}}.{{ln_1,ln_2}}.bias": (SHIFT, (32,), ZEROS),
        f"{of}h.{{0,1}}.attn.c_attn.weight": (matrix, (32, 96), normal(std)),
        f"{of}h.{{0,1}}.attn.c_proj.weight": (matrix, (32, 32), normal(residual)),
        f"{of}h.{{0,1}}.mlp.c_fc.weight": (matrix, (32, 128), normal(std)),
        f"{of}h.{{0,1}}.mlp.c_proj.weight": (matrix, (128, 32), normal(residual)),
        f"{of}h.{{0,1}}.{{attn.c_attn,attn.c_proj,mlp.c_fc,mlp.c_proj}}.bias": (BIAS, (9,), ZEROS),
        f"{of}ln_f.weight": (SCALE, (32,), ONES),
        f"{of}ln_f.bias": (SHIFT, (32,), ZEROS),
    }


TIED = {"transformer.wte.weight": {"lm_head.weight": LINEAR}}


def keras(std: float, wpe: Law, residual: float) -> Rows:
    """Return the rows of `GPT2CausalLM` of keras-hub."""
    back = "gpt2_backbone."
    block = f"{back}transformer_layer_{{0,1}}."
    return {
        f"{back}token_embedding.embeddings": (TABLE, (97, 32), normal(std)),
        f"{back}position_embedding.embeddings": (POSITIONS, (16, 32), wpe),
        f"{block}self_attention.{{query,key,value}}.kernel": (HEADS, (32, 2, 16), normal(std)),
        f"{block}self_attention.{{query,key,value}}.bias": (HEADS_BIAS, (2, 16), ZEROS),
        f"{block}self_attention.attention_output.kernel": (
            HEADS_OUT,
            (2, 16, 32),
            normal(residual),
        ),
        f"{block}self_attention.attention_output.bias": (BIAS, (32,), ZEROS),
        f"{block}feedforward_intermediate_dense.kernel": (DENSE, (32, 48), normal(std)),
        f"{block}feedforward_output_dense.kernel": (DENSE, (48, 32), normal(residual)),
        f"{block}feedforward_{{intermediate,output}}_dense.bias": (BIAS, (9,), ZEROS),
        f"{block}{{self_attention,feedforward}}_layer_norm.gamma": (SCALE, (32,), ONES),
        f"{block}{{self_attention,feedforward}}_layer_norm.beta": (SHIFT, (32,), ZEROS),
        f"{back}layer_norm.gamma": (SCALE, (32,), ONES),
        f"{back}layer_norm.beta": (SHIFT, (32,), ZEROS),
    }


def flax(std: float, wpe: Law, residual: float) -> Rows:
    """Return the rows of `FlaxGPT2LMHeadModel` of transformers 4."""
    block = "transformer.h.{0,1}."
    return {
        "transformer.wte.embedding": (TABLE, (97, 32), normal(std)),
        "transformer.wpe.embedding": (TABLE, (16, 32), wpe),
        f"{block}{{ln_1,ln_2}}.scale": (SCALE, (32,), ONES),
        f"{block}{{ln_1,ln_2}}.bias": (SHIFT, (32,), ZEROS),
        f"{block}attn.c_attn.kernel": (DENSE, (32, 96), normal(std)),
        f"{block}attn.c_proj.kernel": (DENSE, (32, 32), normal(residual)),
        f"{block}mlp.c_fc.kernel": (DENSE, (32, 128), normal(std)),
        f"{block}mlp.c_proj.kernel": (DENSE, (128, 32), normal(residual)),
        f"{block}{{attn.c_attn,attn.c_proj,mlp.c_fc,mlp.c_proj}}.bias": (BIAS, (9,), ZEROS),
        "transformer.ln_f.scale": (SCALE, (32,), ONES),
        "transformer.ln_f.bias": (SHIFT, (32,), ZEROS),
    }


# openai/gpt-2, src/model.py: the variables of its scope "model".
OPENAI = {
    "wte": (BARE, (97, 32), normal(0.02)),
    "wpe": (BARE, (16, 32), normal(0.01)),
    "h{0,1}.{ln_1,ln_2}.g": (BARE, (32,), ONES),
    "h{0,1}.{ln_1,ln_2}.b": (BIAS, (32,), ZEROS),
    "h{0,1}.{attn.c_attn,attn.c_proj,mlp.c_fc,mlp.c_proj}.w": (
        Kind("", "kernel", "kernel in out"),
        (1, 32, 96),
        normal(0.02),
    ),
    "h{0,1}.{attn.c_attn,attn.c_proj,mlp.c_fc,mlp.c_proj}.b": (BIAS, (96,), ZEROS),
    "ln_f.g": (BARE, (32,), ONES),
    "ln_f.b": (BIAS, (32,), ZEROS),
}
WPE = normal(0.01)
OF_OPENAI = [
    Table("gpt2-openai", "tensorflow", OPENAI),
    Table("gpt2-openai", "torch", torch(DENSE, 0.02, WPE, 0.02), TIED),
    Table("gpt2-openai", "keras", keras(0.02, WPE, 0.02)),
    Table("gpt2-openai", "flax", flax(0.02, WPE, 0.02)),
]

NANO = (0.02, normal(0.02), RESIDUAL)
OF_NANOGPT = [
    Table("gpt2-nanogpt", "torch", torch(LINEAR, *NANO), TIED),
    Table("gpt2-nanogpt", "keras", keras(*NANO)),
    Table("gpt2-nanogpt", "flax", flax(*NANO)),
    Table("gpt2-nanogpt", "adapters", flax(*NANO) | adapters(normal(0.02), normal(0.02))),
]

# transformers: config.initializer_range.
CONFIG = {"initializer_range": 0.03}
HF = (0.03, normal(0.03), 0.03 / math.sqrt(2 * 2))
HF_5_0 = (0.03, normal(0.03), 0.03)
OF_HF = [
    Table(name, form, rows, ties, CONFIG)
    for name, numbers in (("gpt2-hf", HF), ("gpt2-hf-5.0", HF_5_0))
    for form, rows, ties in (
        ("torch", torch(DENSE, *numbers), TIED),
        ("keras", keras(*numbers), {}),
        ("flax", flax(*numbers), {}),
    )
]

TABLES = [*OF_OPENAI, *OF_NANOGPT, *OF_HF]
