"""The adapters of peft on a small Llama, held against their `reset_*_parameters`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from docs.measured.showcases.families.base import Family
from initspec import Rule

PACKAGES = ("peft", "transformers", "torch")
"""Whose versions belong to the results."""

ENVIRONMENT: dict[str, str] = {}

# kaiming_uniform_(w, a=sqrt(5)): the variance is 1 / (3 fan_in).
_KAIMING = "variance_scaling(scale=1 / 3, distribution=uniform)"


def _kaiming(*names: str) -> Rule:
    """A bare parameter: torch counts its second axis as inputs."""
    return Rule(_KAIMING, tuple(f"**.{name}.default" for name in names), axes="out in")


def _zeros(*names: str) -> Rule:
    return Rule(
        "zeros", tuple(f"**.{name}.default{end}" for name in names for end in ("", ".weight"))
    )


_LORA = [Rule(_KAIMING, "**.lora_A.default.weight"), Rule("zeros", "**.lora_B.default.weight")]

_FAMILIES: dict[str, tuple[str, dict[str, Any], str, list[Rule], str]] = {
    "LoRA": ("LoraConfig", {"r": 8}, "lora_*", _LORA, "lora/layer.py"),
    "LoRA, gaussian": (
        "LoraConfig",
        {"r": 8, "init_lora_weights": "gaussian"},
        "lora_*",
        [Rule("normal(std=1 / 8)", "**.lora_A.default.weight"), _LORA[1]],
        "lora/layer.py",
    ),
    "LoRA of an embedding": (
        "LoraConfig",
        {"r": 8, "target_modules": ["embed_tokens"]},
        "lora_*",
        [
            Rule("zeros", "**.lora_embedding_A.default"),
            Rule("normal(std=1)", "**.lora_embedding_B.default"),
        ],
        "lora/layer.py",
    ),
    "AdaLoRA": (
        "AdaLoraConfig",
        {"init_r": 12, "total_step": 100},
        "{lora_A,lora_B,lora_E}",
        [
            Rule("normal(std=0.02)", ("**.lora_A.default", "**.lora_B.default")),
            Rule("zeros", "**.lora_E.default"),
        ],
        "adalora/layer.py",
    ),
    "IA3": (
        "IA3Config",
        {"feedforward_modules": []},
        "ia3_l",
        [Rule("ones", "**.ia3_l.default")],
        "ia3/layer.py",
    ),
    "LoHa": (
        "LoHaConfig",
        {"r": 8},
        "hada_*",
        [_kaiming("hada_w1_a", "hada_w1_b", "hada_w2_a"), _zeros("hada_w2_b")],
        "loha/layer.py",
    ),
    "LoKr": (
        "LoKrConfig",
        {"r": 4},
        "lokr_*",
        [_zeros("lokr_w1"), _kaiming("lokr_w2_a", "lokr_w2_b", "lokr_w2")],
        "lokr/layer.py",
    ),
    "VeRA": (
        "VeraConfig",
        {"r": 16},
        "vera_lambda_*",
        [
            Rule("constant(value=0.1)", "**.vera_lambda_d.default"),
            Rule("zeros", "**.vera_lambda_b.default"),
        ],
        "vera/layer.py",
    ),
    "FourierFT": (
        "FourierFTConfig",
        {"n_frequency": 100},
        "fourierft_spectrum",
        [Rule("normal(std=1)", "**.fourierft_spectrum.default")],
        "fourierft/layer.py",
    ),
    "OFT": ("OFTConfig", {"oft_block_size": 8, "r": 0}, "oft_R", [_zeros("oft_R")], "oft/layer.py"),
    "BOFT": (
        "BOFTConfig",
        {"boft_block_size": 8, "boft_n_butterfly_factor": 1},
        "boft_*",
        [_zeros("boft_R"), Rule("ones", "**.boft_s.default")],
        "boft/layer.py",
    ),
    "RandLoRA": (
        "RandLoraConfig",
        {"r": 8},
        "randlora_{lambda,gamma}",
        [
            _zeros("randlora_lambda"),
            Rule("constant(value=1 / 64)", "**.randlora_gamma.default"),
        ],
        "randlora/layer.py",
    ),
    "GraLoRA": (
        "GraloraConfig",
        {"r": 8, "gralora_k": 2},
        "gralora_*",
        [
            Rule(_KAIMING, "**.gralora_A.default", axes="stack in out"),
            Rule("zeros", "**.gralora_B.default"),
        ],
        "gralora/layer.py",
    ),
    "RoAd": (
        "RoadConfig",
        {"group_size": 8},
        "road_*",
        [_zeros("road_theta"), Rule("ones", "**.road_alpha.default")],
        "road/layer.py",
    ),
    "C3A": (
        "C3AConfig",
        {"block_size": 8, "init_weights": "xavier_uniform"},
        "c3a_kernel",
        [Rule("glorot_uniform", "**.c3a_kernel.default", axes="out in kernel")],
        "c3a/layer.py",
    ),
    "Prompt tuning": (
        "PromptTuningConfig",
        {"num_virtual_tokens": 16, "task_type": "CAUSAL_LM"},
        "prompt_encoder",
        [Rule("normal(std=1)", "prompt_encoder.default.embedding.weight")],
        "prompt_tuning/model.py: an nn.Embedding",
    ),
}
_ON = {"target_modules": ["q_proj", "v_proj", "down_proj"]}


def _adapted(config: str, settings: dict[str, Any]) -> Any:
    import peft
    import transformers

    small = transformers.LlamaConfig(
        vocab_size=128,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
    )
    targets = {} if "num_virtual_tokens" in settings else _ON
    model = transformers.LlamaForCausalLM(small)
    return peft.get_peft_model(model, getattr(peft, config)(**(targets | settings)))


def families() -> Iterator[Family]:
    """Yield each adapter."""
    for name, (config, settings, names, rules, source) in _FAMILIES.items():
        yield Family(
            name,
            partial(_adapted, config, settings),
            rules,
            f"peft/tuners/{source}",
            only=f"**.{names}.**",
        )
