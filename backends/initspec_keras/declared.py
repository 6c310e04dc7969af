"""What the layers of a Keras model start with: the initializers that they hold."""

from __future__ import annotations

from typing import Any

import keras

from initspec.backend import IN_OUT, Axes, Declared, InitSpecError, read_native
from initspec_keras.vocabulary.layers import settings
from initspec_keras.walk import weights


def initializers(model: Any) -> dict[str, Declared | None]:
    """Return what layers state, by path; see `initspec.backend.HasInitializers`."""
    return {
        weight.path: _declared(native, layer, name, len(weight.shape))
        for weight in weights(model)
        for layer, name in weight.layers[:1]
        if (native := _initializer(layer, name)) is not None
    }


def _initializer(layer: Any, name: str) -> Any:
    """Return the initializer that a layer has for a weight of its own; None where it has none."""
    stem = name.removesuffix("_kernel").removeprefix("reverse_")
    depthwise = ["depthwise"] if name == "kernel" else []
    for word in (name, stem, *depthwise):
        native = getattr(layer, f"{word}_initializer", None)
        if native is not None:
            return native
    return None


def _declared(native: Any, layer: Any, name: str, rank: int) -> Declared | None:
    try:
        spec, axes = read_native(native)
    except InitSpecError:  # code of somebody's own
        return None
    parts = {}
    if name == "bias" and getattr(layer, "unit_forget_bias", False):
        from initspec import InitSpec

        parts = {"stack[1]": InitSpec.ones()}
    return Declared(spec, axes or _counted(native, layer, name, rank), parts)


def _counted(native: Any, layer: Any, name: str, rank: int) -> Axes:
    """Return what an initializer without axes of its own takes those of a weight for."""
    if rank < 2:
        return Axes("kernel" if rank else "[in=1]")
    # Since Keras 3.15 an EinsumDense passes its own to what is a VarianceScaling.
    if (
        name == "kernel"
        and hasattr(layer, "_update_kernel_initializer")
        and isinstance(native, keras.initializers.VarianceScaling)
    ):
        return Axes(settings(layer)["counted_axes"])
    return IN_OUT
