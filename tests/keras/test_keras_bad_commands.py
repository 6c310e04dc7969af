"""Bad input to the commands that take a model of Keras."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import bad_commands
from tests.keras.engine import one_engine

pytestmark = one_engine

MODULE = """
import keras
from keras import layers

def net():
    dense = layers.Dense(3, name="a"), layers.Dense(2, name="b")
    return keras.Sequential([layers.Input((4,)), *dense])

def unbuilt():
    return keras.Sequential([layers.Dense(3)])

def unbuilt_layer():
    return layers.Dense(3)

class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.a, self.b = layers.Dense(3), layers.Dense(2)

def half_built():
    model = Own()
    model.a.build((None, 4))
    return model

def quantised():
    model = net()
    model.quantize("int8")
    return model

def weights():
    return net().weights

def model_class():
    return Own
"""
ALL = tuple(bad_commands.COMMANDS)
MODELS = {
    ("unbuilt", *ALL): "a Sequential; .*a Dense: build the model first",
    ("unbuilt_layer", *ALL): "a Dense: build the model first",
    ("half_built", *ALL): "weights yet: dense_?[0-9]*, a Dense: build the model first",
    (
        "quantised",
        "assign",
        "lock",
        "diff",
    ): "a.kernel .* int8: .*: initialize first, quantize after",
    ("weights", *ALL): "a list is not a model of .*keras",
    ("model_class", *ALL): "the class bad_nets.Own is not a model of .*: pass the model itself",
}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folder of bad files, which the process stands in."""
    with bad_commands.folder(tmp_path_factory.mktemp("bad"), MODULE, "Dense"):
        yield


@pytest.mark.parametrize(("lines", "says"), [*bad_commands.cases("keras", "Dense", MODELS)])
def test_bad_input(lines: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, one message that says what to write, and no file."""
    bad_commands.hold(lines, says, capsys)
