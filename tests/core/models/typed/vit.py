"""ViT of transformers, as it, keras-hub and flax name it, of two blocks."""

from __future__ import annotations

from tests.core.models.typed.rows import (
    BARE,
    BIAS,
    CONV,
    CONV2D,
    DENSE,
    HEADS,
    HEADS_OUT,
    LINEAR,
    ONES,
    SCALE,
    SHIFT,
    TABLE,
    ZEROS,
    Table,
    as_flax,
    normal,
)

# transformers: config.initializer_range.
CONFIG = {"initializer_range": 0.03}
STD = normal(0.03)
BLOCK = "vit.layers.{0,1}."
TORCH = {
    "vit.embeddings.cls_token": (BARE, (1, 1, 32), STD),
    "vit.embeddings.mask_token": (BARE, (1, 1, 32), ZEROS),
    "vit.embeddings.position_embeddings": (BARE, (1, 5, 32), STD),
    "vit.embeddings.patch_embeddings.projection.weight": (CONV2D, (32, 3, 8, 8), STD),
    "vit.embeddings.patch_embeddings.projection.bias": (BIAS, (32,), ZEROS),
    f"{BLOCK}attention.{{q,k,v,o}}_proj.weight": (LINEAR, (32, 32), STD),
    f"{BLOCK}attention.{{q,k,v,o}}_proj.bias": (BIAS, (32,), ZEROS),
    f"{BLOCK}mlp.fc1.weight": (LINEAR, (48, 32), STD),
    f"{BLOCK}mlp.fc2.weight": (LINEAR, (32, 48), STD),
    f"{BLOCK}{{layernorm_before,layernorm_after}}.weight": (SCALE, (32,), ONES),
    f"{BLOCK}{{layernorm_before,layernorm_after}}.bias": (SHIFT, (32,), ZEROS),
    "vit.layernorm.weight": (SCALE, (32,), ONES),
    "vit.layernorm.bias": (SHIFT, (32,), ZEROS),
    "classifier.weight": (LINEAR, (2, 32), STD),
}
LAYER = "vit_encoder.transformer_block_{1,2}."
KERAS = {
    "vit_patching_and_embedding.class_token": (BARE, (1, 1, 32), STD),
    "vit_patching_and_embedding.patch_embedding.kernel": (CONV, (8, 8, 3, 32), STD),
    "vit_patching_and_embedding.position_embedding.embeddings": (TABLE, (5, 32), STD),
    f"{LAYER}mha.{{query,key,value}}.kernel": (HEADS, (32, 2, 16), STD),
    f"{LAYER}mha.attention_output.kernel": (HEADS_OUT, (2, 16, 32), STD),
    f"{LAYER}mlp.{{dense,dense_1}}.kernel": (DENSE, (32, 48), STD),
    f"{LAYER}{{ln_1,ln_2}}.gamma": (SCALE, (32,), ONES),
    f"{LAYER}{{ln_1,ln_2}}.beta": (SHIFT, (32,), ZEROS),
}

TABLES = [
    Table("vit-hf", "torch", TORCH, {}, CONFIG),
    Table("vit-hf", "keras", KERAS, {}, CONFIG),
    Table("vit-hf", "flax", as_flax(TORCH), {}, CONFIG),
]
