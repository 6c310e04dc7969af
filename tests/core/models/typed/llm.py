"""Codes that pre-train language models, and parametrizations of these: two blocks of width 32.

A form has the paths of an architecture as one code names them, by what they are: `inner` reads the
residual stream, `up` is the linear half of a gated layer, `out` adds to the stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tests.core.models.typed.rows import (
    BARE,
    BIAS,
    DENSE,
    LINEAR,
    ONES,
    SCALE,
    SHIFT,
    TABLE,
    ZEROS,
    Kind,
    Law,
    Table,
    cut,
    normal,
)

Rows = dict[str, tuple[Any, ...]]
Form = Mapping[str, tuple[str, ...]]
ByIndex = Callable[[int], Law]

BLOCKS = (0, 1)
WIDTH, VOCABULARY = 32, 97
REVERSE = Kind("ReversibleEmbedding Layer", "kernel", "in out")

TITAN: Form = {
    "table": ("tok_embeddings.weight",),
    "head": ("lm_head.weight",),
    "inner": (
        "layers.{}.attention.qkv_linear.wqkv.weight",
        "layers.{}.feed_forward.w1.weight",
    ),
    "up": ("layers.{}.feed_forward.w3.weight",),
    "out": ("layers.{}.attention.wo.weight", "layers.{}.feed_forward.w2.weight"),
    "bias": ("layers.{}.attention.wo.bias",),
    "scale": ("layers.{}.attention_norm.weight", "norm.weight"),
}
OLDER_TITAN = {**TITAN, "head": ("output.weight",)}
OLMO: Form = {
    "table": ("embeddings.weight",),
    "head": ("lm_head.w_out.weight",),
    "inner": ("blocks.{}.attention.w_{q,k,v}.weight", "blocks.{}.feed_forward.w1.weight"),
    "up": ("blocks.{}.feed_forward.w3.weight",),
    "out": ("blocks.{}.attention.w_out.weight", "blocks.{}.feed_forward.w2.weight"),
    "bias": ("blocks.{}.attention.w_out.bias",),
    "scale": ("blocks.{}.attention_norm.weight", "lm_head.norm.weight"),
}
LLAMA: Form = {
    "table": ("model.embed_tokens.weight",),
    "head": ("lm_head.weight",),
    "inner": (
        "model.layers.{}.self_attn.{q,k,v}_proj.weight",
        "model.layers.{}.mlp.gate_proj.weight",
    ),
    "up": ("model.layers.{}.mlp.up_proj.weight",),
    "out": ("model.layers.{}.self_attn.o_proj.weight", "model.layers.{}.mlp.down_proj.weight"),
    "bias": ("model.layers.{}.self_attn.q_proj.bias",),
    "scale": ("model.layers.{}.input_layernorm.weight", "model.norm.weight"),
}
FLAX_LLAMA: Form = {
    "table": ("model.embed_tokens.embedding",),
    **{
        name: tuple(path.replace("weight", "kernel") for path in LLAMA[name])
        for name in ("head", "inner", "up", "out")
    },
    "bias": LLAMA["bias"],
    "scale": LLAMA["scale"],
}
KERAS_LLAMA: Form = {
    "table": ("token_embedding.embeddings",),
    "reverse": ("token_embedding.reverse_embeddings",),
    "inner": (
        "transformer_layer_{}.self_attention.{query,key,value}.kernel",
        "transformer_layer_{}.feedforward_gate_dense.kernel",
    ),
    "up": ("transformer_layer_{}.feedforward_intermediate_dense.kernel",),
    "out": (
        "transformer_layer_{}.self_attention.attention_output.kernel",
        "transformer_layer_{}.feedforward_output_dense.kernel",
    ),
    "bias": ("transformer_layer_{}.feedforward_output_dense.bias",),
    "scale": ("transformer_layer_{}.self_attention_layernorm.scale",),
}
GPT2: Form = {
    "table": ("transformer.wte.weight", "transformer.wpe.weight"),
    "inner": ("transformer.h.{}.attn.c_attn.weight", "transformer.h.{}.mlp.c_fc.weight"),
    "out": ("transformer.h.{}.attn.c_proj.weight", "transformer.h.{}.mlp.c_proj.weight"),
    "bias": ("transformer.h.{}.attn.c_proj.bias",),
    "scale": ("transformer.h.{}.ln_1.weight", "transformer.ln_f.weight"),
    "shift": ("transformer.h.{}.ln_1.bias", "transformer.ln_f.bias"),
}
FLAX_GPT2: Form = {
    **GPT2,
    **{n: tuple(p.replace("weight", "kernel") for p in GPT2[n]) for n in ("inner", "out")},
}
NEOX: Form = {
    "table": ("gpt_neox.embed_in.weight",),
    "head": ("embed_out.weight",),
    "inner": (
        "gpt_neox.layers.{}.attention.query_key_value.weight",
        "gpt_neox.layers.{}.mlp.dense_h_to_4h.weight",
    ),
    "out": (
        "gpt_neox.layers.{}.attention.dense.weight",
        "gpt_neox.layers.{}.mlp.dense_4h_to_h.weight",
    ),
    "bias": ("gpt_neox.layers.{}.attention.dense.bias",),
    "scale": ("gpt_neox.layers.{}.input_layernorm.weight",),
    "shift": ("gpt_neox.layers.{}.input_layernorm.bias",),
}
BLOOM: Form = {
    "table": ("transformer.word_embeddings.weight",),
    "inner": (
        "transformer.h.{}.self_attention.query_key_value.weight",
        "transformer.h.{}.mlp.dense_h_to_4h.weight",
    ),
    "out": (
        "transformer.h.{}.self_attention.dense.weight",
        "transformer.h.{}.mlp.dense_4h_to_h.weight",
    ),
    "bias": ("transformer.h.{}.self_attention.dense.bias",),
    "scale": ("transformer.h.{}.input_layernorm.weight", "transformer.ln_f.weight"),
    "shift": ("transformer.h.{}.input_layernorm.bias", "transformer.ln_f.bias"),
}
EXPERTS: Form = {
    **LLAMA,
    "inner": (
        *LLAMA["inner"],
        "model.layers.{}.mlp.experts.gate_up_proj",
        "model.layers.{}.mlp.gate.weight",
    ),
    "out": (
        "model.layers.{}.self_attn.o_proj.weight",
        "model.layers.{}.mlp.experts.down_proj",
        "model.layers.{}.mlp.shared_experts.down_proj.weight",
    ),
}
KERAS_ENCODER: Form = {
    "table": ("token_embedding.embeddings",),
    "bare_table": ("position_embedding.embeddings",),
    "inner": (
        "transformer_layer_{}.self_attention_layer.{query,key,value}.kernel",
        "transformer_layer_{}.feedforward_intermediate_dense.kernel",
    ),
    "out": (
        "transformer_layer_{}.self_attention_layer.attention_output.kernel",
        "transformer_layer_{}.feedforward_output_dense.kernel",
    ),
    "bias": ("transformer_layer_{}.feedforward_output_dense.bias",),
    "scale": ("transformer_layer_{}.self_attention_layer_norm.gamma",),
    "shift": ("transformer_layer_{}.self_attention_layer_norm.beta",),
}
MEGATRON: Form = {
    "bare_table": (
        "embedding.word_embeddings.weight",
        "embedding.position_embeddings.weight",
        "output_layer.weight",
    ),
    "bare_inner": (
        "decoder.layers.{}.self_attention.linear_qkv.weight",
        "decoder.layers.{}.mlp.linear_fc1.weight",
        "decoder.layers.{}.mlp.router.weight",
    ),
    "bare_out": (
        "decoder.layers.{}.self_attention.linear_proj.weight",
        "decoder.layers.{}.mlp.linear_fc2.weight",
    ),
    "bare_zeros": (
        "decoder.layers.{}.self_attention.linear_{qkv,proj}.bias",
        "decoder.layers.{}.self_attention.linear_qkv.layer_norm_bias",
        "decoder.layers.{}.mlp.linear_{fc1,fc2}.bias",
        "decoder.layers.{}.mlp.linear_fc1.layer_norm_bias",
    ),
    "bare_ones": (
        "decoder.layers.{}.self_attention.linear_qkv.layer_norm_weight",
        "decoder.layers.{}.mlp.linear_fc1.layer_norm_weight",
    ),
    "scale": ("decoder.final_layernorm.weight",),
    "shift": ("decoder.final_layernorm.bias",),
}


def rows(
    form: Form,
    table: Law,
    inner: Law | ByIndex,
    out: Law | ByIndex,
    *,
    up: Law | ByIndex | None = None,
    head: Law | None = None,
) -> Rows:
    """Return the rows of a form."""
    laws: dict[str, Law | ByIndex] = {
        "table": table,
        "head": head or inner,
        "reverse": head or inner,
        "inner": inner,
        "up": up or inner,
        "out": out,
        "bias": ZEROS,
        "scale": ONES,
        "shift": ZEROS,
        "zeros": ZEROS,
        "ones": ONES,
    }
    made: Rows = {}
    for name, paths in form.items():
        bare, _, what = name.rpartition("_")
        law = laws[what]
        for path in paths:
            for i in BLOCKS if "{}" in path else (0,):
                kind, shape = kind_of(what, path)
                this = law if isinstance(law, Law) else law(i)
                made[path.replace("{}", str(i))] = (BARE if bare else kind, shape, this)
    return made


def kind_of(what: str, path: str) -> tuple[Kind, tuple[int, ...]]:
    """Return the kind and the shape of a parameter."""
    kinds = {"table": TABLE, "reverse": REVERSE, "bias": BIAS, "scale": SCALE, "shift": SHIFT}
    if what == "table":
        return TABLE, (VOCABULARY, WIDTH)
    if what == "reverse":
        return REVERSE, (WIDTH, VOCABULARY)
    if what in kinds or what in ("zeros", "ones"):
        return kinds.get(what, BARE), (WIDTH,)
    ends = (WIDTH, VOCABULARY if what == "head" else 48)
    return (DENSE, ends) if path.endswith("kernel") else (LINEAR, ends[::-1])


BY_INDEX = {0: normal(0.02 / math.sqrt(2)), 1: normal(0.02 / math.sqrt(4))}.__getitem__
"""torchtitan's depth_scaled_std: 0.02 / sqrt(2 * (layer_id + 1))."""

TIED = {"model.embed_tokens.weight": {"lm_head.weight": LINEAR}}
UNTIED = {name: paths for name, paths in LLAMA.items() if name != "head"}


def of_torchtitan() -> list[Table]:
    """torchtitan 0.3.0, torchtitan/models/{llama3,qwen3}/__init__.py.

    https://github.com/pytorch/torchtitan/blob/v0.3.0/torchtitan/models/llama3/__init__.py#L45
    """
    head = cut(WIDTH**-0.5, 3 * WIDTH**-0.5)
    out = BY_INDEX
    llama = {"up": out, "head": head}
    one, small = normal(1.0), normal(0.02)
    tables = [
        Table("llama-torchtitan", "torch", rows(form, one, small, out, **llama))
        for form in (TITAN, OLDER_TITAN, LLAMA, FLAX_LLAMA, KERAS_LLAMA)
    ]
    tied = rows(UNTIED, head, small, out, **llama)
    tables += [
        Table("llama-torchtitan", "tied", tied, TIED),
        Table("qwen3-torchtitan", "torch", rows(TITAN, small, small, small)),
    ]
    return tables


def of_olmo() -> list[Table]:
    """OLMo-core 3.0.0: every matrix cut at 3 sigma, which stays that before the cut.

    https://github.com/allenai/OLMo-core/blob/v3.0.0/src/olmo_core/nn/transformer/init.py#L30
    """
    out, inner = 0.02 / math.sqrt(2 * len(BLOCKS)), 0.02
    head = WIDTH**-0.5
    laws = (normal(1.0), cut(inner, 3 * inner), cut(out, 3 * out))
    more = {"up": laws[2], "head": cut(head, 3 * head)}
    forms = (OLMO, LLAMA, FLAX_LLAMA, KERAS_LLAMA)
    tied = rows(UNTIED, more["head"], *laws[1:], **more)
    return [
        *(Table("llama-olmo", "torch", rows(form, *laws, **more)) for form in forms),
        Table("llama-olmo", "tied", tied, TIED),
    ]


DECODERS = (
    *(LLAMA, FLAX_LLAMA, KERAS_LLAMA, GPT2, FLAX_GPT2, NEOX, BLOOM, EXPERTS, KERAS_ENCODER),
)
HEADS: tuple[Form, ...] = (
    {**LLAMA, "head": ("{lm_head,output,head,score,classifier}.weight",)},
    {**FLAX_LLAMA, "head": ("{lm_head,output,head,score,classifier}.kernel",)},
    {n: tuple(p.replace("layers.", "blocks.") for p in paths) for n, paths in LLAMA.items()},
)
SIZE = {"hidden_size": WIDTH}


def of_megatron() -> list[Table]:
    """megatron-core 0.16.1: scaled_init_method_normal, the std of which is 0.02.

    https://github.com/NVIDIA/Megatron-LM/blob/core_v0.16.1/megatron/core/utils.py#L808
    """
    laws = (normal(0.02), normal(0.02), normal(0.02 / math.sqrt(2 * 2)))
    forms = (MEGATRON, *DECODERS)
    return [Table("megatron", "any", rows(form, *laws)) for form in forms]


def of_neox() -> list[Table]:
    """GPT-NeoX ea7aefd: small_init_init_method and wang_init_method.

    https://github.com/EleutherAI/gpt-neox/blob/ea7aefd/megatron/model/init_functions.py#L143
    """
    small = normal(math.sqrt(2 / (5 * WIDTH)))
    wang = normal(2 / 2 / math.sqrt(WIDTH))
    return [
        *(
            Table("small", "any", rows(form, small, small, small), config=SIZE)
            for form in (NEOX, KERAS_ENCODER)
        ),
        *(Table("neox", "any", rows(f, small, small, wang), config=SIZE) for f in DECODERS),
    ]


def of_mup() -> list[Table]:
    """nanoGPT-mup b2a5e60, and its branch completep, 6f8bc3b; unit-scaling 0.3.5.

    https://github.com/EleutherAI/nanoGPT-mup/blob/b2a5e60/model.py#L157
    https://github.com/EleutherAI/nanoGPT-mup/blob/6f8bc3b/model.py#L165
    https://github.com/graphcore-research/unit-scaling/blob/v0.3.5/unit_scaling/_modules.py#L128
    """
    ratio = 4
    table, inner = normal(0.02), normal(0.02 / math.sqrt(ratio))
    out = normal(0.02 / math.sqrt(2 * 2 * ratio))
    one = normal(1.0)
    numbers = {"width_ratio": ratio}
    tied = {"transformer.wte.weight": {"lm_head.weight": LINEAR}}
    mup = rows(GPT2, table, inner, out)
    complete = rows(GPT2, table, inner, inner)
    return [
        *(
            Table("mup", "any", rows(f, table, inner, out, head=table), numbers=numbers)
            for f in (*DECODERS, *HEADS)
        ),
        Table("mup", "tied", mup, tied, numbers=numbers),
        *(
            Table("complete-p", "any", rows(f, table, inner, inner, head=table), numbers=numbers)
            for f in (*DECODERS, *HEADS)
        ),
        Table("complete-p", "tied", complete, tied, numbers=numbers),
        *(Table("u-mup", "any", rows(form, one, one, one)) for form in (NEOX, KERAS_ENCODER)),
    ]


TABLES = [*of_torchtitan(), *of_olmo(), *of_megatron(), *of_neox(), *of_mup()]
