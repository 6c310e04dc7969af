"""DiT of two blocks and 32 channels on 4 x 4 patches, as its code names the parameters."""

from __future__ import annotations

import math

import numpy as np

from tests.core.models.typed.rows import (
    BARE,
    BIAS,
    CONV2D,
    LINEAR,
    TABLE,
    ZEROS,
    Law,
    Table,
    normal,
    uniform,
)

WIDTH = 32


def xavier(outs: int, ins: int) -> Law:
    """Return U(-b, b), b^2 = 6 / (ins + outs)."""
    bound = math.sqrt(6 / (ins + outs))
    return uniform(-bound, bound)


def positions() -> np.ndarray:
    """Return get_2d_sincos_pos_embed(32, 4): the place in the row first, sines before cosines."""
    omega = 1 / 10000 ** (np.arange(WIDTH // 4) / (WIDTH / 4))
    rows, columns = np.divmod(np.arange(16), 4)
    angles = [np.outer(places, omega) for places in (columns, rows)]
    return np.concatenate([f(a) for a in angles for f in (np.sin, np.cos)], axis=1)[None]


ROWS = {
    "pos_embed": (BARE, (1, 16, WIDTH), positions()),
    "x_embedder.proj.weight": (CONV2D, (WIDTH, 4, 2, 2), xavier(WIDTH, 4 * 2 * 2)),
    "x_embedder.proj.bias": (BIAS, (WIDTH,), ZEROS),
    "t_embedder.mlp.0.weight": (LINEAR, (WIDTH, 64), normal(0.02)),
    "t_embedder.mlp.2.weight": (LINEAR, (WIDTH, WIDTH), normal(0.02)),
    "t_embedder.mlp.{0,2}.bias": (BIAS, (WIDTH,), ZEROS),
    "y_embedder.embedding_table.weight": (TABLE, (11, WIDTH), normal(0.02)),
    "blocks.{0,1}.attn.qkv.weight": (LINEAR, (3 * WIDTH, WIDTH), xavier(3 * WIDTH, WIDTH)),
    "blocks.{0,1}.attn.proj.weight": (LINEAR, (WIDTH, WIDTH), xavier(WIDTH, WIDTH)),
    "blocks.{0,1}.mlp.fc1.weight": (LINEAR, (4 * WIDTH, WIDTH), xavier(4 * WIDTH, WIDTH)),
    "blocks.{0,1}.mlp.fc2.weight": (LINEAR, (WIDTH, 4 * WIDTH), xavier(4 * WIDTH, WIDTH)),
    "blocks.{0,1}.{attn.qkv,attn.proj,mlp.fc1,mlp.fc2}.bias": (BIAS, (WIDTH,), ZEROS),
    "blocks.{0,1}.adaLN_modulation.1.weight": (LINEAR, (6 * WIDTH, WIDTH), ZEROS),
    "final_layer.adaLN_modulation.1.weight": (LINEAR, (2 * WIDTH, WIDTH), ZEROS),
    "final_layer.linear.weight": (LINEAR, (32, WIDTH), ZEROS),
    "{blocks.0.adaLN_modulation.1,blocks.1.adaLN_modulation.1}.bias": (BIAS, (192,), ZEROS),
    "final_layer.{adaLN_modulation.1,linear}.bias": (BIAS, (32,), ZEROS),
}

TABLES = [Table("dit", "facebook", ROWS)]
