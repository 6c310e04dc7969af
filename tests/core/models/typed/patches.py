"""Vision transformers of two blocks and 32 channels, as five libraries name their parameters."""

from __future__ import annotations

import math
from typing import Any

from tests.core.models.typed.rows import (
    BARE,
    BIAS,
    CONV2D,
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
    constant,
    cut,
    normal,
    uniform,
)

Rows = dict[str, tuple[Any, ...]]
GATES = Kind("MultiheadAttention Module", "kernel", "(stack=3 out) in")
CONV = Kind("Conv Module", "kernel", "kernel... in out")
PATCH_BIAS = Kind("Conv2d Module", "bias", "out [in=3 kernel=64]")


def xavier(ins: int, outs: int) -> Law:
    """Return U(-b, b), b^2 = 6 / (ins + outs)."""
    bound = math.sqrt(6 / (ins + outs))
    return uniform(-bound, bound)


def lecun(ins: int) -> Law:
    """Return a normal law cut at two sigma, of the variance 1 / ins."""
    sigma = math.sqrt(1 / ins) / 0.87962566103423978
    return cut(sigma, 2 * sigma)


class Laws:
    """The laws of a vision transformer: `matrix` is called with inputs and outputs."""

    def __init__(self, google: bool) -> None:
        bound = 1 / math.sqrt(3 * 64)
        self.patch = lecun(3 * 64) if google else uniform(-bound, bound)
        self.patch_bias = ZEROS if google else uniform(-bound, bound)
        self.token = ZEROS if google else normal(1e-6)
        self.matrix = xavier if google else lambda *_: normal(0.02)
        self.mlp_bias = normal(1e-6) if google else ZEROS
        self.head = ZEROS if google else normal(0.02)
        self.places = normal(0.02)


def norms(glob: str, scale: str = "weight", shift: str = "bias") -> Rows:
    """Return the rows of norms."""
    return {f"{glob}.{scale}": (SCALE, (32,), ONES), f"{glob}.{shift}": (SHIFT, (32,), ZEROS)}


def mlp(of: Laws, first: str, second: str, weight: str = "weight") -> Rows:
    """Return the rows of two matrices, of 32 and 48 inputs."""
    matrix = LINEAR if weight == "weight" else DENSE
    sizes = {first: (32, 48), second: (48, 32)}
    rows: Rows = {}
    for path, (ins, outs) in sizes.items():
        shape = (outs, ins) if weight == "weight" else (ins, outs)
        rows[f"{path}.{weight}"] = (matrix, shape, of.matrix(ins, outs))
        rows[f"{path}.bias"] = (BIAS, (outs,), of.mlp_bias)
    return rows


def timm(of: Laws) -> Rows:
    """Return the rows of timm's VisionTransformer."""
    block = "blocks.{0,1}"
    return {
        "cls_token": (BARE, (1, 1, 32), of.token),
        "pos_embed": (BARE, (1, 17, 32), of.places),
        "patch_embed.proj.weight": (CONV2D, (32, 3, 8, 8), of.patch),
        "patch_embed.proj.bias": (PATCH_BIAS, (32,), of.patch_bias),
        f"{block}.attn.qkv.weight": (LINEAR, (96, 32), of.matrix(32, 32)),
        f"{block}.attn.proj.weight": (LINEAR, (32, 32), of.matrix(32, 32)),
        f"{block}.attn.{{qkv,proj}}.bias": (BIAS, (96,), ZEROS),
        **mlp(of, f"{block}.mlp.fc1", f"{block}.mlp.fc2"),
        **norms(f"{block}.norm{{1,2}}"),
        **norms("norm"),
        "head.weight": (LINEAR, (10, 32), of.head),
        "head.bias": (BIAS, (10,), ZEROS),
    }


def torchvision(of: Laws) -> Rows:
    """Return the rows of torchvision's VisionTransformer."""
    block = "encoder.layers.encoder_layer_{0,1}"
    return {
        "class_token": (BARE, (1, 1, 32), of.token),
        "encoder.pos_embedding": (BARE, (1, 17, 32), of.places),
        "conv_proj.weight": (CONV2D, (32, 3, 8, 8), of.patch),
        "conv_proj.bias": (PATCH_BIAS, (32,), of.patch_bias),
        f"{block}.self_attention.in_proj_weight": (GATES, (96, 32), of.matrix(32, 32)),
        f"{block}.self_attention.out_proj.weight": (LINEAR, (32, 32), of.matrix(32, 32)),
        f"{block}.self_attention.{{in_proj_bias,out_proj.bias}}": (BIAS, (32,), ZEROS),
        **mlp(of, f"{block}.mlp.0", f"{block}.mlp.3"),
        **norms(f"{block}.ln_{{1,2}}"),
        **norms("encoder.ln"),
        "heads.head.weight": (LINEAR, (10, 32), of.head),
        "heads.head.bias": (BIAS, (10,), ZEROS),
    }


def transformers(of: Laws) -> Rows:
    """Return the rows of ViTForImageClassification of transformers."""
    block = "vit.layers.{0,1}"
    return {
        "vit.embeddings.cls_token": (BARE, (1, 1, 32), of.token),
        "vit.embeddings.position_embeddings": (BARE, (1, 17, 32), of.places),
        "vit.embeddings.patch_embeddings.projection.weight": (CONV2D, (32, 3, 8, 8), of.patch),
        "vit.embeddings.patch_embeddings.projection.bias": (PATCH_BIAS, (32,), of.patch_bias),
        f"{block}.attention.{{q,k,v,o}}_proj.weight": (LINEAR, (32, 32), of.matrix(32, 32)),
        f"{block}.attention.{{q,k,v,o}}_proj.bias": (BIAS, (32,), ZEROS),
        **mlp(of, f"{block}.mlp.fc1", f"{block}.mlp.fc2"),
        **norms(f"{block}.layernorm_{{before,after}}"),
        **norms("vit.layernorm"),
        "classifier.weight": (LINEAR, (10, 32), of.head),
        "classifier.bias": (BIAS, (10,), ZEROS),
    }


def keras(of: Laws) -> Rows:
    """Return the rows of ViTImageClassifier of keras-hub."""
    block = "vi_t_backbone.vit_encoder.transformer_block_{1,2}"
    patching = "vi_t_backbone.vit_patching_and_embedding"
    return {
        f"{patching}.class_token": (BARE, (1, 1, 32), of.token),
        f"{patching}.position_embedding.embeddings": (TABLE, (17, 32), of.places),
        f"{patching}.patch_embedding.kernel": (CONV, (8, 8, 3, 32), of.patch),
        f"{patching}.patch_embedding.bias": (PATCH_BIAS, (32,), of.patch_bias),
        f"{block}.mha.{{query,key,value}}.kernel": (HEADS, (32, 2, 16), of.matrix(32, 32)),
        f"{block}.mha.{{query,key,value}}.bias": (HEADS_BIAS, (2, 16), ZEROS),
        f"{block}.mha.attention_output.kernel": (HEADS_OUT, (2, 16, 32), of.matrix(32, 32)),
        f"{block}.mha.attention_output.bias": (BIAS, (32,), ZEROS),
        **mlp(of, f"{block}.mlp.dense", f"{block}.mlp.dense_1", "kernel"),
        **norms(f"{block}.ln_{{1,2}}", "gamma", "beta"),
        **norms("vi_t_backbone.vit_encoder.ln", "gamma", "beta"),
        "predictions.kernel": (DENSE, (32, 10), of.head),
        "predictions.bias": (BIAS, (10,), ZEROS),
    }


def flax(of: Laws, heads: Kind = HEADS, heads_out: Kind = HEADS_OUT) -> Rows:
    """Return the rows of Google's VisionTransformer."""
    block = "Transformer.encoderblock_{0,1}"
    attention = f"{block}.MultiHeadDotProductAttention_0"
    return {
        "cls": (BARE, (1, 1, 32), of.token),
        "Transformer.posembed_input.pos_embedding": (BARE, (1, 17, 32), of.places),
        "embedding.kernel": (CONV, (8, 8, 3, 32), of.patch),
        "embedding.bias": (PATCH_BIAS, (32,), of.patch_bias),
        f"{attention}.{{query,key,value}}.kernel": (heads, (32, 2, 16), of.matrix(32, 32)),
        f"{attention}.{{query,key,value}}.bias": (HEADS_BIAS, (2, 16), ZEROS),
        f"{attention}.out.kernel": (heads_out, (2, 16, 32), of.matrix(32, 32)),
        f"{attention}.out.bias": (BIAS, (32,), ZEROS),
        **mlp(of, f"{block}.MlpBlock_0.Dense_0", f"{block}.MlpBlock_0.Dense_1", "kernel"),
        **norms(f"{block}.LayerNorm_{{0,1}}", "scale"),
        **norms("Transformer.encoder_norm", "scale"),
        "head.kernel": (DENSE, (32, 10), of.head),
        "head.bias": (BIAS, (10,), ZEROS),
    }


TIMM, GOOGLE = Laws(google=False), Laws(google=True)
WITH_SCALES = {
    "reg_token": (BARE, (1, 4, 32), normal(1e-6)),
    "blocks.{0,1}.ls{1,2}.gamma": (BARE, (32,), constant(1e-5)),
    "blocks.0.attns.0.ls.gamma": (BARE, (32,), constant(1e-5)),
}
# models_resnet.py: a hybrid; and the layer before the head.
HYBRID = {
    "conv_root.kernel": (CONV, (7, 7, 3, 16), lecun(147)),
    "block1.unit1.{conv1,conv_proj}.kernel": (CONV, (1, 1, 16, 8), lecun(16)),
    "block1.unit1.conv2.kernel": (CONV, (3, 3, 8, 8), lecun(72)),
    "block1.unit1.conv3.kernel": (CONV, (1, 1, 8, 32), lecun(8)),
    **norms("block1.unit1.gn{1,2,_proj}", "scale"),
    "block1.unit1.gn3.scale": (SCALE, (32,), ZEROS),
    "block1.unit1.gn3.bias": (SHIFT, (32,), ZEROS),
    "pre_logits.kernel": (DENSE, (32, 24), lecun(32)),
    "pre_logits.bias": (BIAS, (24,), ZEROS),
}

TABLES = [
    *(
        Table(name, form.__name__, form(laws))
        for name, laws in (("vit-timm", TIMM), ("vit-jax", GOOGLE))
        for form in (timm, torchvision, transformers, keras, flax)
    ),
    Table("vit-timm", "LayerScale", timm(TIMM) | WITH_SCALES, numbers={"init_values": 1e-5}),
    Table("vit-jax", "hybrid", flax(GOOGLE) | HYBRID),
    Table("vit-jax", "tree", flax(GOOGLE, BARE, BARE)),
]
