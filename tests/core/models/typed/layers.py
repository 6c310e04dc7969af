"""What each layer starts with in PyTorch 2.13, Keras 3.15 and flax 0.12, and as if it were theirs.

A row has one law for each of the three recipes. Of a layer of the same framework it is what that
draws, which tests/*/test_*_defaults.py measure; of another's layer, what its kin there starts with.
"""

from __future__ import annotations

import math
from typing import Any

from tests.core.models.typed.rows import (
    BARE,
    LINEAR,
    ONES,
    SCALE,
    SHIFT,
    TABLE,
    ZEROS,
    Kind,
    Law,
    Table,
    constant,
    normal,
    uniform,
)


def bound(count: int) -> Law:
    """Return torch's U(-1 / sqrt(count), 1 / sqrt(count))."""
    return uniform(-(count**-0.5), count**-0.5)


def glorot(ins: int, outs: int) -> Law:
    """Return U(-b, b), b^2 = 6 / (ins + outs)."""
    limit = math.sqrt(6 / (ins + outs))
    return uniform(-limit, limit)


def he(ins: int) -> Law:
    """Return U(-b, b), b^2 = 6 / ins."""
    return uniform(-math.sqrt(6 / ins), math.sqrt(6 / ins))


def lecun(ins: int) -> Law:
    """Return flax' normal, cut at two standard deviations and widened to the variance 1 / ins."""
    cut = 2 / 0.87962566103423978 * ins**-0.5
    return Law("truncated_normal", 0.0, ins**-0.5, -cut, cut)


def orthogonal(ins: int, outs: int) -> Law:
    """Return the law of an entry of an orthogonal matrix."""
    return Law("orthogonal", 0.0, max(ins, outs) ** -0.5, -1.0, 1.0, (ins, outs))


def kernel(layers: str, axes: str) -> Kind:
    """Return the kind of a kernel."""
    return Kind(layers, "kernel", axes)


def other(layers: str, axes: str | None = None) -> Kind:
    """Return the kind of what is none of the usual."""
    return Kind(layers, "other", axes)


EVERY = (ZEROS, ZEROS, ZEROS)
SMALL = uniform(-0.05, 0.05)  # Keras
FORGETFUL = ({}, {"stack[1]": ONES}, {})
"""The parts of a bias: in Keras the forget gate is open."""
Layers = dict[str, tuple[Any, ...]]

PLAIN: Layers = {
    "linear.weight": (LINEAR, (8, 24), bound(24), glorot(24, 8), lecun(24)),
    "linear.bias": (Kind("Linear", "bias", "out [in=24]"), (8,), bound(24), ZEROS, ZEROS),
    "bilinear.weight": (
        kernel("Bilinear", "out in in"),
        (5, 6, 6),
        bound(6),
        glorot(36, 5),
        lecun(36),
    ),
    "bilinear.bias": (Kind("Bilinear", "bias", "out [in=36]"), (5,), bound(6), ZEROS, ZEROS),
    "embedding.weight": (TABLE, (97, 32), normal(1.0), SMALL, normal(32**-0.5)),
    "reversible.reverse": (
        kernel("ReversibleEmbedding Embedding", "in out"),
        (32, 97),
        bound(32),
        SMALL,
        lecun(32),
    ),
    "norm.weight": (SCALE, (8,), ONES, ONES, ONES),
    "norm.bias": (SHIFT, (8,), *EVERY),
    "prelu.weight": (other("PReLU"), (3,), constant(0.25), ZEROS, constant(0.01)),
    "einsum.kernel": (
        kernel("Einsum", "stack in out"),
        (6, 8, 4),
        bound(8),
        glorot(8, 4),
        lecun(48),
    ),
}

# Of 2 inputs and 4 outputs in each of 4 groups; of one, two and three axes, by torch and by Keras.
CONVOLUTIONS: Layers = {}
for n in (1, 2, 3):
    k = 3**n
    grouped = (bound(2 * k), glorot(2 * k, 16 * k), lecun(2 * k))
    transposed = (bound(4 * k), glorot(6 * k, 4 * k), lecun(6 * k))
    sizes = (3,) * n
    CONVOLUTIONS |= {
        f"conv{n}.weight": (
            kernel(f"Conv{n}d _ConvNd", "(stack=4 out) in kernel..."),
            (16, 2, *sizes),
            *grouped,
        ),
        f"conv{n}.kernel": (
            kernel(f"Conv{n}D BaseConv", "kernel... in (stack=4 out)"),
            (*sizes, 2, 16),
            *grouped,
        ),
        f"transposed{n}.weight": (
            kernel(f"ConvTranspose{n}d _ConvNd", "in out kernel..."),
            (6, 4, *sizes),
            *transposed,
        ),
        f"transposed{n}.bias": (
            Kind(f"ConvTranspose{n}d _ConvNd", "bias", f"out [in=6 kernel={k}]"),
            (4,),
            bound(4 * k),
            ZEROS,
            ZEROS,
        ),
        f"transposed{n}.kernel": (
            kernel(f"Conv{n}DTranspose BaseConvTranspose", "kernel... out in"),
            (*sizes, 4, 6),
            *transposed,
        ),
    }
    if n < 3:
        CONVOLUTIONS |= {
            f"{name}{n}.kernel": (
                kernel(f"{layer}{n}D", "kernel... stack out"),
                (*sizes, 8, 1),
                bound(k),
                glorot(8 * k, k),
                lecun(k),
            )
            for name, layer in (("depthwise", "DepthwiseConv"), ("separable", "SeparableConv"))
        }
CONVOLUTIONS["transposed.kernel"] = (  # flax, with transpose_kernel: counted as if without it
    kernel("ConvTranspose", "kernel... out in"),
    (3, 3, 4, 6),
    bound(36),
    glorot(54, 36),
    lecun(36),
)

# Of 6 inputs and 8 units.
RECURRENT: Layers = {}
for gates, name in ((4, "LSTM"), (3, "GRU")):
    inputs = (bound(8), glorot(6, gates * 8), lecun(6))
    states = (bound(8), orthogonal(8, gates * 8), orthogonal(8, 8))
    parts = FORGETFUL if gates == 4 else ({}, {}, {})
    for path, layers in ((name, f"{name} RNNBase"), (f"{name}Cell", f"{name}Cell RNNCellBase")):
        end = "" if "Cell" in path else "_l0"
        axes = f"(stack={gates} out)"
        RECURRENT |= {
            f"torch{path}.weight_ih{end}": (kernel(layers, f"{axes} in"), (gates * 8, 6), *inputs),
            f"torch{path}.weight_hh{end}": (
                Kind(layers, "recurrent_kernel", f"{axes} in"),
                (gates * 8, 8),
                *states,
            ),
            f"torch{path}.bias_ih{end}": (
                Kind(layers, "bias", f"{axes} [in=6]"),
                (gates * 8,),
                *(bound(8), ZEROS, ZEROS),
                parts,
            ),
            f"torch{path}.bias_hh{end}": (
                Kind(layers, "recurrent_bias", f"{axes} [in=8]"),
                (gates * 8,),
                *(bound(8), ZEROS, ZEROS),
            ),
        }
    for path, layers in ((name, f"{name} RNN {name}Cell"), (f"{name}Cell", f"{name}Cell Layer")):
        axes = f"in (stack={gates} out)"
        RECURRENT |= {
            f"keras{path}.kernel": (kernel(layers, axes), (6, gates * 8), *inputs),
            f"keras{path}.recurrent_kernel": (
                Kind(layers, "recurrent_kernel", axes),
                (8, gates * 8),
                *states,
            ),
        }
RECURRENT |= {
    "project.weight_hr_l0": (
        kernel("LSTM RNNBase", "out in"),
        (4, 8),
        bound(8),
        glorot(8, 4),
        lecun(8),
    ),
    "simple.kernel": (
        kernel("SimpleRNNCell", "in out"),
        (6, 8),
        bound(8),
        glorot(6, 8),
        lecun(6),
    ),
    "unknown.weight": (
        Kind("Cell", "recurrent_kernel", "in out"),
        (6, 8),
        bound(8),
        orthogonal(6, 8),
        orthogonal(6, 8),
    ),
    "unknown.bias": (
        Kind("Cell", "recurrent_bias", "out [in=6]"),
        (8,),
        bound(8),
        ZEROS,
        ZEROS,
    ),
    # flax: the forget gate's bias is that of the state; MGU's alone is open there.
    "cell.hf.bias": (
        Kind("LSTMCell RNNCellBase", "recurrent_bias", "out [in=8]"),
        (8,),
        *(bound(8), ONES, ZEROS),
    ),
    "minimal.if.bias": (
        Kind("MGUCell RNNCellBase", "bias", "out [in=6]"),
        (8,),
        *(bound(8), ZEROS, ONES),
    ),
    "optimized.dense_h.bias": (
        Kind("OptimizedLSTMCell RNNCellBase", "recurrent_bias", "(stack=4 out) [in=8]"),
        (32,),
        *(bound(8), ZEROS, ZEROS),
        FORGETFUL,
    ),
    "optimized.dense_h.kernel": (
        Kind("OptimizedLSTMCell RNNCellBase", "recurrent_kernel", "in (stack=4 out)"),
        (8, 32),
        *(bound(8), orthogonal(8, 32), orthogonal(8, 32)),
    ),
    "gated.dense_h.kernel": (
        Kind("GRUCell RNNCellBase", "recurrent_kernel", "in (stack=3 out)"),
        (8, 24),
        *(bound(8), orthogonal(8, 24), orthogonal(8, 24)),
    ),
    "conv.hh.kernel": (
        Kind("ConvLSTMCell RNNCellBase", "recurrent_kernel", "kernel... in (stack=4 out)"),
        (1, 1, 4, 16),
        *(bound(4), orthogonal(4, 16), lecun(4)),
    ),
    "conv.ih.bias": (  # flax, which adds the 1 itself
        Kind("ConvLSTMCell RNNCellBase", "bias", "(stack=4 out) [in=4 kernel=1]"),
        (16,),
        *(bound(4), ZEROS, ZEROS),
    ),
}

# Of width 8.
MULTI = "MultiheadAttention Module"
ATTENTION: Layers = {
    "mha.{q,k,v}_proj_weight": (
        kernel(MULTI, "out in"),
        (8, 6),
        *(glorot(6, 8), glorot(6, 8), lecun(6)),
    ),
    "mha.in_proj_weight": (
        kernel(MULTI, "(stack=3 out) in"),
        (24, 8),
        *(glorot(8, 24), glorot(8, 8), lecun(8)),
    ),
    "mha.out_proj.weight": (
        kernel(f"{MULTI} Linear", "out in"),
        (8, 8),
        *(bound(8), glorot(8, 8), lecun(8)),
    ),
    "mha.in_proj_bias": (Kind(MULTI, "bias", "(stack=3 out) [in=8]"), (24,), *EVERY),
    "mha.bias_{k,v}": (
        other(MULTI, "out out out"),
        (1, 1, 8),
        *(normal(math.sqrt(2 / 16)),) * 3,
    ),
    "equinox.{query,key,value}_proj.weight": (
        kernel(MULTI, "out in"),
        (8, 6),
        *(glorot(6, 24), glorot(6, 8), lecun(6)),
    ),
    "additive.scale": (other("AdditiveAttention Attention"), (8,), *(glorot(8, 8),) * 3),
    "dot.{scale,concat_score_weight}": (other("Attention Layer"), (), ONES, ONES, ONES),
    **{
        f"{name}.{{query,key,value}}.kernel": (
            kernel(name, "in out out"),
            (6, 2, 4),
            *(glorot(6, 24), glorot(6, 8), lecun(6)),
        )
        for name in ("MultiHeadAttention", "MultiHeadDotProductAttention", "GroupedQueryAttention")
    },
    **{
        f"{name}.query.bias": (Kind(name, "bias", "out out [in=6]"), (2, 4), *EVERY)
        for name in ("MultiHeadAttention", "MultiHeadDotProductAttention", "GroupedQueryAttention")
    },
}

# Of rank 4. What an adapter adds is 0 at first, and torch's is peft's.
ADAPTERS: Layers = {
    "l.lora_A.default.weight": (LINEAR, (4, 16), bound(16), he(16), he(16)),
    "l.lora_B.default.weight": (LINEAR, (8, 4), *EVERY),
    "e.lora_embedding_A.default": (Kind("Embedding", "embedding", "out stack"), (4, 97), *EVERY),
    "e.lora_embedding_B.default": (
        kernel("Embedding", "out in"),
        (8, 4),
        *(normal(1.0), he(4), he(4)),
    ),
    "n.lora_a": (other("LoRA", "stack in out"), (3, 16, 4), bound(16), he(16), he(16)),
    "p.lora_a": (BARE, (16, 4), bound(16), he(16), he(16)),
    "d.lora_kernel_a": (other("Dense", "in out"), (16, 4), bound(16), he(16), he(16)),
    "d.lora_embeddings_a": (other("Embedding", "stack out"), (97, 4), bound(97), he(97), he(97)),
    "n.{lora_b,lora_kernel_b,lora_embeddings_b}": (other("LoRA", "in out"), (4, 8), *EVERY),
}

ALL = PLAIN | CONVOLUTIONS | RECURRENT | ATTENTION | ADAPTERS
NO_PARTS: tuple[dict[str, Law], ...] = ({}, {}, {})

TABLES = [
    Table(
        recipe,
        "layers",
        {
            path: (*row[:2], row[2 + i], (row[5] if len(row) > 5 else NO_PARTS)[i])
            for path, row in ALL.items()
        },
    )
    for i, recipe in enumerate(("torch", "keras", "flax"))
]
