"""The models of transformers, held against their `_init_weights`.

Most of it is one pass for all, `PreTrainedModel._init_weights` of modeling_utils.py: `GENERIC`. What
a family adds in its own `_init_weights` is in `SPECIAL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from docs.measured.showcases.families.base import Family, left_out
from docs.measured.showcases.families.transformers_rules import GENERIC, OPENAI_CLIP
from docs.measured.showcases.families.transformers_special import SPECIAL

PACKAGES = ("transformers", "torch")
"""Whose versions belong to the results."""

ENVIRONMENT: dict[str, str] = {}

_SMALL = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "emb_dim"), 64),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "d_ff", "hidden_dim"), 96),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 96),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "num_layers", "n_layers", "depth"), 2),
    **dict.fromkeys(("encoder_layers", "decoder_layers", "num_decoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "num_heads", "n_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("head_dim", "d_kv", "v_head_dim", "index_head_dim"), 16),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), 64),
    **dict.fromkeys(("qk_rope_head_dim", "qk_nope_head_dim", "patch_size"), 8),
    **dict.fromkeys(("n_group", "topk_group", "n_shared_experts", "bos_token_id"), 1),
    **dict.fromkeys(("embedding_size", "q_lora_rank", "kv_lora_rank", "projection_dim"), 32),
    **dict.fromkeys(("image_size", "moe_intermediate_size", "shared_expert_intermediate_size"), 32),
    **dict.fromkeys(("num_key_value_heads", "num_experts_per_tok", "eos_token_id"), 2),
    **{"vocab_size": 128, "pad_token_id": 0, "decoder_start_token_id": 1},
    **{"state_size": 4, "index_n_heads": 4},
}
"""What configurations are made small by, where they have it."""

_CONVOLUTIONS = {
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
}
_STAGES = {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2}
_SWIN = {"embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2]}
_CHANGES: dict[str, dict[str, Any]] = {
    "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]},
    "convnext": _STAGES,
    "convnextv2": _STAGES,
    **dict.fromkeys(("swin", "donut-swin", "maskformer-swin"), _SWIN),
    "roc_bert": {
        **dict.fromkeys(("shape_vocab_size", "pronunciation_vocab_size"), 64),
        **dict.fromkeys(("shape_embed_dim", "pronunciation_embed_dim"), 32),
    },
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "num_layers": 2},
    "mamba2": {"num_heads": 8, "head_dim": 16, "n_groups": 1},
    **dict.fromkeys(("wav2vec2", "hubert", "wavlm", "data2vec-audio"), _CONVOLUTIONS),
    **dict.fromkeys(("unispeech", "unispeech-sat", "wav2vec2-conformer"), _CONVOLUTIONS),
    "regnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "groups_width": 16},
    "poolformer": {"hidden_sizes": [8, 16], "depths": [1, 1], "num_encoder_blocks": 2},
}

_HEADS = (
    *("FOR_PRETRAINING", "FOR_CAUSAL_LM", "FOR_SEQ_TO_SEQ_CAUSAL_LM", "FOR_IMAGE_TEXT_TO_TEXT"),
    "FOR_IMAGE_CLASSIFICATION",
)
"""The heads of which a family is built with the first that it has."""

TYPES = Path(__file__).with_suffix(".txt").read_text("utf-8").split()
"""The types of models whose small configuration builds, and for which `SPECIAL` is complete."""


def settings(kind: Any) -> dict[str, Any]:
    """Return what makes a configuration of a class small, parts included."""
    default = kind().to_dict()
    aliases = getattr(kind, "attribute_map", {})
    small = {
        name: value
        for name, value in _SMALL.items()
        if isinstance(default.get(name), int | float) and name not in aliases
    }
    if types := default.get("layer_types"):
        small["layer_types"] = (list(dict.fromkeys(types))[:2] * 2)[:2]
    for name, part in (getattr(kind, "sub_configs", None) or {}).items():
        if hasattr(part, "sub_configs"):
            small[name] = settings(part)
    return small


def spread(config: Any) -> float:
    """Return the standard deviation of the generic pass, in the order in which it looks."""
    if hasattr(config, "initializer_range"):
        return config.initializer_range or 0.02
    for name in ("init_std", "initializer_factor"):
        if hasattr(config, name):
            return float(getattr(config, name))
    return float(getattr(config.get_text_config(), "initializer_range", 0.02))


def families() -> Iterator[Family]:
    """Yield a family of each type."""
    import transformers

    transformers.logging.set_verbosity_error()
    outside = {kind for kinds in left_out("transformers").values() for kind in kinds}
    if unlisted := set(transformers.CONFIG_MAPPING) ^ {*TYPES, *outside}:
        raise LookupError(f"list in transformers.txt or transformers_out.toml: {sorted(unlisted)}")
    yield from map(family, TYPES)
    text = family("clip_text_model")
    source = "clip/model.py of openai/CLIP, CLIP.initialize_parameters"
    rules = [*OPENAI_CLIP, *GENERIC]
    yield replace(text, name=f"{text.name}, as OpenAI's", rules=rules, source=source)


def family(kind: str) -> Family:
    """Return the family of a type."""
    import transformers

    of_type = transformers.CONFIG_MAPPING[kind]
    config = of_type(**settings(of_type) | _CHANGES.get(kind, {}))
    mappings = [getattr(transformers, f"MODEL_{head}_MAPPING") for head in _HEADS]
    classes = [mapping.get(of_type, None) for mapping in [*mappings, transformers.MODEL_MAPPING]]
    model = next(c for c in classes if c is not None)
    if isinstance(model, tuple):
        model = model[0]
    source = model.__module__.removeprefix("transformers.").replace(".", "/")
    return Family(
        model.__name__,
        partial(model, config),
        [*SPECIAL.get(kind, ()), *GENERIC],
        f"modeling_utils.py, {source}.py",
        {"std": spread(config)},
    )
