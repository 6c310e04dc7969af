"""The recipes of transformers: the pass for all models, and what several families add to it.

`trunc_normal_(std=s)` without bounds cuts at -2 and 2, a hundred standard deviations away: a normal.
"""

from __future__ import annotations

from initspec import Rule

LINEAR = (
    *("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "Embedding"),
    "Conv1D",
)
NORMS = ("*LayerNorm*", "*RMSNorm*", "GroupNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d")

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
    Rule("normal(std=std)", layer=LINEAR, role="kernel"),
    Rule("normal(std=std)", layer=LINEAR, role="embedding"),
    Rule("zeros", layer=LINEAR, role="bias"),
    Rule("ones", layer=NORMS, role="scale"),
    Rule("zeros", layer=NORMS, role="shift"),
)


def maybe(spec: str, *paths: str) -> Rule:
    """Return a rule for what some of the families have."""
    return Rule(spec, paths, optional=True)


VIT = (
    maybe("normal(std=std)", "**.{cls_token,position_embeddings}"),
    maybe("zeros", "**.mask_token"),
)
DINO = [*VIT, Rule("constant(value=layerscale_value)", "**.lambda1")]
BEIT = [
    maybe("zeros", "**.{cls_token,mask_token,position_embeddings,relative_position_bias_table}"),
    maybe("constant(value=layer_scale_init_value)", "**.lambda_{1,2}"),
]
ZERO_TOKENS = [maybe("zeros", "**.{cls_token,position_embeddings,distillation_token,pos_embed}")]
SCALED = "normal(std=std / sqrt(2 * depth))"
CLIP = [
    maybe("normal(std=64**-0.5)", "**.class_embedding", "classifier.weight"),
    Rule("normal(std=0.02)", "**.embeddings.*.weight"),
    Rule("normal(std=(2 * 64 * depth)**-0.5)", "**.self_attn.{q,k,v}_proj.weight"),
    Rule("normal(std=64**-0.5)", "**.self_attn.out_proj.weight"),
    Rule("normal(std=(2 * 64)**-0.5)", "**.mlp.fc1.weight"),
    Rule("normal(std=(2 * 64 * depth)**-0.5)", "**.mlp.fc2.weight"),
]
OPENAI_CLIP = [
    Rule("normal(std=0.01)", "**.embeddings.position_embedding.weight"),
    Rule("normal(std=64**-0.5)", "**.self_attn.{q,k,v}_proj.weight"),
    Rule("normal(std=(2 * 64 * depth)**-0.5)", "**.self_attn.out_proj.weight"),
    *CLIP,
]
T5 = [
    maybe("normal(std=1)", "shared.weight", "lm_head.weight"),
    Rule("normal(std=(d_model * d_kv)**-0.5)", "**.*Attention.q.weight"),
    Rule("normal(std=d_model**-0.5)", "**.*Attention.{k,v}.weight"),
    Rule("normal(std=(num_heads * d_kv)**-0.5)", "**.*Attention.o.weight"),
    maybe("normal(std=d_model**-0.5)", "**.{relative_attention_bias,wi,wi_0,wi_1}.weight"),
    maybe("normal(std=d_model**-0.5)", "**.global_relative_attention_bias.weight"),
    maybe("normal(std=1)", "**.router.classifier.weight"),
    Rule("normal(std=d_ff**-0.5)", "**.wo.weight"),
]
CENTRED = [Rule("zeros", layer="*RMSNorm*", role="scale")]  # the norm computes 1 + weight
RESIDUAL = [Rule(SCALED, "**.c_proj.weight")]
CUT = "truncated_normal(std={}, corrected=False)"  # at initializer_cutoff_factor, which is 2
MODERN = [
    Rule(CUT.format("std"), "**.tok_embeddings.weight"),
    Rule(CUT.format("std / sqrt(2 * num_hidden_layers)"), "**.{Wo,dense}.weight"),
    Rule(CUT.format("std"), role="kernel"),
]
TORCH = "variance_scaling(scale=1 / 3, distribution=uniform)"
SIGLIP = [
    Rule(
        "normal(std=64**-0.5)",
        (
            "**.vision_model.embeddings.position_embedding.weight",
            "embeddings.position_embedding.weight",
        ),
        optional=True,
    ),
    Rule("lecun_normal(mode=fan_out)", "**.embeddings.*.weight", role="embedding", optional=True),
    Rule("glorot_uniform", "**.self_attn.{q,k,v,out}_proj.weight"),
    Rule("glorot_uniform", "**.mlp.fc{1,2}.weight"),
    Rule("normal(std=1e-6)", "**.mlp.fc{1,2}.bias"),
    Rule("glorot_uniform", "**.head.attention.in_proj_weight", axes="out in"),
    Rule("glorot_uniform", "**.head.probe", axes="stack out in"),
    Rule("zeros", "**.in_proj_bias"),
    maybe("normal(std=64**-0.5)", "classifier.weight"),
    Rule("lecun_normal", role="kernel"),
]
SPEECH = [
    # Of the inputs of the convolution, not of those of a group.
    Rule(
        "normal(std=2 / sqrt(fan_in * num_conv_pos_embedding_groups))",
        "**.pos_conv_embed.conv.weight",
    ),
    maybe("uniform(low=0, high=1)", "**.masked_spec_embed", "quantizer.codevectors"),
    maybe("normal(std=1)", "quantizer.weight_proj.weight"),
    maybe(TORCH, "project_{hid,q}.{weight,bias}"),
    Rule("he_normal", layer="Conv1d", role="kernel"),
]
MIXER = [  # the states, and the inverse softplus of a log-uniform, are not among the distributions
    Rule("keep", ("**.mixer.A_log", "**.mixer.dt_proj.bias", "**.mixer.dt_bias"), optional=True),
    Rule("ones", "**.mixer.D"),
    Rule(TORCH, "**.conv1d.weight", axes="out in kernel"),
    Rule(TORCH, "**.mixer.out_proj.weight", axes="out in"),
    maybe(
        "uniform(low=-(time_step_rank**-0.5), high=time_step_rank**-0.5)", "**.mixer.dt_proj.weight"
    ),
    maybe("ones", "**.mixer.norm.weight"),
    Rule("normal(std=std)", "**.mixer.{in_proj,x_proj}.weight"),
    Rule("zeros", "**.conv1d.bias"),
]
EXPAND = "sqrt(max(1, fan_out / fan_in))"

CLIPS = [  # with the text tower of CLIP, or another one
    Rule("ones", layer=NORMS, role="scale"),
    maybe("constant(value=logit_scale_init_value)", "logit_scale"),
    maybe("normal(std=64**-0.5)", "{text,visual}_projection.weight"),
    *CLIP,
]
SAM = [  # the configuration of the vision model says 1e-10
    Rule("normal(std=1e-10)", "vision_encoder.**", role="kernel"),
    maybe("zeros", "**.pos_embed", "**.rel_pos_{h,w}"),
    maybe("normal(std=32)", "shared_image_embedding.positional_embedding"),
]
STATES = (  # of a mixer; the generic pass comes to its layers
    Rule("keep", ("**.A_log", "**.forget_gate.dt_bias"), optional=True),
    maybe("ones", "**.dt_bias", "**.{mamba,mixer}.D"),
    maybe("ones", "**.{linear_attn,mamba,mixer}.{norm,o_norm}.weight"),
    maybe("ones", "**.mamba.{dt,b,c}_layernorm.weight"),
    maybe("normal(std=std)", "**.{linear_attn,mamba}.*_proj*.weight", "**.{f,f_a,f_b}_proj.weight"),
    maybe("normal(std=std)", "**.conv1d.weight"),
    maybe("zeros", "**.conv1d.bias", "**.mamba.dt_proj.bias"),
)
TIPS = [
    *DINO,
    Rule("normal(std=std)", "**.{cls_token,position_embeddings}"),
    Rule("zeros", "**.{mask_token,register_tokens}"),
]
HYPER = [Rule("normal(std=std)", "**.{fn,hc_fn}")]
PRISM = [
    Rule("zeros", layer="VideoPrismLayerNorm", role="scale"),
    maybe("zeros", "**.per_dim_scale"),
    # The fans of a tensor of three axes: positions count as inputs.
    Rule("normal(std=64**-0.5)", "**.spatial_embeddings.position_embeddings"),
    Rule("normal(std=(16 * 64)**-0.5)", "**.temporal_embeddings.position_embeddings"),
    maybe("normal(std=64**-0.5)", "**.pooling_attention_query"),
    maybe("normal(std=64**-0.5)", "**.{cls_emb,token_embedding.weight}"),
    Rule("lecun_normal", layer=LINEAR, role="kernel"),
]
GRIFFIN = [
    Rule("keep", "**.recurrent_param"),
    Rule("normal(std=16**-0.5 * sqrt(w_init_variance_scale))", "**.*_gate_weight"),
    Rule("zeros", "**.*_gate_bias"),
    Rule("normal(std=64**-0.5)", ("**.{q,k,v}_proj.weight", "**.linear_{x,y}.weight")),
    Rule(
        "normal(std=sqrt(final_w_init_variance_scale / 64))",
        ("**.o_proj.weight", "**.linear_out.weight"),
    ),
    Rule("normal(std=sqrt(w_init_variance_scale / conv1d_width))", layer=LINEAR, role="kernel"),
    Rule(
        "normal(std=sqrt(w_init_variance_scale / conv1d_width))",
        layer=LINEAR,
        role="embedding",
    ),
    *CENTRED,
]
GROUPS = [
    Rule("normal(std=0.02)", "**.group_token"),
    Rule("zeros", "**.position_embeddings"),
    Rule("normal(std=(2 * 64 * 2)**-0.5)", "**.{self_attn,attn}.{q,k,v}_proj.weight"),
    Rule("normal(std=64**-0.5)", "**.out_proj.weight"),
    Rule("normal(std=(2 * 64)**-0.5)", "**.fc1.weight"),
    Rule("normal(std=(2 * 64 * 2)**-0.5)", "**.fc2.weight"),
    Rule("ones", layer=NORMS, role="scale"),
    maybe("constant(value=logit_scale_init_value)", "logit_scale"),
]
