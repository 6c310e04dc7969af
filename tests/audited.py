"""A model of no framework, right and with faults, whose names are HTML and escape sequences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from initspec import Recipe, Rule, initialize
from initspec.models import owner
from tests.core.models.fake import FakeBackend, Model, weight

NAME = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\n" + "x" * 300

RECIPE = Recipe(
    [
        Rule("normal(std=0.02 / sqrt(2 * depth))", "h.{index}.proj.weight"),
        Rule("orthogonal", "recurrent.weight"),
        Rule("keep", "frozen.weight"),
        Rule("zeros", role="bias"),
        Rule("normal(std=0.02)", role="kernel"),
    ],
    name="mine",
)


@contextmanager
def fake_framework() -> Iterator[None]:
    """Let models be those of the fake backend alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, "registered", lambda: ["fake"])
        patch.setattr(owner, "load", {"fake": FakeBackend()}.get)
        yield


def right() -> Model:
    """Return a model that is as the recipe says."""
    blocks = [
        part
        for index in range(3)
        for part in (
            weight(f"h.{index}.proj.weight", (40, 40), "out in"),
            weight(f"h.{index}.proj.bias", (40,), "out [in=40]", role="bias"),
        )
    ]
    others = [
        weight(f"{NAME}.weight", (20, 30), "out in"),
        weight("recurrent.weight", (16, 16), "out in"),
        weight("frozen.weight", (4, 4), "out in"),
    ]
    model = initialize(Model([*blocks, *others]), RECIPE, seed=3)
    model.arrays["frozen.weight"] = np.ones((4, 4), np.float32)
    return model


def faulty() -> Model:
    """Return one without the residual scaling, with a bias, a NaN and an orthogonal weight off."""
    model = right()
    arrays = model.arrays
    for index in range(3):
        arrays[f"h.{index}.proj.weight"] *= np.float32(6**0.5)
    arrays["h.1.proj.bias"] += np.linspace(-0.1, 0.1, 40, dtype=np.float32)
    arrays[f"{NAME}.weight"][2, 3] = np.nan
    arrays["recurrent.weight"] *= np.float32(1.5)
    return model
