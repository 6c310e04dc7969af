"""Adapters as peft, flax and Keras name them, of three layers."""

from __future__ import annotations

from typing import Any

from tests.core.models.typed.rows import LINEAR, TABLE, ZEROS, Kind, Law

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
