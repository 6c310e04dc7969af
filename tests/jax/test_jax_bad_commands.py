"""Bad input to the commands that take a model of JAX."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import bad_commands

pytest.importorskip("jax")
pytest.importorskip("flax")

MODULE = """
import jax.numpy as jnp
from flax import linen, nnx

class Net(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.a, self.b = nnx.Linear(4, 3, rngs=rngs), nnx.Linear(3, 2, rngs=rngs)

def net():
    return Net()

def abstract():
    return nnx.eval_shape(Net)

def integer():
    model = Net()
    model.a.kernel = nnx.Param(jnp.zeros((4, 3), jnp.int8))
    return model

def integer_tree():
    return {"a": {"w": jnp.zeros((4, 3), jnp.int32)}}

def without_inputs():
    return linen.Dense(3)

def wrong_inputs():
    return linen.Dense(3), "x"

def texts():
    return {"a": {"w": "x"}}

def state():
    return nnx.state(Net())

def empty():
    return {}

def model_class():
    return Net
"""
ALL = tuple(bad_commands.COMMANDS)
WITH_RECIPE = bad_commands.WITH_RECIPE
FILLING = ("assign", "lock", "diff")
MODELS = {
    ("abstract", "verify"): "a.bias has no values yet: initialize the model first",
    ("integer", *FILLING): "a.kernel: dtype 'int8': initial weights are float16",
    ("integer_tree", *FILLING): "a.w: dtype 'int32': initial weights are float16",
    ("without_inputs", *WITH_RECIPE, "verify"): "the factory returns .module, inputs.",
    ("wrong_inputs", *WITH_RECIPE): "Dense cannot be called with these inputs",
    ("texts", *ALL): "a dict is not a model of .*jax",
    ("state", *ALL): "an? flax.nnx.statelib.State is not a model of .*jax",
    ("empty", *ALL): "a dict is not a model of .*jax",
    ("model_class", *ALL): "the class bad_nets.Net is not a model of .*: pass the model itself",
}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folder of bad files, which the process stands in."""
    with bad_commands.folder(tmp_path_factory.mktemp("bad"), MODULE, "Linear"):
        yield


@pytest.mark.parametrize(("lines", "says"), [*bad_commands.cases("jax", "Linear", MODELS)])
def test_bad_input(lines: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, one message that says what to write, and no file."""
    bad_commands.hold(lines, says, capsys)
