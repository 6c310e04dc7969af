"""The drawings of the axes page have the axes of the layer tables, and so has the suite."""

from __future__ import annotations

import runpy
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from initspec_conformance.expected.tables import weights

from initspec import Axes
from initspec.backend import read_layers

ROOT = Path(__file__).resolve().parents[2]
DRAWINGS = runpy.run_path(str(ROOT / "docs" / "scripts" / "axes_drawings.py"))["ROWS"]

DRAWN = {
    "linear-torch": ("torch", "Linear", "weight", {}),
    "linear-keras": ("keras", "Dense", "kernel", {}),
    "conv-torch": ("torch", "Conv2d", "weight", {}),
    "conv-keras": ("keras", "Conv2D", "kernel", {}),
    "grouped-torch": ("torch", "Conv2d", "weight", {"groups": 4}),
    "grouped-keras": ("keras", "Conv2D", "kernel", {"groups": 4}),
    "depthwise-torch": ("torch", "Conv2d", "weight", {"groups": 32}),
    "depthwise-keras": ("keras", "DepthwiseConv2D", "kernel", {}),
    "depthwise-flax": ("jax", "Conv", "kernel", {"feature_group_count": 32}),
    "transposed-torch": ("torch", "ConvTranspose2d", "weight", {}),
    "transposed-torch-grouped": ("torch", "ConvTranspose2d", "weight", {"groups": 4}),
    "transposed-keras": ("keras", "Conv2DTranspose", "kernel", {}),
    "transposed-flax": ("jax", "ConvTranspose", "kernel", {}),
    "attention-torch": ("torch", "MultiheadAttention", "in_proj_weight", {}),
    "attention-keras-query": ("keras", "MultiHeadAttention", "query.kernel", {}),
    "attention-keras-output": ("keras", "MultiHeadAttention", "attention_output.kernel", {}),
    "lstm-torch": ("torch", "LSTM", "weight_ih_l0", {}),
    "lstm-keras": ("keras", "LSTMCell", "kernel", {}),
    "embedding": ("torch", "Embedding", "weight", {}),
    "bias": ("torch", "Linear", "bias", {}),
}
"""Each drawing: the backend, the layer class, the parameter and the settings."""


@pytest.mark.parametrize("name", DRAWN)
def test_drawings_have_the_axes_of_the_tables(name):
    """What is drawn is what the layer's table says."""
    line, shape = DRAWINGS[name]
    backend, kind, path, settings = DRAWN[name]
    shapes = {path: shape} | ({"weight": (48, 512)} if name == "bias" else {})
    table = read_layers(f"initspec_{backend}")
    assert table.find([kind]).axes(path, shapes, settings).layout(shape) == Axes(line).layout(shape)


def test_every_drawing_of_a_framework_is_held():
    """Experts and fused grouped queries are weights that no framework has a layer for."""
    without = {"experts", "attention-unequal-torch", "attention-unequal-keras"}
    assert set(DRAWINGS) - set(DRAWN) == without


def test_the_suite_has_the_same_axes_by_hand():
    """The suite's tables, typed by hand, and the product's agree on every weight."""
    text = (files("initspec_conformance.expected") / "layers.toml").read_text("utf-8")
    typed = {row["name"]: row for row in tomllib.loads(text)["weight"]}
    typed |= {row.name: vars(row) for row in weights()}
    held = set()
    for backend in ("torch", "keras", "jax"):
        for weight in read_layers(f"initspec_{backend}").weights:
            row = typed[weight.name]
            assert weight.shape == tuple(row["shape"]), weight.name
            layout = Axes(weight.axes).layout(weight.shape)
            assert layout == Axes(row["axes"]).layout(weight.shape), weight.name
            assert layout.fans == tuple(row["fans"]), weight.name
            held.add(weight.name)
    assert held == set(typed)
