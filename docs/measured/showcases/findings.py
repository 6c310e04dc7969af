"""What was found: each checked by hand against the source of its library, with a reproduction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from docs.measured.disagreements.rows.base import github

REPRODUCTIONS = Path(__file__).parent / "reproductions"


@dataclass(frozen=True)
class Fault:
    """A fault of a library, and which findings of the audits it explains.

    Attributes:
        id: its anchor on the page, and the name of its reproduction.
        title: what happens.
        where: the files and functions.
        why: a paragraph.
        library: the library, as in `measure.LIBRARIES`.
        families: a pattern of the families.
        paths: a pattern of the paths.
        kinds: the kinds of the findings.
        links: upstream, as (text, address).
    """

    id: str
    title: str
    where: str
    why: str
    library: str
    families: str
    paths: str
    kinds: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()

    @property
    def reproduction(self) -> Path:
        """A script that shows it without initspec."""
        return REPRODUCTIONS / f"{self.id.replace('-', '_')}.py"

    def explains(self, library: str, family: str, path: str, kind: str) -> bool:
        """Return whether a finding is of this fault."""
        return bool(
            library == self.library
            and kind in self.kinds
            and re.search(self.families, family)
            and re.search(self.paths, path)
        )


_STATELESS = github("keras-team/keras-hub", 352)

FAULTS = (
    Fault(
        "attention-kernels",
        "Query, key, value and output kernels start as one weight",
        "`build` of `LlamaAttention` and of 12 classes like it, in `keras_hub/src/models/*/*_attention.py`",
        "The attention layer clones the initializer that it is given once, and hands that one object to "
        "four `EinsumDense` layers. An unseeded initializer of Keras draws its seed when it is made, and "
        "the same numbers at every call: the kernels start with the same values, in the order of memory, "
        "whatever their shapes. Where every head has a key of its own, query and key are one matrix, and each token "
        "attends to itself. Layers that clone at each use, such as `BloomAttention`, are right.",
        "keras_hub",
        "Llama|Mistral|Mixtral|Phi3|Qwen|GptOss|Gemma",
        r"attention\.(key|value|attention_output)\.kernel",
        ("copy",),
        (_STATELESS,),
    ),
    Fault(
        "encoder-kernels",
        "All six kernels of a block start as one weight",
        "`build` of `RoformerV2Encoder` and `RoformerAttention` (`roformer_v2/`), `ESMEncoder` (`esm/`), "
        "`XLNetEncoder` and `TwoStreamRelativeAttention` (`xlnet/`), in `keras_hub/src/models`",
        "One initializer object is handed to the attention and to both layers of the feed-forward network, "
        "and is nowhere cloned. In XLNet the segment encoding starts as their first values, too.",
        "keras_hub",
        "ESM|Roformer|XLNet",
        "",
        ("copy",),
        (_STATELESS,),
    ),
    Fault(
        "expert-kernels",
        "Stacks of experts and their router start as one weight",
        "`MixtralMoeExperts.build`, `MixtralSparseMoeBlock.build` (`mixtral_decoder.py`), "
        "the `build` of `QwenSparseMoeBlock`, `Qwen3SparseMoeBlock` and `GptOssSparseMoeBlock` and of their experts",
        "As above: the router and the stacks of experts share one initializer object, in gpt-oss the stacks alone. In Mixtral the gate of "
        "every expert equals its other input kernel. Where a rule goes by fans, as there, the copies differ by "
        "a factor.",
        "keras_hub",
        "Mixtral|Qwen|GptOss",
        r"experts\.|shared_expert|gate",
        ("copy",),
        (_STATELESS,),
    ),
    Fault(
        "reversible-embedding",
        "The untied output embedding starts as the input embedding",
        "`ReversibleEmbedding.build`, `keras/src/layers/core/reversible_embedding.py`",
        "With `tie_weights=False` the layer draws its second matrix with the initializer of the first: the "
        "same values in the order of memory, in another shape. A row of the one is spread over rows of the "
        "other.",
        "keras_hub",
        "",
        r"reverse_embeddings$",
        ("copy",),
        (_STATELESS,),
    ),
    Fault(
        "mixtral-initializer",
        "Mixtral's experts and router ignore the model's initializer",
        "`MixtralTransformerDecoder.build`, `keras_hub/src/models/mixtral/mixtral_decoder.py`",
        "`MixtralSparseMoeBlock` is made without `kernel_initializer`, which the decoder has: it falls back to "
        "`glorot_uniform`, whose fans count the experts of a stack as places of a kernel. `QwenMoe`, `Qwen3Moe` "
        "and `GptOss` hand it on.",
        "keras_hub",
        "^MixtralBackbone$",
        "sparse_moe_block",
        ("std", "distribution"),
    ),
    Fault(
        "t5-embedding",
        "T5's token embedding has mean 1",
        "`T5Backbone.__init__`, `keras_hub/src/models/t5/t5_backbone.py`",
        "`TruncatedNormal(1.0)`: the first argument of Keras' initializer is the mean, and its stddev stays at "
        "0.05. Every token starts as nearly the same vector of ones. T5 has mean 0 and standard deviation 1.",
        "keras_hub",
        "^T5Backbone$",
        "^token_embedding",
        ("mean", "std"),
        (github("keras-team/keras-hub", 828), github("huggingface/transformers", 17294)),
    ),
    Fault(
        "weight-norm",
        "The positional convolution of speech models is never initialized",
        "`_init_weights` of `Wav2Vec2PreTrainedModel` and its kin: `init.normal_(module.conv.weight, ...)`",
        "`Wav2Vec2PositionalConvEmbedding` has put its convolution under "
        "`torch.nn.utils.parametrizations.weight_norm` when `_init_weights` comes: `conv.weight` is then "
        "computed from `original0` and `original1` at every access, and what is written is thrown away. The "
        "layer keeps the uniform start of `nn.Conv1d`.",
        "transformers",
        "Wav2Vec2|WavLM|Hubert|SEW|UniSpeech|Data2VecAudio",
        r"pos_conv_embed.*conv\.weight",
        ("std", "distribution"),
        (
            github("huggingface/transformers", 26494),
            github("NVIDIA/DeepLearningExamples", 1331),
        ),
    ),
    Fault(
        "siglip-lecun",
        "The LeCun normal of SigLIP and VideoPrism is 1.137 times too wide",
        "`_variance_scaling`, `transformers/initialization.py`",
        "The standard deviation is divided by 0.8796, which makes up for a cut at two standard deviations. But "
        "`trunc_normal_` has no bounds there, and torch's are -2 and 2 in absolute numbers: nothing is cut, and "
        "nothing had to be made up for.",
        "transformers",
        "Siglip|VideoPrism",
        r"(patch_embedding|projection|_proj|fc\d)\.weight$|position_embeddings$|attention_query$",
        ("std",),
        (github("huggingface/pytorch-image-models", 1286), github("pytorch/torchtitan", 3334)),
    ),
    Fault(
        "modernbert-padding",
        "The padding row of ModernBERT and BridgeTower is drawn",
        "`_init_weights` of `ModernBertPreTrainedModel`, `ModernBertDecoderPreTrainedModel` and "
        "`BridgeTowerPreTrainedModel`",
        "The generic pass sets the row of `padding_idx` to zero. Then the family's own code draws the whole "
        "table again, and torch gives that row no gradient: it stays as it was drawn.",
        "transformers",
        "ModernBert|BridgeTower",
        r"embeddings\.weight \[0\]$",
        ("part",),
        (github("pytorch/pytorch", 6495),),
    ),
    Fault(
        "xlstm-gate",
        "The feed-forward networks of xLSTM start as zero functions",
        "`xLSTMPreTrainedModel._init_weights`, `transformers/models/xlstm/modeling_xlstm.py`: "
        '`"gate" in self._module_name_map(module)`',
        "Kernels of the input and forget gates are to be zero, with biases that open or close them. The test for "
        "the name also meets `proj_up_gate`, which has no bias: SiLU(0) times the other projection is 0, "
        "so that the network returns nothing, and its other two kernels get no gradient. The small "
        "initialization, which the next lines give to all other kernels, does not reach it.",
        "transformers",
        "^xLSTM",
        r"proj_up_gate\.weight$",
        ("untouched",),
    ),
    Fault(
        "equal-tokens",
        "Detection tokens and group tokens start at zero, all as one",
        "`YolosEmbeddings.__init__` (`yolos/modeling_yolos.py`) and `GroupViTStage.__init__` "
        "(`groupvit/modeling_groupvit.py`), in `transformers/models`",
        "Both are made by `torch.zeros`, and their `_init_weights` leaves them so; hustvl/YOLOS and NVlabs/GroupViT "
        "draw them from `trunc_normal_` with standard deviation 0.02. In YOLOS their positions are zero, "
        "too: the hundred tokens that are to find a hundred objects are one, and a new model predicts one box a "
        "hundred times.",
        "transformers",
        "^(Yolos|GroupViT)",
        r"(detection_tokens|group_token)$",
        ("untouched",),
        (
            github("huggingface/transformers", 39772),
            github("NVlabs/GroupViT", 36),
            github("huggingface/pytorch-image-models", 2229),
        ),
    ),
    Fault(
        "bigbird-pegasus-tie",
        "The head of BigBirdPegasusForCausalLM is not tied",
        "`BigBirdPegasusForCausalLM`, `transformers/models/bigbird_pegasus/modeling_bigbird_pegasus.py`",
        "`tie_word_embeddings` is True, but the class has no `_tied_weights_keys`, which "
        "`BigBirdPegasusForConditionalGeneration`, `PegasusForCausalLM` and `BartForCausalLM` have.",
        "transformers",
        "^BigBirdPegasusForCausalLM$",
        "embed_tokens|lm_head",
        ("tie",),
    ),
    Fault(
        "clip-projections",
        "CLIP's residual scaling is at query, key and value, not at the output",
        "`CLIPPreTrainedModel._init_weights`, `transformers/models/clip/modeling_clip.py`: the branch of "
        "`CLIPAttention`, which ChineseCLIP, OWL-ViT, GroupViT and CLIPSeg repeat",
        "OpenAI's `initialize_parameters` draws the input projections of an attention layer with width**-0.5 and "
        "divides the output projection, which adds to the residual stream, by sqrt(2 * layers). Here the "
        "division is at the input projections. Positions have 0.02 where OpenAI has 0.01.",
        "transformers",
        "^CLIPTextModel, as OpenAI's",
        r"self_attn\.\w+_proj\.weight|position_embedding",
        ("std",),
        (
            (
                "openai/CLIP, model.py",
                "https://github.com/openai/CLIP/blob/dcba3cb2e2827b402d2701e7e1c7d9fed8a20ef1/clip/model.py#L299",
            ),
        ),
    ),
    Fault(
        "deit-tokens",
        "DeiT's tokens are drawn, then set to zero",
        "`DeiTPreTrainedModel._init_weights`, `transformers/models/deit/modeling_deit.py`",
        "Two blocks of one function for `DeiTEmbeddings`: the first draws class token and positions from "
        "`trunc_normal_`, as facebookresearch/deit does, the second sets both to zero. The first is without "
        "effect.",
        "transformers",
        "^DeiT",
        r"cls_token|position_embeddings",
        ("untouched",),
    ),
    Fault(
        "outside",
        "Keras on torch draws truncated normals outside their bounds",
        "`truncated_normal`, `keras/src/backend/torch/random.py`",
        "Of four normals it takes one within the bounds, and where none is, one outside: four values in a million. "
        "Kernels of a million entries show it. The [native audit](../native-audit.md#outside) has it, too.",
        "keras_applications",
        "",
        "",
        ("support",),
    ),
    Fault(
        "anyinit-variance",
        "Every draw of AnyInit has exactly the variance that it should have on average",
        "`_normalize`, `anyinit/core/distributions.py`",
        "A draw is divided by its own standard deviation, so that its entries are not independent: the standard "
        "deviations of draws scatter a thousand times less than chance makes them. In a small weight that changes "
        "the law of every entry, too: of 16 none can be more than 3.9 standard deviations from their mean, and "
        "a uniform leaves its bounds.",
        "anyinit",
        "",
        "",
        ("underdispersed", "support", "tails", "rows", "positions"),
    ),
)


def fault_of(library: str, family: str, finding: list[str]) -> Fault | None:
    """Return the fault that a finding is of: the first that explains it."""
    path, kind = finding[0], finding[1]
    return next((f for f in FAULTS if f.explains(library, family, path, kind)), None)
