"""What the `_init_weights` of each family of transformers adds to the pass for all models."""

from __future__ import annotations

from collections.abc import Sequence

from docs.measured.showcases.families.transformers_rules import (
    BEIT,
    CENTRED,
    CLIP,
    CLIPS,
    CUT,
    DINO,
    EXPAND,
    GRIFFIN,
    GROUPS,
    HYPER,
    LINEAR,
    MIXER,
    MODERN,
    PRISM,
    RESIDUAL,
    SAM,
    SCALED,
    SIGLIP,
    SPEECH,
    STATES,
    T5,
    TIPS,
    TORCH,
    VIT,
    ZERO_TOKENS,
    maybe,
)
from initspec import Rule

SPECIAL: dict[str, Sequence[Rule]] = {
    **dict.fromkeys(("vit", "pixio", "ijepa"), VIT),
    **dict.fromkeys(("beit", "data2vec-vision", "internvl_vision"), BEIT),
    **dict.fromkeys(("audio-spectrogram-transformer", "dpt", "layoutlmv3"), ZERO_TOKENS),
    **dict.fromkeys(("clip_text_model", "clip_vision_model", "clip"), CLIP),
    **dict.fromkeys(("t5", "mt5", "longt5", "umt5", "switch_transformers"), T5),
    **dict.fromkeys(
        (
            "gemma",
            "gemma2",
            "gemma3_text",
            "minimax_m3_vl_text",
        ),
        CENTRED,
    ),
    **dict.fromkeys(("gpt2", "gpt_bigcode", "imagegpt", "decision_transformer"), RESIDUAL),
    **dict.fromkeys(("modernbert", "modernbert-decoder"), MODERN),
    **dict.fromkeys(("siglip", "siglip2"), SIGLIP),
    **dict.fromkeys(("mamba", "mamba2", "falcon_mamba"), MIXER),
    **dict.fromkeys(
        ("marian", "pegasus", "qwen2_audio_encoder", "whisper", "audioflamingo3_encoder"),
        (Rule("keep", "**.embed_positions.weight"),),  # sinusoids
    ),
    **dict.fromkeys(
        ("parakeet_ctc", "parakeet_encoder"), (Rule("normal(std=std)", "**.bias_{u,v}"),)
    ),
    "dinov2": DINO,
    "dinov2_with_registers": [*DINO, Rule("zeros", "**.register_tokens")],
    "dinov3_vit": [*DINO, Rule("normal(std=std)", "**.register_tokens")],
    **dict.fromkeys(
        ("swin", "donut-swin", "maskformer-swin"),
        (Rule("zeros", "**.relative_position_bias_table"),),
    ),
    # Layers of its own, that are not torch's.
    "ibert": [
        Rule("zeros", "**.{word,position}_embeddings.weight", part="[0]"),
        Rule("normal(std=std)", "**.embeddings.{word,token_type,position}_embeddings.weight"),
        Rule("normal(std=std)", "**.{query,key,value,dense}.weight"),
        Rule("zeros", "**.{query,key,value,dense}.bias"),
    ],
    "flava": [
        Rule("zeros", ("**.cls_token", "**.position_embeddings", "**.mask_token")),
        Rule("constant(value=logit_scale_init_value)", "**.logit_scale"),
        Rule("normal(std=std)", "image_codebook.**.weight"),  # frozen
        Rule("zeros", "image_codebook.**.bias"),
    ],
    "convnext": [Rule("constant(value=layer_scale_init_value)", "**.layer_scale_parameter")],
    # The tokens get a truncated normal, and in the next lines zeros.
    "deit": [*VIT, Rule("zeros", "**.distillation_token")],
    "nanochat": [Rule(SCALED, "**.o_proj.weight")],
    **dict.fromkeys(("granite_swa", "granitemoe_swa"), (Rule("zeros", "**.sinks"),)),
    "gpt_oss": [Rule("normal(std=std)", "**.router.bias")],
    "afmoe": [Rule("zeros", ("**.router.gate.weight", "**.expert_bias"))],
    "diffllama": [Rule("normal(std=lambda_std_dev)", "**.lambda_{q,k}{1,2}")],
    "doge": [Rule("zeros", "**.self_attn.A"), Rule("ones", "**.*_residual")],
    "convbert": [Rule("zeros", "**.key_conv_attn_layer.bias")],
    "git": [Rule("normal(std=std)", "**.class_embedding")],
    "flaubert": [Rule("normal(std=embed_init_std)", "transformer.*embeddings.weight")],
    "hubert": [Rule("uniform(low=0, high=1)", "masked_spec_embed"), SPEECH[-1]],
    "wav2vec2": [*SPEECH, Rule(TORCH, "**.feature_projection.projection.*")],
    "wavlm": [
        *SPEECH,
        Rule(TORCH, "**.feature_projection.projection.*"),
        Rule("ones", "**.gru_rel_pos_const"),
    ],
    "sew": SPEECH,
    "jetmoe": [
        Rule("normal(std=std)", "**.{input,output}_linear.weight"),
        Rule("zeros", ("**.mlp.bias", "**.experts.bias")),
    ],
    "rwkv": [
        Rule("keep", "**.time_*"),
        Rule(f"orthogonal(gain=0.5 * {EXPAND})", "head.weight"),
        Rule(f"orthogonal(gain={EXPAND})", "rwkv.blocks.*.*.*.weight", axes="out in"),
        Rule("orthogonal(gain=1e-4 * sqrt(128))", role="embedding", axes="out in"),
    ],
    "pvt_v2": [Rule("he_normal(mode=fan_out)", layer="Conv2d", role="kernel")],
    "resnet": [
        Rule("he_normal(mode=fan_out)", layer="Conv2d", role="kernel"),
        Rule(TORCH, layer="Linear"),
    ],
    **dict.fromkeys(
        (
            *("chinese_clip", "chinese_clip_vision_model", "clipseg", "metaclip_2"),
            *("owlv2", "owlvit"),
        ),
        CLIPS,
    ),
    "altclip": [
        Rule("normal(std=768**-0.5)", "text_projection.weight"),  # of project_dim
        Rule("normal(std=0.02)", "text_model.**", role="kernel"),
        *CLIPS,
    ],
    "groupvit": GROUPS,
    "mlcd_vision_model": [
        Rule("normal(std=8**-0.5)", "class_pos_emb"),  # of half a head
        *CLIPS,
    ],
    **dict.fromkeys(("sam", "sam_hq", "sam_vision_model", "sam_hq_vision_model"), SAM),
    **dict.fromkeys(("siglip_vision_model", "siglip2_vision_model"), SIGLIP),
    **dict.fromkeys(
        ("moss_transcribe_diarize_audio", "voxtral_encoder", "roformer"),
        (Rule("keep", "**.embed_positions.weight"),),  # sinusoids
    ),
    **dict.fromkeys(
        (
            *("bamba", "falcon_h1", "granitemoehybrid", "jamba", "kimi_linear", "bailing_hybrid"),
            "lara_mini",
        ),
        STATES,
    ),
    **dict.fromkeys(("qwen3_5_moe_text", "qwen3_5_text", "qwen3_next"), (*STATES, *CENTRED)),
    **dict.fromkeys(("vaultgemma", "t5gemma"), CENTRED),
    "aimv2": [
        Rule("constant(value=log(1 / 0.07))", "logit_scale"),
        maybe("normal(std=1)", "{visual,text}_projection.weight"),  # initializer_factor
        Rule("normal(std=0.02)", "{text,vision}_model.**.cls_token"),
        Rule("normal(std=0.02)", "{text,vision}_model.**", role="kernel"),
        Rule("normal(std=0.02)", "{text,vision}_model.**", role="embedding"),
    ],
    "aimv2_vision_model": [Rule("normal(std=std)", "**.cls_token")],
    "beam": [Rule("zeros", "**.gate_bias")],
    "blip": [  # the configuration of the vision model says 1e-10
        Rule("normal(std=1e-10)", "vision_model.embeddings.*_embedding"),
        Rule("normal(std=1e-10)", "vision_model.**", role="kernel"),
    ],
    "bridgetower": [
        maybe("constant(value=logit_scale_init_value)", "logit_scale"),
        Rule(
            "normal(std=64**-0.5)",
            "**.visual.embeddings.{class_embedding,position_embedding.weight}",
        ),
        Rule("normal(std=64**-0.5)", "**.attn.in_proj_weight"),
        Rule("normal(std=(2 * 64)**-0.5)", "**.mlp.c_fc.weight"),
        Rule("normal(std=(2 * 64 * 2)**-0.5)", ("**.attn.out_proj.weight", "**.mlp.c_proj.weight")),
        Rule("zeros", "**.in_proj_bias"),
        Rule("normal(std=0.05)", layer=LINEAR, role="kernel"),
        Rule("normal(std=0.05)", layer=LINEAR, role="embedding"),
    ],
    "deberta": [Rule("zeros", "**.{q,v}_bias")],
    "deepseek_v4": [
        *HYPER,
        Rule("zeros", ("**.{base,hc_base,position_bias,sinks}",)),
        Rule("ones", "**.{scale,hc_scale}"),
    ],
    "dory": [
        Rule("constant(value=std)", ("**.{sqk,s_gate,lambda_1,lambda_2}", "lm_head.logit_scale")),
        Rule("ones", "**.suv_*"),
    ],
    "evolla": [
        Rule("normal(std=std)", "**.latents"),
        Rule("zeros", "**.adapter.gate_*"),
    ],
    "gemma3n_audio": [Rule("zeros", "**.per_dim_scale"), Rule("ones", "**.norm.weight")],
    "gemma4_audio": [Rule("zeros", "**.per_dim_scale")],
    "gemma4_vision": [Rule("ones", "**.position_embedding_table")],
    "gpt_neox_japanese": [Rule("zeros", "**.dense_bias")],
    "hrm_text": [Rule("zeros", "model.z_L_init")],
    "hy_v4": [
        *HYPER,
        Rule("constant(value=0.01)", "**.{scale,hc_scale}"),
        Rule("keep", "**.base"),  # -log(3) in the first entries
        Rule("constant(value=-log(3))", "**.hc_base"),
        Rule("constant(value=learnable_sink_init)", "**.sinks"),
    ],
    **dict.fromkeys(
        ("inkling_text", "inkling_mm_model"),
        (
            Rule("normal(std=std)", ("**.rel_logits_proj.proj", "**.shared_experts.*_proj")),
            Rule("ones", "**.global_scale"),
        ),
    ),
    # trunc_normal_ at its default standard deviation of 1, which it cuts at 2
    "kimi_k25_vision": [Rule(CUT.format(1), "**.position_embeddings")],
    "llama": [],
    "mistral_large4_text": [
        Rule("zeros", ("**.softmax_scaling.scale", "rotary_emb.alpha")),
        Rule("ones", "**.softmax_scaling.bias"),
    ],
    "mllama": [
        Rule("normal(std=std)", ("**.class_embedding", "**.embedding", "**.gate_{attn,ffn}")),
        Rule("zeros", ("**.gate", "**.cross_attn_*_gate")),
    ],
    "mobilebert": [
        Rule("ones", layer="NoNorm", role="scale"),
        Rule("zeros", layer="NoNorm", role="shift"),
    ],
    "nemotron_asr_streaming_encoder": [Rule("normal(std=std)", "**.bias_{u,v}")],
    "neomme": [
        Rule("normal(std=embedding_rank**-0.5)", ("**.word_embeddings.weight", "lm_head.weight")),
        Rule(
            "zeros", ("**.alpha", "layers.**.{o_proj,down_proj}.weight", "value_embeddings.weight")
        ),
        Rule("keep", "**.lambdas"),  # 1 and 0
    ],
    "olmo_hybrid": [Rule("keep", "**.dt_bias"), *STATES],
    "openai_privacy_filter": [Rule("normal(std=std)", "**.router.bias")],
    "patchtst": [Rule("keep", "**.position_enc")],  # sinusoids
    "qianfan_ocr_vision": BEIT,
    "recurrent_gemma": GRIFFIN,
    "sam3_lite_text_text_model": [
        Rule("normal(std=64**-0.5)", ("**.position_embedding", "projection.weight")),
        Rule("constant(value=layer_scale_init_value)", "**.layer_scale"),
    ],
    "sam3_vit_model": [Rule("normal(std=std)", "**.position_embeddings")],
    "sapiens2": [
        Rule("normal(std=std)", "**.{cls_token,register_tokens}"),
        Rule("constant(value=layerscale_value)", "**.lambda1"),
    ],
    "seggpt": [
        Rule("normal(std=std)", ("**.embeddings.*", "embeddings.*_*", "**.rel_pos_{h,w}")),
    ],
    "sew-d": SPEECH,
    "step3p7": [
        Rule("constant(value=layer_scale_init_value)", "**.lambda_*"),
        Rule("zeros", layer="Step3p7RMSNorm", role="scale"),
    ],
    "swiftformer": [
        Rule("constant(value=layer_scale_init_value)", "**.layer_scale_{1,2}"),
        Rule("ones", "**.layer_scale"),
        Rule("normal(std=1)", "**.w_g"),
    ],
    "tapas": [],
    **dict.fromkeys(("timesfm", "timesfm2_5"), (Rule("ones", "**.scaling"),)),
    "timesformer": [
        Rule("normal(std=std)", "**.{cls_token,position_embeddings}"),
        Rule("zeros", "**.time_embeddings"),
    ],
    **dict.fromkeys(("tipsv2_vision_model",), TIPS),
    "udop": [Rule(CUT.format(1), layer="Conv2d", role="kernel"), *T5],
    **dict.fromkeys(("vilt", "vit_msn", "vivit"), ZERO_TOKENS),
    "vitdet": [Rule("normal(std=std)", "**.position_embeddings")],
    "wav2vec2-bert": [
        maybe("uniform(low=0, high=1)", "**.masked_spec_embed"),
        Rule(TORCH, "**.feature_projection.projection.*"),
        Rule("he_normal", layer="Conv1d", role="kernel"),
    ],
    "xclip": [
        Rule("normal(std=64**-0.5)", "prompts_visual_projection"),
        Rule("normal(std=1)", "mit.position_embedding"),
        Rule("normal(std=512**-0.5)", "mit.**.out_proj.weight"),
        Rule("normal(std=(2 * 512)**-0.5)", "mit.**", role="kernel"),
        Rule("normal(std=0.02)", "vision_model.**.message_fc.weight"),
        Rule("normal(std=(2 * 64 * 2)**-0.5)", "**.message_attn.{q,k,v}_proj.weight"),
        Rule("normal(std=64**-0.5)", "**.message_attn.out_proj.weight"),
        Rule("constant(value=prompt_alpha)", "prompts_generator.alpha"),
        *CLIPS,
    ],
    "xlm": [Rule("normal(std=embed_init_std)", "transformer.*embeddings.weight")],
    "xlnet": [
        Rule(
            "normal(std=std)",
            ("**.mask_emb", "**.rel_attn.{q,k,v,o,r,seg_embed}", "**.rel_attn.r_*_bias"),
        ),
    ],
    "xlstm": [
        Rule("normal(std=sqrt(2 / (5 * 64)))", ("**.embeddings.weight", "lm_head.weight")),
        Rule("zeros", "**.{igate,fgate,ogate}_preact.weight"),
        Rule("constant(value=-10)", "**.igate_preact.bias"),
        Rule("keep", "**.fgate_preact.bias"),  # from 3 to 6 in equal steps
        Rule("normal(std=2 / num_hidden_layers / sqrt(64))", "**.out_proj.weight"),
        Rule("normal(std=2 / num_hidden_layers / sqrt(fan_in))", "**.proj_down.weight"),
        Rule("normal(std=sqrt(2 / (5 * 64)))", layer="Linear", role="kernel"),
    ],
    "yolos": [
        Rule("normal(std=0.02)", "**.detection_tokens"),
        Rule("zeros", ("**.cls_token", "**.*position_embeddings")),
    ],
    "youtu": [
        Rule(
            "normal(std=embedding_initializer_range)", ("**.embed_tokens.weight", "lm_head.weight")
        )
    ],
    # Constants that are computed in bfloat16.
    **dict.fromkeys(("apertus", "apertus1p5_text"), (Rule("keep", "**.act_fn.alpha_{p,n}"),)),
    "clvp": [
        maybe("constant(value=logit_scale_init_value)", "logit_scale"),
        Rule("normal(std=(2 * 64)**-0.5)", "**.mlp.fc1.**.weight"),
        Rule("normal(std=(2 * 64 * 2)**-0.5)", "**.mlp.fc2.weight"),
        Rule("normal(std=64**-0.5)", "{speech,text}_encoder_model.projection.weight"),
        Rule("normal(std=1)", "**.mel_conv.weight"),
        Rule("normal(std=0.02 / sqrt(2 * 2))", "**.mlp.c_proj.weight"),
        Rule("normal(std=0.02)", layer=LINEAR, role="kernel"),
        Rule("normal(std=0.02)", layer=LINEAR, role="embedding"),
    ],
    "nemotron_h": [
        Rule("keep", ("**.mixer.A_log", "**.mixer.dt_bias")),
        Rule("ones", ("**.mixer.D", "**.mixer.norm.weight")),
        Rule(
            "variance_scaling(scale=1 / 3 / num_hidden_layers, distribution=uniform)",
            "**.mixer.out_proj.weight",
            axes="out in",
        ),
        Rule("normal(std=std)", ("**.mixer.in_proj.weight", "**.mixer.conv1d.weight")),
        Rule("zeros", "**.mixer.conv1d.bias"),
    ],
    "pocket_tts_audio_tokenizer_encoder": [
        Rule("constant(value=layer_scale_initial_scale)", "**.*_layer_scale.scale"),
        Rule("he_normal", layer="Conv1d", role="kernel"),
        Rule(TORCH, layer="Conv1d", role="bias"),
    ],
    "pp_ocrv5_mobile_rec": [Rule("ones", "**.lab.scale"), Rule("zeros", "**.lab.bias")],
    "tipsv2": [Rule("constant(value=temperature_init_value)", "temperature"), *TIPS],
    **dict.fromkeys(("videoprism", "videoprism_vision_model"), PRISM),
    **dict.fromkeys(
        ("unispeech", "unispeech-sat"),
        (
            maybe("normal(std=std)", "project_{hid,q}.weight"),
            maybe("zeros", "project_{hid,q}.bias", "label_embeddings_concat"),
            Rule(TORCH, "**.feature_projection.projection.*"),
            *SPEECH,
        ),
    ),
    "wav2vec2-conformer": [
        Rule(TORCH, "**.feature_projection.projection.*"),
        Rule("glorot_uniform", "**.pos_bias_{u,v}", axes="out in", optional=True),
        *SPEECH,
    ],
    "data2vec-audio": [
        maybe("uniform(low=0, high=1)", "**.masked_spec_embed"),
        Rule(TORCH, "**.feature_projection.projection.*"),
        Rule("he_normal", layer="Conv1d", role="kernel"),
        Rule("zeros", "**.pos_conv_embed.**.conv.bias"),
        Rule(TORCH, layer="Conv1d", role="bias"),
    ],
    "convnextv2": [Rule("zeros", "**.grn.*")],
    "regnet": [
        Rule("he_normal(mode=fan_out)", layer="Conv2d", role="kernel"),
        Rule(TORCH, ("**.attention.*.bias", "classifier.*.*")),
    ],
    "poolformer": [Rule("constant(value=layer_scale_init_value)", "**.layer_scale_{1,2}")],
}
