"""The models of keras.applications without weights, held against the initializers in their code."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from docs.measured.showcases.families.base import Family, Rules
from initspec import Rule, recipe

PACKAGES = ("keras", "torch")
"""Whose versions belong to the results."""

ENVIRONMENT = {"KERAS_BACKEND": "torch"}

_DEFAULT = "the defaults of Keras"
# VarianceScaling(2.0, "fan_out", "truncated_normal") and VarianceScaling(1 / 3, "fan_out", "uniform").
_CONV = "he_truncated_normal(mode=fan_out)"
_EFFICIENT = [
    Rule(
        "variance_scaling(scale=1 / 3, mode=fan_out, distribution=uniform)",
        layer="Dense",
        role="kernel",
    ),
    Rule(_CONV, layer="DepthwiseConv2D", axes="kernel... in out", role="kernel"),
    Rule(_CONV, role="kernel"),
    *recipe("keras").rules,
]
_HE = [
    Rule("he_truncated_normal", layer="Conv2D", role="kernel"),
    *recipe("keras").rules,
]

_FAMILIES: dict[str, tuple[dict[str, Any], Rules, str]] = {
    "MobileNet": ({"alpha": 0.25}, "keras", _DEFAULT),
    "MobileNetV2": ({"alpha": 0.35}, "keras", _DEFAULT),
    "MobileNetV3Small": ({}, "keras", _DEFAULT),
    "DenseNet121": ({}, "keras", _DEFAULT),
    "EfficientNetB0": ({}, _EFFICIENT, "efficientnet.py"),
    "EfficientNetV2B0": ({}, _EFFICIENT, "efficientnet_v2.py"),
    "ResNet50": ({"include_top": False}, "keras", _DEFAULT),
    "ConvNeXtTiny": (
        {"include_top": False},
        [Rule("constant(value=1e-6)", "**.gamma", layer="LayerScale"), *recipe("keras").rules],
        "convnext.py",
    ),
    "VGG16": ({"include_top": False}, "keras", _DEFAULT),
}


def _small(name: str, settings: dict[str, Any]) -> Any:
    import keras

    kind = getattr(keras.applications, name)
    return kind(weights=None, input_shape=(32, 32, 3), classes=10, **settings)


def families() -> Iterator[Family]:
    """Yield each model."""
    for name, (settings, rules, source) in _FAMILIES.items():
        yield Family(
            name, partial(_small, name, settings), rules, f"keras/src/applications/{source}"
        )
