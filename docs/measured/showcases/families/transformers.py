"""The models of transformers, held against their `_init_weights`.

Most of it is one pass for all, `PreTrainedModel._init_weights` of modeling_utils.py: `GENERIC`. What
a family adds in its own `_init_weights` is in `SPECIAL`. `trunc_normal_(std=s)` without bounds cuts at
-2 and 2, a hundred standard deviations away: a normal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from docs.measured.showcases.families.base import Family
from initspec import Rule

PACKAGES = ("transformers", "torch")
"""Whose versions belong to the results."""

ENVIRONMENT: dict[str, str] = {}

_LINEAR = (
    *("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "Embedding"),
    "Conv1D",
)
_NORMS = ("*LayerNorm*", "*RMSNorm*", "GroupNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d")

GENERIC = (
    # Stacks of experts, their router and sinks: each family says so itself, in the same words.
    Rule(
        "normal(std=std)",
        "**.experts.{gate_up,gate,up,down}_proj",
        axes="stack out in",
        optional=True,
    ),
    Rule("zeros", "**.experts.*_bias", optional=True),
    Rule("normal(std=std)", ("**.{gate,router}.weight", "**.sinks"), optional=True),
    Rule("zeros", "**.e_score_correction_bias", optional=True),
    # The bias of the head of a language model, of the head and of its decoder at once.
    Rule("zeros", ("**.{predictions,lm_head}.bias", "predictions.bias"), optional=True),
    Rule("normal(std=std)", layer=_LINEAR, role="kernel"),
    Rule("normal(std=std)", layer=_LINEAR, role="embedding"),
    Rule("zeros", layer=_LINEAR, role="bias"),
    Rule("ones", layer=_NORMS, role="scale"),
    Rule("zeros", layer=_NORMS, role="shift"),
)


def _maybe(spec: str, *paths: str) -> Rule:
    return Rule(spec, paths, optional=True)


_VIT = (
    _maybe("normal(std=std)", "**.{cls_token,position_embeddings}"),
    _maybe("zeros", "**.mask_token"),
)
_DINO = [*_VIT, Rule("constant(value=layerscale_value)", "**.lambda1")]
_BEIT = [
    _maybe("zeros", "**.{cls_token,mask_token,position_embeddings,relative_position_bias_table}"),
    _maybe("constant(value=layer_scale_init_value)", "**.lambda_{1,2}"),
]
_ZERO_TOKENS = [_maybe("zeros", "**.{cls_token,position_embeddings,distillation_token,pos_embed}")]
_SCALED = "normal(std=std / sqrt(2 * depth))"
_CLIP = [
    _maybe("normal(std=64**-0.5)", "**.class_embedding", "classifier.weight"),
    Rule("normal(std=0.02)", "**.embeddings.*.weight"),
    Rule("normal(std=(2 * 64 * depth)**-0.5)", "**.self_attn.{q,k,v}_proj.weight"),
    Rule("normal(std=64**-0.5)", "**.self_attn.out_proj.weight"),
    Rule("normal(std=(2 * 64)**-0.5)", "**.mlp.fc1.weight"),
    Rule("normal(std=(2 * 64 * depth)**-0.5)", "**.mlp.fc2.weight"),
]
_OPENAI_CLIP = [
    Rule("normal(std=0.01)", "**.embeddings.position_embedding.weight"),
    Rule("normal(std=64**-0.5)", "**.self_attn.{q,k,v}_proj.weight"),
    Rule("normal(std=(2 * 64 * depth)**-0.5)", "**.self_attn.out_proj.weight"),
    *_CLIP,
]
_T5 = [
    _maybe("normal(std=1)", "shared.weight", "lm_head.weight"),
    Rule("normal(std=(d_model * d_kv)**-0.5)", "**.*Attention.q.weight"),
    Rule("normal(std=d_model**-0.5)", "**.*Attention.{k,v}.weight"),
    Rule("normal(std=(num_heads * d_kv)**-0.5)", "**.*Attention.o.weight"),
    _maybe("normal(std=d_model**-0.5)", "**.{relative_attention_bias,wi,wi_0,wi_1}.weight"),
    _maybe("normal(std=d_model**-0.5)", "**.global_relative_attention_bias.weight"),
    _maybe("normal(std=1)", "**.router.classifier.weight"),
    Rule("normal(std=d_ff**-0.5)", "**.wo.weight"),
]
_CENTRED = [Rule("zeros", layer="*RMSNorm*", role="scale")]  # the norm computes 1 + weight
_RESIDUAL = [Rule(_SCALED, "**.c_proj.weight")]
_CUT = "truncated_normal(std={}, corrected=False)"  # at initializer_cutoff_factor, which is 2
_MODERN = [
    Rule(_CUT.format("std"), "**.tok_embeddings.weight"),
    Rule(_CUT.format("std / sqrt(2 * num_hidden_layers)"), "**.{Wo,dense}.weight"),
    Rule(_CUT.format("std"), role="kernel"),
]
_TORCH = "variance_scaling(scale=1 / 3, distribution=uniform)"
_SIGLIP = [
    Rule("normal(std=64**-0.5)", "**.vision_model.embeddings.position_embedding.weight"),
    Rule("lecun_normal(mode=fan_out)", "**.embeddings.*.weight", role="embedding", optional=True),
    Rule("glorot_uniform", "**.self_attn.{q,k,v,out}_proj.weight"),
    Rule("glorot_uniform", "**.mlp.fc{1,2}.weight"),
    Rule("normal(std=1e-6)", "**.mlp.fc{1,2}.bias"),
    Rule("glorot_uniform", "**.head.attention.in_proj_weight", axes="out in"),
    Rule("glorot_uniform", "**.head.probe", axes="stack out in"),
    Rule("zeros", "**.in_proj_bias"),
    Rule("normal(std=64**-0.5)", "classifier.weight"),
    Rule("lecun_normal", role="kernel"),
]
_SPEECH = [
    # Of the inputs of the convolution, not of those of a group.
    Rule(
        "normal(std=2 / sqrt(fan_in * num_conv_pos_embedding_groups))",
        "**.pos_conv_embed.conv.weight",
    ),
    _maybe("uniform(low=0, high=1)", "**.masked_spec_embed", "quantizer.codevectors"),
    _maybe("normal(std=1)", "quantizer.weight_proj.weight"),
    _maybe(_TORCH, "project_{hid,q}.{weight,bias}"),
    Rule("he_normal", layer="Conv1d", role="kernel"),
]
_MIXER = [  # the states, and the inverse softplus of a log-uniform, are not among the distributions
    Rule("keep", ("**.mixer.A_log", "**.mixer.dt_proj.bias", "**.mixer.dt_bias"), optional=True),
    Rule("ones", "**.mixer.D"),
    Rule(_TORCH, "**.conv1d.weight", axes="out in kernel"),
    Rule(_TORCH, "**.mixer.out_proj.weight", axes="out in"),
    _maybe(
        "uniform(low=-(time_step_rank**-0.5), high=time_step_rank**-0.5)", "**.mixer.dt_proj.weight"
    ),
    _maybe("ones", "**.mixer.norm.weight"),
    Rule("normal(std=std)", "**.mixer.{in_proj,x_proj}.weight"),
    Rule("zeros", "**.conv1d.bias"),
]
_EXPAND = "sqrt(max(1, fan_out / fan_in))"

SPECIAL: dict[str, Sequence[Rule]] = {
    **dict.fromkeys(("vit", "pixio", "ijepa"), _VIT),
    **dict.fromkeys(("beit", "data2vec-vision", "internvl_vision"), _BEIT),
    **dict.fromkeys(("audio-spectrogram-transformer", "dpt", "layoutlmv3"), _ZERO_TOKENS),
    **dict.fromkeys(("clip_text_model", "clip_vision_model", "clip"), _CLIP),
    **dict.fromkeys(("t5", "mt5", "longt5", "umt5", "switch_transformers"), _T5),
    **dict.fromkeys(
        (
            "gemma",
            "gemma2",
            "gemma3_text",
            "minimax_m3_vl_text",
        ),
        _CENTRED,
    ),
    **dict.fromkeys(("gpt2", "gpt_bigcode", "imagegpt", "decision_transformer"), _RESIDUAL),
    **dict.fromkeys(("modernbert", "modernbert-decoder"), _MODERN),
    **dict.fromkeys(("siglip", "siglip2"), _SIGLIP),
    **dict.fromkeys(("mamba", "mamba2", "falcon_mamba"), _MIXER),
    **dict.fromkeys(
        ("marian", "pegasus", "qwen2_audio_encoder", "whisper", "audioflamingo3_encoder"),
        (Rule("keep", "**.embed_positions.weight"),),  # sinusoids
    ),
    **dict.fromkeys(
        ("parakeet_ctc", "parakeet_encoder"), (Rule("normal(std=std)", "**.bias_{u,v}"),)
    ),
    "dinov2": _DINO,
    "dinov2_with_registers": [*_DINO, Rule("zeros", "**.register_tokens")],
    "dinov3_vit": [*_DINO, Rule("normal(std=std)", "**.register_tokens")],
    "swin": [Rule("zeros", "**.relative_position_bias_table")],
    "convnext": [Rule("constant(value=layer_scale_init_value)", "**.layer_scale_parameter")],
    # The tokens get a truncated normal, and in the next lines zeros.
    "deit": [*_VIT, Rule("zeros", "**.distillation_token")],
    "nanochat": [Rule(_SCALED, "**.o_proj.weight")],
    **dict.fromkeys(("granite_swa", "granitemoe_swa"), (Rule("zeros", "**.sinks"),)),
    "gpt_oss": [Rule("normal(std=std)", "**.router.bias")],
    "afmoe": [Rule("zeros", ("**.router.gate.weight", "**.expert_bias"))],
    "diffllama": [Rule("normal(std=lambda_std_dev)", "**.lambda_{q,k}{1,2}")],
    "doge": [Rule("zeros", "**.self_attn.A"), Rule("ones", "**.*_residual")],
    "convbert": [Rule("zeros", "**.key_conv_attn_layer.bias")],
    "git": [Rule("normal(std=std)", "**.class_embedding")],
    "flaubert": [Rule("normal(std=embed_init_std)", "transformer.*embeddings.weight")],
    "hubert": [Rule("uniform(low=0, high=1)", "masked_spec_embed"), _SPEECH[-1]],
    "wav2vec2": [*_SPEECH, Rule(_TORCH, "**.feature_projection.projection.*")],
    "wavlm": [
        *_SPEECH,
        Rule(_TORCH, "**.feature_projection.projection.*"),
        Rule("ones", "**.gru_rel_pos_const"),
    ],
    "sew": _SPEECH,
    "jetmoe": [
        Rule("normal(std=std)", "**.{input,output}_linear.weight"),
        Rule("zeros", ("**.mlp.bias", "**.experts.bias")),
    ],
    "rwkv": [
        Rule("keep", "**.time_*"),
        Rule(f"orthogonal(gain=0.5 * {_EXPAND})", "head.weight"),
        Rule(f"orthogonal(gain={_EXPAND})", "rwkv.blocks.*.*.*.weight", axes="out in"),
        Rule("orthogonal(gain=1e-4 * sqrt(128))", role="embedding", axes="out in"),
    ],
    "pvt_v2": [Rule("he_normal(mode=fan_out)", layer="Conv2d", role="kernel")],
    "resnet": [
        Rule("he_normal(mode=fan_out)", layer="Conv2d", role="kernel"),
        Rule(_TORCH, layer="Linear"),
    ],
}

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
_CHANGES: dict[str, dict[str, Any]] = {
    "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]},
    "convnext": {"hidden_sizes": [16, 32], "depths": [1, 1], "num_stages": 2},
    "swin": {"embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2]},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "num_layers": 2},
    "mamba2": {"num_heads": 8, "head_dim": 16, "n_groups": 1},
    "wav2vec2": _CONVOLUTIONS,
    "hubert": _CONVOLUTIONS,
    "wavlm": _CONVOLUTIONS,
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
    yield from map(family, TYPES)
    text = family("clip_text_model")
    source = "clip/model.py of openai/CLIP, CLIP.initialize_parameters"
    rules = [*_OPENAI_CLIP, *GENERIC]
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
