"""Mixtures of experts as torchtitan starts them, in its names and in those of transformers 4 and 5.

torchtitan 0.3.0, torchtitan/models/{qwen3,deepseek_v3,gpt_oss}/__init__.py:
https://github.com/pytorch/torchtitan/blob/v0.3.0/torchtitan/models/deepseek_v3/__init__.py
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from tests.core.models.typed.llm import (
    BLOCKS,
    BY_INDEX,
    LLAMA,
    TIED,
    TITAN,
    UNTIED,
    WIDTH,
    ByIndex,
    Form,
    Rows,
    rows,
)
from tests.core.models.typed.rows import BARE, BIAS, LINEAR, ZEROS, Law, Table, cut, normal

SMALL, ONE = normal(0.02), normal(1.0)
HEAD = cut(WIDTH**-0.5, 3 * WIDTH**-0.5)
OLDER = {**TITAN, "head": ("output.weight",)}
OURS, THEIRS = "layers.{}.", "model.layers.{}."
STACK = (4, 10, 6)
"""Experts, outputs, inputs."""


def attention(form: Form) -> Form:
    """Return an architecture without its feed-forward layers."""
    kept = {
        name: tuple(path for path in paths if ".mlp." not in path and "feed_forward" not in path)
        for name, paths in form.items()
    }
    return {name: paths for name, paths in kept.items() if paths}


def bare(paths: Iterable[str], law: Law | ByIndex) -> Rows:
    """Return the rows of parameters that no table has."""
    return {
        path.format(i): (BARE, STACK, law if isinstance(law, Law) else law(i))
        for path in paths
        for i in BLOCKS
    }


def linear(paths: Iterable[str], law: Law | ByIndex) -> Rows:
    """Return the rows of linear layers."""
    return {
        path.format(i): (LINEAR, (10, 6), law if isinstance(law, Law) else law(i))
        for path in paths
        for i in BLOCKS
    }


def of_qwen() -> list[Table]:
    """Attention and experts add to the residual stream; the router does not."""
    out = normal(0.02 / math.sqrt(2 * len(BLOCKS)))
    experts = f"{OURS}moe.routed_experts.inner_experts."
    forms = {
        "torch": rows(attention(TITAN), SMALL, SMALL, out)
        | bare([f"{experts}w1_EFD", f"{experts}w3_EFD"], SMALL)
        | bare([f"{experts}w2_EDF"], out),
        "transformers 5": rows(attention(LLAMA), SMALL, SMALL, out)
        | bare([f"{THEIRS}mlp.experts.gate_up_proj", f"{THEIRS}mlp.gate.weight"], SMALL)
        | bare([f"{THEIRS}mlp.experts.down_proj"], out),
        "transformers 4": rows(attention(LLAMA), SMALL, SMALL, out)
        | linear([f"{THEIRS}mlp.experts.2.{{{{gate,up}}}}_proj.weight"], SMALL)
        | linear([f"{THEIRS}mlp.experts.2.down_proj.weight"], out),
    }
    return [Table("qwen3-moe-torchtitan", form, made) for form, made in forms.items()]


def of_deepseek() -> list[Table]:
    """A dense block has the names of Llama; the router is by the index of its block, too."""
    experts = f"{OURS}moe.routed_experts.inner_experts."
    latent = linear([f"{OURS}attention.{{{{wkv_a,wkv_b}}}}.weight"], SMALL)
    shared = "moe.shared_experts."
    titan = {
        **latent,
        **bare([f"{experts}w1_EFD"], SMALL),
        **bare([f"{experts}w2_EDF", f"{experts}w3_EFD"], BY_INDEX),
        **linear([f"{OURS}{shared}w1.weight"], SMALL),
        **linear([f"{OURS}{shared}{{{{w2,w3}}}}.weight"], BY_INDEX),
        **linear([f"{OURS}moe.router.gate.weight"], BY_INDEX),
    }
    five = {
        **bare([f"{THEIRS}mlp.gate.weight", f"{THEIRS}mlp.experts.down_proj"], BY_INDEX),
        **linear([f"{THEIRS}mlp.shared_experts.gate_proj.weight"], SMALL),
        **linear([f"{THEIRS}mlp.shared_experts.{{{{up,down}}}}_proj.weight"], BY_INDEX),
        **{
            f"{THEIRS}mlp.experts.gate_up_proj".format(i): (
                BARE,
                STACK,
                SMALL,
                {"stack[1]": BY_INDEX(i)},
            )
            for i in BLOCKS
        },
    }
    four = {
        **linear([f"{THEIRS}mlp.experts.2.gate_proj.weight"], SMALL),
        **linear([f"{THEIRS}mlp.experts.2.{{{{up,down}}}}_proj.weight"], BY_INDEX),
    }
    more = {"up": BY_INDEX, "head": HEAD}
    forms = {
        "torch": rows(TITAN, ONE, SMALL, BY_INDEX, **more) | titan,
        "older torch": rows(OLDER, ONE, SMALL, BY_INDEX, **more),
        "transformers 5": rows(LLAMA, ONE, SMALL, BY_INDEX, **more) | five,
        "transformers 4": rows(LLAMA, ONE, SMALL, BY_INDEX, **more) | four,
    }
    tied = rows(UNTIED, HEAD, SMALL, BY_INDEX, **more)
    name = "deepseek-v3-torchtitan"
    return [
        *(Table(name, form, made) for form, made in forms.items()),
        Table(name, "tied", tied, TIED),
    ]


def of_gpt_oss() -> list[Table]:
    """Every matrix of a block, sinks, and the biases of the experts."""
    experts = f"{OURS}moe.routed_experts.inner_experts.mlp"
    titan = bare(
        [
            f"{OURS}attention.sinks",
            *(f"{experts}{n}" for n in ("1_weight_EGD", "1_bias_EG", "2_weight_EDF", "2_bias_ED")),
        ],
        BY_INDEX,
    )
    theirs = [f"{THEIRS}mlp.experts.{n}_proj" for n in ("gate_up", "down")]
    five = bare(
        [
            f"{THEIRS}self_attn.sinks",
            f"{THEIRS}mlp.router.weight",
            *theirs,
            *(f"{path}_bias" for path in theirs),
        ],
        BY_INDEX,
    ) | bare([f"{THEIRS}mlp.router.bias"], ZEROS)
    router = {f"{OURS}moe.router.gate.bias".format(i): (BIAS, (4,), ZEROS) for i in BLOCKS}
    router |= linear([f"{OURS}moe.router.gate.weight"], BY_INDEX)
    of_titan, of_theirs, older = map(attention, (TITAN, LLAMA, OLDER))
    untied = attention(UNTIED)
    name, laws = "gpt-oss-torchtitan", (SMALL, BY_INDEX, BY_INDEX)
    return [
        Table(name, "torch", rows(of_titan, *laws, head=HEAD) | titan | router),
        Table(name, "older torch", rows(older, *laws, head=HEAD) | titan),
        Table(name, "transformers", rows(of_theirs, *laws, head=HEAD) | five),
        Table(name, "tied", rows(untied, HEAD, *laws[1:]) | five, TIED),
    ]


TABLES = [*of_qwen(), *of_deepseek(), *of_gpt_oss()]
