"""BERT of two blocks, as transformers, keras-hub and flax name it."""

from __future__ import annotations

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
    Table,
    as_flax,
    normal,
)

# transformers: config.initializer_range.
CONFIG = {"initializer_range": 0.03}
STD = normal(0.03)
BLOCK = "bert.encoder.layer.{0,1}."
TORCH = {
    "bert.embeddings.{word,position,token_type}_embeddings.weight": (TABLE, (97, 32), STD),
    "bert.embeddings.LayerNorm.weight": (SCALE, (32,), ONES),
    "bert.embeddings.LayerNorm.bias": (SHIFT, (32,), ZEROS),
    f"{BLOCK}attention.{{self.query,self.key,self.value,output.dense}}.weight": (
        LINEAR,
        (32, 32),
        STD,
    ),
    f"{BLOCK}intermediate.dense.weight": (LINEAR, (48, 32), STD),
    f"{BLOCK}output.dense.weight": (LINEAR, (32, 48), STD),
    f"{BLOCK}{{attention.self.query,intermediate.dense,output.dense}}.bias": (BIAS, (32,), ZEROS),
    f"{BLOCK}{{attention.,}}output.LayerNorm.weight": (SCALE, (32,), ONES),
    f"{BLOCK}{{attention.,}}output.LayerNorm.bias": (SHIFT, (32,), ZEROS),
    "bert.pooler.dense.weight": (LINEAR, (32, 32), STD),
    "cls.predictions.bias": (BARE, (97,), ZEROS),
    "cls.seq_relationship.weight": (LINEAR, (2, 32), STD),
}
TIES = {
    "bert.embeddings.word_embeddings.weight": {"cls.predictions.decoder.weight": LINEAR},
    "cls.predictions.bias": {"cls.predictions.decoder.bias": BIAS},
}
# What RoBERTa, ALBERT and DistilBERT have beside these.
OTHERS = TORCH | {
    "lm_head.layer_norm.weight": (SCALE, (32,), ONES),
    "lm_head.bias": (BARE, (97,), ZEROS),
    "albert_layers.0.full_layer_layer_norm.weight": (SCALE, (32,), ONES),
    "transformer.layer.0.{sa,output}_layer_norm.weight": (SCALE, (32,), ONES),
    "vocab_layer_norm.weight": (SCALE, (32,), ONES),
}
BACK = "bert_backbone."
LAYER = f"{BACK}transformer_layer_{{0,1}}."
KERAS = {
    f"{BACK}{{token,segment}}_embedding.embeddings": (TABLE, (97, 32), STD),
    f"{BACK}position_embedding.embeddings": (BARE, (16, 32), STD),
    f"{BACK}embeddings_layer_norm.gamma": (SCALE, (32,), ONES),
    f"{BACK}embeddings_layer_norm.beta": (SHIFT, (32,), ZEROS),
    f"{LAYER}self_attention_layer.{{query,key,value}}.kernel": (HEADS, (32, 2, 16), STD),
    f"{LAYER}self_attention_layer.{{query,key,value}}.bias": (HEADS_BIAS, (2, 16), ZEROS),
    f"{LAYER}self_attention_layer.attention_output.kernel": (HEADS_OUT, (2, 16, 32), STD),
    f"{LAYER}feedforward_{{intermediate,output}}_dense.kernel": (DENSE, (32, 48), STD),
    f"{LAYER}{{self_attention,feedforward}}_layer_norm.gamma": (SCALE, (32,), ONES),
    f"{LAYER}{{self_attention,feedforward}}_layer_norm.beta": (SHIFT, (32,), ZEROS),
    f"{BACK}pooled_dense.kernel": (DENSE, (32, 32), STD),
    "mlm_head.intermediate_layer_norm.gamma": (SCALE, (32,), ONES),
    "mlm_head.output_bias": (BARE, (97,), ZEROS),
}

TABLES = [
    Table("bert-hf", "torch", TORCH, TIES, CONFIG),
    Table("bert-hf", "torch, others", OTHERS, TIES, CONFIG),
    Table("bert-hf", "keras", KERAS, {}, CONFIG),
    Table("bert-hf", "flax", as_flax(TORCH), {}, CONFIG),
]
