"""What the layer table reads of a layer of Keras."""

from __future__ import annotations

from typing import Any

from initspec.backend import einsum_axes


def settings(layer: Any) -> dict[str, Any]:
    """Return the settings that the axes of a layer's parameters depend on."""
    read = {"groups": getattr(layer, "groups", 1)}
    if equation := getattr(layer, "equation", None):
        read["kernel_axes"] = axes = einsum_axes(equation)
        # _analyze_einsum_string in keras/src/layers/core/einsum_dense.py: what is in both is out.
        read["counted_axes"] = axes.replace("stack", "out")
    return read
