"""The recipes of vision models on small ones of keras.applications."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras.src.applications import efficientnet, resnet

from initspec import initialize, parameters, recipe
from initspec.models.owner import owner
from tests.built import check_built
from tests.keras.engine import one_engine


def efficient(build: int) -> Any:
    """Return an EfficientNet of one block, which expands."""
    keras.utils.set_random_seed(build)
    return efficientnet.EfficientNet(
        1.0,
        0.5,
        32,
        blocks_args=[dict(block) for block in efficientnet.DEFAULT_BLOCKS_ARGS[1:2]],
        input_shape=(32, 32, 3),
        weights=None,
        classes=100,
    )


def values(model: Any) -> dict[str, np.ndarray]:
    """Return the parameters by path."""
    paths = [parameter.path for parameter in parameters(model)]
    return dict(zip(paths, owner(model).values(model, paths), strict=True))  # type: ignore[attr-defined]


# On torch a few values in a million are beyond Keras' truncated normal; one engine is enough.
@pytest.mark.skipif(keras.backend.backend() != "jax", reason="once is enough: run on JAX")
def test_efficientnets_start_as_their_recipe() -> None:
    """Every parameter, at 1e-6 for the file."""
    check_built("efficientnet-keras", efficient, values)


@one_engine
def test_resnet50_starts_as_in_timm() -> None:
    """Of each block the last scale is 0, and no other."""

    def stack(x: Any) -> Any:
        return resnet.stack_residual_blocks_v1(x, 8, 2, stride1=1, name="conv2")

    model = resnet.ResNet(
        stack, False, True, weights=None, classes=10, input_shape=(32, 32, 3), weights_name=None
    )
    initialize(model, "resnet-timm", 7)
    gammas = {path: value for path, value in values(model).items() if path.endswith(".gamma")}
    zero = {path for path, value in gammas.items() if not value.any()}
    assert zero == {"conv2_block1_3_bn.gamma", "conv2_block2_3_bn.gamma"}
    assert all(value.all() for path, value in gammas.items() if path not in zero)
    assert recipe("resnet-timm").on(model)["predictions.bias"].fans.fan_in == 32
