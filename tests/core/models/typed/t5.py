"""T5 of two blocks on each side, as transformers, keras-hub and flax name it."""

from __future__ import annotations

from typing import Any

from tests.core.models.typed.rows import (
    BARE,
    BIAS,
    DENSE,
    LINEAR,
    SCALE,
    TABLE,
    ZEROS,
    Kind,
    Table,
    as_flax,
    constant,
    normal,
)

# transformers, T5PreTrainedModel._init_weights, with the names of its config.
FACTOR, WIDTH, INNER, HEADS, OF_HEAD = 0.7, 32, 48, 4, 16
CONFIG = {
    **{"initializer_factor": FACTOR, "d_model": WIDTH, "d_ff": INNER},
    **{"num_heads": HEADS, "d_kv": OF_HEAD},
}
ALL = HEADS * OF_HEAD
QUERY = normal(FACTOR * (WIDTH * OF_HEAD) ** -0.5)
IN = normal(FACTOR * WIDTH**-0.5)
OUTPUT = normal(FACTOR * ALL**-0.5)
LAST = normal(FACTOR * INNER**-0.5)
EMBEDDING = normal(FACTOR)
NORM = constant(FACTOR)


def attention(path: str) -> dict[str, tuple[Any, ...]]:
    """Return the rows of an attention."""
    return {
        f"{path}.q.weight": (LINEAR, (ALL, WIDTH), QUERY),
        f"{path}.{{k,v}}.weight": (LINEAR, (ALL, WIDTH), IN),
        f"{path}.o.weight": (LINEAR, (WIDTH, ALL), OUTPUT),
    }


ENCODER, DECODER = "encoder.block.{0,1}.layer.", "decoder.block.{0,1}.layer."
TORCH = {
    "shared.weight": (TABLE, (97, WIDTH), EMBEDDING),
    **attention(f"{ENCODER}0.SelfAttention"),
    **attention(f"{DECODER}0.SelfAttention"),
    **attention(f"{DECODER}1.EncDecAttention"),
    "{encoder,decoder}.block.0.layer.0.SelfAttention.relative_attention_bias.weight": (
        TABLE,
        (32, HEADS),
        IN,
    ),
    f"{ENCODER}1.DenseReluDense.{{wi_0,wi_1}}.weight": (LINEAR, (INNER, WIDTH), IN),
    f"{DECODER}2.DenseReluDense.wi.weight": (LINEAR, (INNER, WIDTH), IN),
    f"{ENCODER}1.DenseReluDense.wo.weight": (LINEAR, (WIDTH, INNER), LAST),
    f"{DECODER}2.DenseReluDense.wo.weight": (LINEAR, (WIDTH, INNER), LAST),
    "{encoder,decoder}.block.{0,1}.layer.{0,1}.layer_norm.weight": (SCALE, (WIDTH,), NORM),
    "{encoder,decoder}.final_layer_norm.weight": (SCALE, (WIDTH,), NORM),
    # The heads of the other classes, and one that is not tied.
    "lm_head.weight": (LINEAR, (97, WIDTH), EMBEDDING),
    "qa_outputs.weight": (LINEAR, (2, WIDTH), IN),
    "classification_head.{dense,out_proj}.weight": (LINEAR, (WIDTH, WIDTH), IN),
    "classifier.weight": (LINEAR, (2, WIDTH), EMBEDDING),
    "{qa_outputs,classification_head.dense,classifier}.bias": (BIAS, (2,), ZEROS),
}
TIES = {
    "shared.weight": {
        "encoder.embed_tokens.weight": TABLE,
        "decoder.embed_tokens.weight": TABLE,
    }
}
NORMS = Kind("T5LayerNorm Layer", "scale", "out")


def projectors(path: str) -> dict[str, tuple[Any, ...]]:
    """Return the rows of an attention of keras-hub."""
    return {
        f"{path}.query_projector.kernel": (DENSE, (WIDTH, ALL), QUERY),
        f"{path}.{{key,value}}_projector.kernel": (DENSE, (WIDTH, ALL), IN),
        f"{path}.output_projector.kernel": (DENSE, (ALL, WIDTH), OUTPUT),
    }


LAYER = "transformer_{encoder,decoder}_layer_{0,1}."
KERAS = {
    "token_embedding.embeddings": (TABLE, (97, WIDTH), EMBEDDING),
    "transformer_{encoder,decoder}_layer_0.self_attention.embeddings": (BARE, (32, HEADS), IN),
    **projectors(f"{LAYER}self_attention"),
    **projectors("transformer_decoder_layer_{0,1}.cross_attention"),
    f"{LAYER}{{input,gate}}_projector.kernel": (DENSE, (WIDTH, INNER), IN),
    f"{LAYER}output_projector.kernel": (DENSE, (INNER, WIDTH), LAST),
    f"{LAYER}{{t5_layer_norm,t5_layer_norm_1}}.weight": (NORMS, (WIDTH,), NORM),
    "transformer_decoder_layer_{0,1}.t5_layer_norm_2.weight": (NORMS, (WIDTH,), NORM),
    "{encoder,decoder}_output_layer_norm.weight": (NORMS, (WIDTH,), NORM),
}
FLAX = {path: row for path, row in TORCH.items() if not path.startswith(("qa", "class", "{qa"))}

TABLES = [
    Table("t5-hf", "torch", TORCH, TIES, CONFIG),
    Table("t5-hf", "keras", KERAS, {}, CONFIG),
    Table("t5-hf", "flax", as_flax(FLAX, scale="weight"), {}, CONFIG),
]
