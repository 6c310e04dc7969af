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
        if layer.bias_axes:
            read["bias_axes"] = _bias_axes(equation, layer.bias_axes, len(layer.bias.shape))
    return read


def _bias_axes(equation: str, letters: str, rank: int) -> str:
    """Return the axes of an EinsumDense's bias: its letters, and others of size 1 among them."""
    operands, output = equation.replace(" ", "").split("->")
    inputs, kernel = operands.split(",")
    after = output[min(map(output.index, letters)) :].replace(".", "")
    stacks = set(inputs) & set(kernel) & set(letters)
    roles = ["stack" if letter in stacks else "out" for letter in after]
    return " ".join([*roles, *["out"] * (rank - len(roles))])
