"""What the layer tables read of a layer of flax or Equinox."""

from __future__ import annotations

from typing import Any

from initspec.backend import einsum_axes


def settings(layer: Any) -> dict[str, Any]:
    """Return the settings that the axes of a layer's parameters depend on."""
    read: dict[str, Any] = {
        "feature_group_count": getattr(layer, "feature_group_count", 1),
        "groups": getattr(layer, "groups", 1),
    }
    size = getattr(layer, "kernel_size", ())
    read["taps"] = len(size) if isinstance(size, (tuple, list)) else 1
    if getattr(layer, "transpose_kernel", False):
        read["kernel_axes"] = "kernel... out in"
    equation = getattr(layer, "einsum_str", None)
    if isinstance(equation, str):
        read["kernel_axes"] = einsum_axes(equation)
    elif isinstance(getattr(layer, "axis", None), int | tuple | list):
        # The general linear layers: kernels [batch..., in..., out...].
        batch = getattr(layer, "batch_dims", None) or getattr(layer, "batch_axis", ())
        outputs = getattr(layer, "features", None) or getattr(layer, "out_features", ())
        counts = {"stack": batch, "in": layer.axis, "out": outputs}
        read["kernel_axes"] = " ".join(
            role
            for role, given in counts.items()
            for _ in range(1 if isinstance(given, int) else len(given))
        )
    return read
