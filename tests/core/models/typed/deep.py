"""Starts for great depth, from DeepNorm to nanochat, of a few blocks."""

from __future__ import annotations

import math
from typing import Any

from tests.core.models.typed.rows import (
    BARE,
    CONV2D,
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
    constant,
    normal,
    uniform,
)

Rows = dict[str, tuple[Any, ...]]
WIDTH, INNER = 32, 48
SQUARE, WIDER, NARROWER = (WIDTH, WIDTH), (INNER, WIDTH), (WIDTH, INNER)
BIAS = Kind("Linear Module", "bias", f"out [in={WIDTH}]")
INNER_BIAS = Kind("Linear Module", "bias", f"out [in={INNER}]")
IN_PROJ = Kind("MultiheadAttention Module", "kernel", "(stack=3 out) in")
OUT_PROJ = Kind(
    "NonDynamicallyQuantizableLinear Linear MultiheadAttention Module", "kernel", "out in"
)
ATTENTION_BIAS = Kind("MultiheadAttention Module", "bias", f"out [in={WIDTH}]")
HEADS = Kind("MultiHeadAttention Layer", "kernel", "in out")
TOKENS = (TABLE, (97, WIDTH))
HALF = "{0,1}."


def xavier(ins: int, outs: int, gain: float = 1.0) -> Law:
    """Return N(0, gain^2 * 2 / (ins + outs))."""
    return normal(gain * math.sqrt(2 / (ins + outs)))


def xavier_uniform(ins: int, outs: int, gain: float = 1.0) -> Law:
    """Return U(-b, b), b = gain * sqrt(6 / (ins + outs))."""
    bound = gain * math.sqrt(6 / (ins + outs))
    return uniform(-bound, bound)


def linear(ins: int, gain: float = 1.0) -> Law:
    """Return torch's own start of a Linear: U(-b, b), b = gain / sqrt(ins)."""
    return uniform(-gain / math.sqrt(ins), gain / math.sqrt(ins))


def ramp(*values: float) -> Law:
    """Return the law of values that nothing is random in."""
    mean = sum(values) / len(values)
    return Law("ramp", mean, 0.0, min(values), max(values), (1, len(values)))


BETA = (8 * 2) ** -0.25


def of_deepnorm() -> list[Table]:
    """DeepNet, figure 2: beta = (8 N)^-1/4 on the feed-forward layers, values and outputs.

    https://nn.labml.ai/normalization/deep_norm/index.html
    """
    square, scaled = xavier(WIDTH, WIDTH), xavier(WIDTH, WIDTH, BETA)
    feed = xavier(WIDTH, INNER, BETA)
    norms: Rows = {
        f"layers.{HALF}norm.weight": (SCALE, (WIDTH,), ONES),
        f"layers.{HALF}norm.bias": (SHIFT, (WIDTH,), ZEROS),
        f"layers.{HALF}fc.bias": (BIAS, (WIDTH,), ZEROS),
        "embed.weight": (*TOKENS, normal(WIDTH**-0.5)),
    }
    fairseq = f"layers.{HALF}self_attn."
    llama = f"model.layers.{HALF}"
    torch = f"layers.{HALF}"
    forms: dict[str, Rows] = {
        "fairseq": {
            f"{fairseq}{{q,k}}_proj.weight": (LINEAR, SQUARE, square),
            f"{fairseq}{{v,out}}_proj.weight": (LINEAR, SQUARE, scaled),
            f"layers.{HALF}fc1.weight": (LINEAR, WIDER, feed),
            f"layers.{HALF}fc2.weight": (LINEAR, NARROWER, feed),
            "output_projection.weight": (LINEAR, (97, WIDTH), xavier(WIDTH, 97)),
        },
        "torch": {
            f"{torch}self_attn.in_proj_weight": (
                IN_PROJ,
                (3 * WIDTH, WIDTH),
                square,
                {"stack[2]": scaled},
            ),
            f"{torch}self_attn.out_proj.weight": (LINEAR, SQUARE, scaled),
            f"{torch}linear1.weight": (LINEAR, WIDER, feed),
            f"{torch}linear2.weight": (LINEAR, NARROWER, feed),
        },
    }
    for end, kind in (("weight", LINEAR), ("kernel", DENSE)):
        turn = 1 if kind is LINEAR else -1
        forms[f"llama {end}"] = {
            f"{llama}self_attn.{{q,k}}_proj.{end}": (kind, SQUARE, square),
            f"{llama}self_attn.{{v,o}}_proj.{end}": (kind, SQUARE, scaled),
            f"lm_head.{end}": (kind, ((97, WIDTH))[::turn], xavier(WIDTH, 97)),
            f"{llama}mlp.{{gate,up}}_proj.{end}": (kind, WIDER[::turn], feed),
            f"{llama}mlp.down_proj.{end}": (kind, NARROWER[::turn], feed),
        }
    for layer in ("self_attention", "self_attention_layer"):
        block = f"transformer_layer_{HALF}"
        forms[layer] = {
            f"{block}{layer}.{{query,key}}.kernel": (HEADS, SQUARE, square),
            f"{block}{layer}.{{value,attention_output}}.kernel": (HEADS, SQUARE, scaled),
            f"{block}feedforward_intermediate_dense.kernel": (DENSE, NARROWER, feed),
            f"{block}feedforward_output_dense.kernel": (DENSE, WIDER, feed),
            "token_embedding.reverse_embeddings": (DENSE, (WIDTH, 97), xavier(WIDTH, 97)),
            "position_embedding.embeddings": (BARE, (16, WIDTH), normal(WIDTH**-0.5)),
        }
    return [Table("deepnorm", form, rows | norms) for form, rows in forms.items()]


def of_torchscale() -> list[Table]:
    """torchscale 0.3.0: every Linear as torch starts it, then multiplied, biases too.

    https://github.com/microsoft/torchscale/blob/v0.3.0/torchscale/architecture/encoder.py#L235
    """
    tables = []
    for name, gain in (("deepnorm-torchscale", BETA), ("subln", math.sqrt(math.log(2 * 2)))):
        attention, feed = f"layers.{HALF}self_attn.", f"layers.{HALF}ffn."
        rows: Rows = {
            f"{attention}{{q,k}}_proj.weight": (LINEAR, SQUARE, linear(WIDTH)),
            f"{attention}{{q,k}}_proj.bias": (BIAS, (WIDTH,), linear(WIDTH)),
            f"{attention}{{v,out}}_proj.weight": (LINEAR, SQUARE, linear(WIDTH, gain)),
            f"{attention}{{v,out}}_proj.bias": (BIAS, (WIDTH,), linear(WIDTH, gain)),
            f"{feed}fc1.weight": (LINEAR, WIDER, linear(WIDTH, gain)),
            f"{feed}fc1.bias": (BIAS, (INNER,), linear(WIDTH, gain)),
            f"{feed}fc2.weight": (LINEAR, NARROWER, linear(INNER, gain)),
            f"{feed}fc2.bias": (INNER_BIAS, (WIDTH,), linear(INNER, gain)),
            f"layers.{HALF}final_layer_norm.weight": (SCALE, (WIDTH,), ONES),
            f"layers.{HALF}final_layer_norm.bias": (SHIFT, (WIDTH,), ZEROS),
        }
        head = {"output_projection.weight": (LINEAR, (97, WIDTH), normal(WIDTH**-0.5))}
        embed = {"embed_tokens.weight": (*TOKENS, normal(WIDTH**-0.5))}
        tied = {"embed_tokens.weight": {"output_projection.weight": LINEAR}}
        tables += [
            Table(name, "torch", rows | head | embed),
            Table(name, "tied", rows | embed, tied),
        ]
    return tables


def of_fixup() -> list[Table]:
    """Fixup f3fa449: std sqrt(2 / (k^2 out)) * L^(-1/2), of three convolutions L^(-1/4).

    https://github.com/hongyi-zhang/Fixup/blob/f3fa449/imagenet/models/fixup_resnet_imagenet.py#L123
    """
    tables = []
    shapes = {"conv1": (4, 8, 1, 1), "conv2": (4, 4, 3, 3), "conv3": (16, 4, 1, 1)}
    for name, convolutions, power in (("fixup", 2, -1 / 2), ("fixup-bottleneck", 3, -1 / 4)):
        rows: Rows = {
            "conv1.weight": (CONV2D, (8, 3, 7, 7), linear(3 * 7 * 7)),
            "bias{1,2}": (BARE, (1,), ZEROS),
            "layer{1,2}.0.downsample.weight": (CONV2D, (16, 8, 1, 1), normal(math.sqrt(2 / 16))),
            "layer{1,2}.{0,1}.scale": (BARE, (1,), ONES),
            "fc.weight": (LINEAR, (10, 16), ZEROS),
            "fc.bias": (BIAS, (10,), ZEROS),
        }
        for i in range(1, convolutions + 1):
            shape = shapes[f"conv{i}"]
            std = math.sqrt(2 / (shape[0] * shape[2] * shape[3])) * 4**power
            law = ZEROS if i == convolutions else normal(std)
            rows[f"layer{{1,2}}.{{0,1}}.conv{i}.weight"] = (CONV2D, shape, law)
            rows[f"layer{{1,2}}.{{0,1}}.bias{i}{{a,b}}"] = (BARE, (1,), ZEROS)
        tables.append(Table(name, "torch", rows, numbers={"blocks": 4}))
    return tables


def of_t_fixup() -> list[Table]:
    """T-Fixup b17e166: encoder 0.67 N^-1/4, decoder (9 N)^-1/4, embeddings (9 N)^-1/4.

    https://github.com/layer6ai-labs/T-Fixup/blob/b17e166/fairseq/modules/transformer_layer.py#L31
    """
    encoder, decoder = 0.67 * 2**-0.25, (9 * 3) ** -0.25
    rows: Rows = {
        "{encoder,decoder}.embed_positions.weight": (*TOKENS, normal(WIDTH**-0.5)),
        "decoder.embed_out": (BARE, (97, WIDTH), normal(WIDTH**-0.5)),
    }
    for side, gain, layers in (("encoder", encoder, "{0,1}."), ("decoder", decoder, "{0,1,2}.")):
        of = f"{side}.layers.{layers}"
        attention = f"{of}{'self_attn' if side == 'encoder' else '{self_attn,encoder_attn}'}."
        rows |= {
            f"{attention}{{q,k}}_proj.weight": (
                LINEAR,
                SQUARE,
                xavier_uniform(WIDTH, WIDTH, 1 / math.sqrt(2)),
            ),
            f"{attention}{{v,out}}_proj.weight": (
                LINEAR,
                SQUARE,
                xavier_uniform(WIDTH, WIDTH, gain),
            ),
            f"{attention}{{q,k,v}}_proj.bias": (BIAS, (WIDTH,), linear(WIDTH)),
            f"{attention}out_proj.bias": (BIAS, (WIDTH,), ZEROS),
            f"{of}fc1.weight": (LINEAR, WIDER, xavier_uniform(WIDTH, INNER, gain)),
            f"{of}fc2.weight": (LINEAR, NARROWER, xavier_uniform(WIDTH, INNER, gain)),
            f"{of}fc{{1,2}}.bias": (BIAS, (WIDTH,), ZEROS),
        }
    ours = normal((9 * 2) ** -0.25 * WIDTH**-0.5)
    theirs = normal((9 * 3) ** -0.25 * WIDTH**-0.5)
    both = {
        "encoder.embed_tokens.weight": (*TOKENS, ours),
        "decoder.embed_tokens.weight": (*TOKENS, theirs),
    }
    shared = {"encoder.embed_tokens.weight": {"decoder.embed_tokens.weight": TABLE}}
    numbers = {"encoder_layers": 2, "decoder_layers": 3}
    return [
        Table("t-fixup", "fairseq", rows | both, numbers=numbers),
        Table(
            "t-fixup",
            "shared",
            rows | {"encoder.embed_tokens.weight": (*TOKENS, ours)},
            shared,
            config=numbers,
        ),
    ]


# rezero 0.1.0, rezero/transformer/rztx.py: torch's layers, with which in_proj_weight is
# xavier_uniform_, its fan_out counting query, key and value.
REZERO: Rows = {
    "layers.{0,1}.resweight": (BARE, (1,), ZEROS),
    "layers.{0,1}.self_attn.in_proj_weight": (
        IN_PROJ,
        (3 * WIDTH, WIDTH),
        xavier_uniform(WIDTH, 3 * WIDTH),
    ),
    "layers.{0,1}.self_attn.in_proj_bias": (ATTENTION_BIAS, (3 * WIDTH,), ZEROS),
    "layers.{0,1}.self_attn.out_proj.weight": (OUT_PROJ, SQUARE, linear(WIDTH)),
    "layers.{0,1}.self_attn.out_proj.bias": (ATTENTION_BIAS, (WIDTH,), ZEROS),
    "layers.{0,1}.linear1.weight": (LINEAR, WIDER, linear(WIDTH)),
    "layers.{0,1}.linear1.bias": (BIAS, (INNER,), linear(WIDTH)),
    "layers.{0,1}.linear2.weight": (LINEAR, NARROWER, linear(INNER)),
    "layers.{0,1}.linear2.bias": (INNER_BIAS, (WIDTH,), linear(INNER)),
    "embed.weight": (*TOKENS, normal(1.0)),
}

# NVIDIA/ngpt ed19eb2: https://github.com/NVIDIA/ngpt/blob/ed19eb2/model.py#L56
BASE = 1 / math.sqrt(1024)
NGPT: Rows = {
    "transformer.wte.weight": (*TOKENS, normal(BASE)),
    "lm_head.weight": (LINEAR, (97, WIDTH), normal(BASE)),
    "transformer.h.{0,1}.{key,query,value}.weight": (LINEAR, SQUARE, normal(BASE)),
    "transformer.h.{0,1}.c_fc.weight": (LINEAR, WIDER, normal(BASE)),
    "transformer.h.{0,1}.att_c_proj.weight": (LINEAR, SQUARE, normal(BASE / 2)),
    "transformer.h.{0,1}.mlp_c_proj.weight": (LINEAR, NARROWER, normal(BASE / 2)),
    "transformer.h.{0,1}.mlp_c_proj.bias": (BIAS, (WIDTH,), ZEROS),
    "transformer.h.{0,1}.{attn_alpha,mlp_alpha,sqk}": (BARE, (WIDTH,), constant(BASE)),
    "transformer.h.{0,1}.suv": (BARE, (2 * INNER,), ONES),
    "sz": (BARE, (97,), constant(BASE)),
}

# karpathy/nanochat 92d63d4: https://github.com/karpathy/nanochat/blob/92d63d4/nanochat/gpt.py#L215
ROOT = math.sqrt(3 / WIDTH)
NANOCHAT: Rows = {
    "transformer.wte.weight": (*TOKENS, normal(0.8)),
    "transformer.h.{0,1,2}.attn.c_{q,k,v}.weight": (LINEAR, SQUARE, uniform(-ROOT, ROOT)),
    "transformer.h.{0,1,2}.attn.c_proj.weight": (LINEAR, SQUARE, ZEROS),
    "transformer.h.{0,2}.attn.ve_gate.weight": (LINEAR, (2, 12), uniform(0.0, 0.02)),
    "transformer.h.{0,1,2}.mlp.c_fc.weight": (LINEAR, WIDER, uniform(-0.4 * ROOT, 0.4 * ROOT)),
    "transformer.h.{0,1,2}.mlp.c_proj.weight": (LINEAR, NARROWER, ZEROS),
    "lm_head.weight": (LINEAR, (97, WIDTH), normal(0.001)),
    "resid_lambdas": (BARE, (3,), ramp(1.15, 1.10, 1.05)),
    "x0_lambdas": (BARE, (3,), ramp(0.20, 0.125, 0.05)),
    "smear_gate.weight": (LINEAR, (1, 24), uniform(0.0, 0.02)),
    "smear_lambda": (BARE, (1,), ZEROS),
    "backout_lambda": (BARE, (1,), constant(0.2)),
    "value_embeds.{0,2}.weight": (*TOKENS, uniform(-ROOT, ROOT)),
}

TABLES = [
    *of_deepnorm(),
    *of_torchscale(),
    *of_fixup(),
    *of_t_fixup(),
    Table("rezero", "torch", REZERO),
    Table("ngpt", "torch", NGPT, config={"base_scale": BASE}),
    Table("nanochat", "torch", NANOCHAT, config={"n_embd": WIDTH}),
]
