"""The backbones of keras-hub, held against the initializers that they hand to their layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docs.measured.showcases.families.base import Family, Rules, by_role
from initspec import Rule

PACKAGES = ("keras-hub", "keras")
"""Whose versions belong to the results."""

ENVIRONMENT = {"KERAS_BACKEND": "torch"}

_TEXT = {
    "vocabulary_size": 256,
    "num_layers": 2,
    "num_heads": 4,
    "hidden_dim": 64,
    "intermediate_dim": 96,
    "max_sequence_length": 64,
}
_BLOOM = {name: value for name, value in _TEXT.items() if name != "max_sequence_length"}
_GROUPED = {
    "vocabulary_size": 256,
    "num_layers": 2,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 64,
    "intermediate_dim": 96,
}
_HEADS = {**_GROUPED, "head_dim": 16}
_EXPERTS = {"num_experts": 4, "moe_intermediate_dim": 48}
_T5GEMMA = {
    "vocabulary_size": 256,
    **{
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in {
            "hidden_dim": 64,
            "intermediate_dim": 96,
            "num_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "layer_types": ["full_attention"] * 2,
        }.items()
    },
}

NORMAL = "normal(std=0.02)"
CUT = (
    "truncated_normal(std=0.02, corrected=False)"  # keras.initializers.TruncatedNormal(stddev=0.02)
)


def _small_embedding(*first: Rule) -> list[Rule]:
    """Kernels of 0.02, token embeddings of 0.01, as in most decoders of keras-hub."""
    small = "normal(std=0.01)"
    return by_role(NORMAL, small, [*first, Rule(small, "**.reverse_embeddings", optional=True)])


def _positions(spec: str, kernel: str, embedding: str, *first: Rule) -> list[Rule]:
    return by_role(kernel, embedding, [*first, Rule(spec, layer="PositionEmbedding")])


def _experts(*names: str) -> Rule:
    """A stack of kernels that a plain normal draws, whatever its axes."""
    return Rule(NORMAL, f"**.experts.{{{','.join(names)}}}", axes="stack in out")


GEMMA = by_role(
    "glorot_uniform",
    # VarianceScaling(scale=1.0, mode="fan_in", distribution="untruncated_normal"): Keras counts the
    # rows of a table, the vocabulary, as its inputs.
    "normal(std=1 / sqrt(vocabulary))",
    scale="zeros",
)
GEMMA_NUMBERS = {"vocabulary": 256}

T5 = by_role(
    "lecun_normal",
    "truncated_normal(std=1, corrected=False)",
    [
        Rule("normal(std=1 / sqrt(inner * head))", "**.query_projector.kernel"),
        Rule(
            "normal(std=1 / sqrt(inner))",
            "**.{self,cross}_attention.{key,value,output}_projector.*",
        ),
        Rule("normal(std=1 / sqrt(inner))", "**.self_attention.embeddings"),
    ],
)

_FAMILIES: dict[str, tuple[dict[str, Any], Rules, str]] = {
    "AlbertBackbone": (
        {**_TEXT, "embedding_dim": 32},
        _positions(CUT, CUT, CUT),
        "albert/albert_backbone.py",
    ),
    "BartBackbone": (_TEXT, _positions(CUT, CUT, CUT), "bart/bart_backbone.py"),
    "BertBackbone": (_TEXT, _positions(CUT, CUT, CUT), "bert/bert_backbone.py"),
    "BloomBackbone": (_BLOOM, by_role("glorot_uniform", NORMAL), "bloom/bloom_backbone.py"),
    "DistilBertBackbone": (_TEXT, _positions(CUT, CUT, CUT), "distil_bert/distil_bert_backbone.py"),
    "ElectraBackbone": (
        {
            **{k: v for k, v in _TEXT.items() if k != "vocabulary_size"},
            "vocab_size": 256,
            "embedding_dim": 32,
        },
        _positions(CUT, CUT, CUT),
        "electra/electra_backbone.py",
    ),
    "ESMBackbone": (_TEXT, by_role(CUT, CUT), "esm/esm_backbone.py, esm/esm_encoder.py"),
    "FNetBackbone": (
        {k: v for k, v in _TEXT.items() if k != "num_heads"},
        by_role(NORMAL, NORMAL, [Rule(NORMAL, layer="PositionEmbedding")], bias=NORMAL),
        "f_net/f_net_backbone.py",
    ),
    "FalconBackbone": (
        {**{k: v for k, v in _BLOOM.items() if k != "num_heads"}, "num_attention_heads": 4},
        by_role("glorot_uniform", "uniform(low=-0.05, high=0.05)"),
        "falcon/falcon_attention.py: the defaults of Keras",
    ),
    "GPT2Backbone": (
        _TEXT,
        _positions(NORMAL, NORMAL, "normal(std=0.01)"),
        "gpt2/gpt2_backbone.py",
    ),
    "GPTNeoXBackbone": (_TEXT, _small_embedding(), "gpt_neo_x/gpt_neo_x_backbone.py"),
    "GemmaBackbone": (_HEADS, GEMMA, "gemma/gemma_backbone.py, gemma/gemma_attention.py"),
    "Gemma3Backbone": ({**_HEADS, "image_size": 32}, GEMMA, "gemma3/gemma3_backbone.py"),
    "GptOssBackbone": (
        {**_GROUPED, "num_experts": 4},
        _small_embedding(
            Rule("normal(std=0.05)", "**.sinks"),
            _experts("gate_up_proj", "down_proj"),
            Rule("zeros", "**.experts.*_bias"),
        ),
        "gpt_oss/gpt_oss_backbone.py, gpt_oss/gpt_oss_decoder.py",
    ),
    "LlamaBackbone": (_GROUPED, _small_embedding(), "llama/llama_backbone.py"),
    "Llama3Backbone": (_GROUPED, _small_embedding(), "llama/llama_backbone.py"),
    "MistralBackbone": (_GROUPED, _small_embedding(), "mistral/mistral_backbone.py"),
    "MixtralBackbone": (
        {**_GROUPED, "num_experts": 4},
        _small_embedding(
            _experts(*(f"expert_feedforward_{k}_dense" for k in ("gate", "intermediate", "output")))
        ),
        "mixtral/mixtral_backbone.py, mixtral/mixtral_decoder.py",
    ),
    "OPTBackbone": (_TEXT, _positions(CUT, CUT, CUT), "opt/opt_backbone.py"),
    "Phi3Backbone": (_GROUPED, _small_embedding(), "phi3/phi3_backbone.py"),
    "QwenBackbone": (_GROUPED, _small_embedding(), "qwen/qwen_backbone.py"),
    "Qwen3Backbone": (_HEADS, _small_embedding(), "qwen3/qwen3_backbone.py"),
    "QwenMoeBackbone": (
        {**_GROUPED, **_EXPERTS, "shared_expert_intermediate_dim": 48},
        _small_embedding(
            _experts(*(f"expert_feedforward_{kind}_dense" for kind in ("gate", "output"))),
            Rule("glorot_uniform", "**.shared_expert_gate_dense.kernel"),
        ),
        "qwen_moe/qwen_moe_backbone.py, qwen_moe/qwen_moe_decoder.py",
    ),
    "Qwen3MoeBackbone": (
        {**_HEADS, **_EXPERTS},
        _small_embedding(
            _experts(*(f"expert_feedforward_{kind}_dense" for kind in ("gate", "output")))
        ),
        "qwen3_moe/qwen3_moe_backbone.py, qwen3_moe/qwen3_moe_decoder.py",
    ),
    "RobertaBackbone": (_TEXT, _positions(CUT, CUT, CUT), "roberta/roberta_backbone.py"),
    "RoformerV2Backbone": (
        {**_BLOOM, "head_size": 16},
        by_role(CUT, CUT),
        "roformer_v2/roformer_v2_backbone.py, roformer_v2/roformer_v2_encoder.py",
    ),
    "T5Backbone": (
        _BLOOM,
        T5,
        "t5/t5_backbone.py, t5/t5_multi_head_attention.py, t5/t5_transformer_layer.py",
    ),
    "T5GemmaBackbone": (
        _T5GEMMA,
        by_role(NORMAL, NORMAL, scale="zeros"),
        "t5gemma/t5gemma_backbone.py",
    ),
    "XLMRobertaBackbone": (_TEXT, _positions(CUT, CUT, CUT), "roberta/roberta_backbone.py"),
    "XLNetBackbone": (
        _BLOOM,
        by_role(
            CUT,
            "uniform(low=-0.05, high=0.05)",
            [
                Rule(CUT, "**.{mask_emb,segment_encoding}"),
                Rule("zeros", "**.{content,positional,segment}_attention_bias"),
            ],
        ),
        "xlnet/xlnet_backbone.py, xlnet/xlnet_encoder.py",
    ),
}

_NUMBERS = {
    "GemmaBackbone": GEMMA_NUMBERS,
    "Gemma3Backbone": GEMMA_NUMBERS,
    "T5Backbone": {"inner": 64, "head": 16},
}


def families() -> Iterator[Family]:
    """Yield each backbone."""
    import keras_hub

    for name, (settings, rules, source) in _FAMILIES.items():
        kind = getattr(keras_hub.models, name)
        yield Family(
            name,
            lambda kind=kind, settings=settings: kind(**settings),
            rules,
            f"keras_hub/src/models/{source}",
            _NUMBERS.get(name, {}),
        )
