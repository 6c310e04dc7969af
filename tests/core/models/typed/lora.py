"""Adapters of rank 4 as peft, flax and Keras name them."""

from __future__ import annotations

from typing import Any

from tests.core.models.typed.rows import (
    BARE,
    LINEAR,
    TABLE,
    ZEROS,
    Kind,
    Law,
    Table,
    normal,
    uniform,
)

ADAPTER = Kind("LoRA Module", "other", "in out")


def adapters(inner: Law, table: Law) -> dict[str, tuple[Any, ...]]:
    """Return the rows of adapters, the outer factor of which is 0.

    Args:
        inner: the law of the inner factor.
        table: that of an embedding in Keras.
    """
    return {
        "l.lora_B.default.weight": (LINEAR, (8, 4), ZEROS),
        "e.lora_embedding_A.default": (TABLE, (4, 8), ZEROS),
        "d.{lora_b,lora_kernel_b,lora_embeddings_b}": (ADAPTER, (4, 8), ZEROS),
        "d.{lora_a,lora_kernel_a}": (ADAPTER, (8, 4), inner),
        "d.lora_embeddings_a": (ADAPTER, (8, 4), table),
    }


def peft(inner: Law, conv: Law) -> dict[str, tuple[Any, ...]]:
    """Return the rows of peft, flax and Keras: of 16 inputs, or of 16 at 3, 9 or 27 places."""
    matrix = Kind("Parameter", "kernel", "out in")
    convs = {
        f"c{n}.lora_A.default.weight": (
            Kind(f"Conv{n}d Module", "kernel", "out in kernel..."),
            (4, 16, *[3] * n),
            conv if conv.family == "normal" else kaiming(16 * 3**n),
        )
        for n in (1, 2, 3)
    }
    return {
        "l.base_layer.weight": (LINEAR, (8, 16), None),
        "l.lora_A.default.weight": (LINEAR, (4, 16), inner),
        "l.lora_B.default.weight": (LINEAR, (8, 4), ZEROS),
        "l.lora_B.default.bias": (Kind("Linear Module", "bias", "out"), (8,), ZEROS),
        **convs,
        "e.lora_embedding_A.default": (Kind("Embedding", "embedding", "out stack"), (4, 97), ZEROS),
        "e.lora_embedding_B.default": (matrix, (8, 4), normal(1.0)),
        "d.{lora_a,lora_kernel_a}": (ADAPTER, (16, 4), inner),
        "d.{lora_b,lora_kernel_b}": (ADAPTER, (4, 8), ZEROS),
        "d.lora_embeddings_a": (Kind("Embedding", "other", "stack out"), (97, 4), ZEROS),
        "d.lora_embeddings_b": (ADAPTER, (4, 8), normal(1.0)),
        "l.lora_magnitude_vector.default.weight": (BARE, (8,), None),
    }


def kaiming(fan_in: int) -> Law:
    """Return the law of `kaiming_uniform_(a=sqrt(5))`: U(-b, b), b^2 = 6 / ((1 + 5) fan_in)."""
    return uniform(-(fan_in**-0.5), fan_in**-0.5)


TABLES = [
    Table("lora", "adapters", peft(kaiming(16), kaiming(1))),
    Table("lora-gaussian", "adapters", peft(normal(1 / 4), normal(1 / 4))),
]
