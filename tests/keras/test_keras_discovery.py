"""How the backend is found, without importing Keras."""

from __future__ import annotations

import sys
from importlib.metadata import version

import keras
import pytest
from initspec_keras import active, backend

from initspec.backend import Backend

BLOCKED = """
import sys, importlib.abc
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in sys.argv[1:]:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in sys.argv[1:] else find(name, *rest)
from initspec_keras import backend
print(backend.why_unusable())
assert not set(sys.modules) & {"keras", "tensorflow", "torch", "jax"}
"""


def test_protocol():
    """The backend has the methods of the protocol, and names Keras and its framework."""
    assert isinstance(backend, Backend)
    framework = keras.backend.backend()
    assert backend.version() == f"{keras.__version__} on {framework} {version(framework)}"
    assert backend.why_unusable() is None
    assert backend.default_axes(1) is None
    assert str(backend.default_axes(4)) == "kernel... in out"


@pytest.mark.parametrize(
    ("keras_backend", "missing", "words"),
    [
        (keras.config.backend(), "", "None"),  # the one that is installed here
        ("torch", "keras", "initspec[keras]"),
        ("tensorflow", "keras", "initspec[tensorflow]"),
        ("", "tensorflow", "initspec[tensorflow]"),
        ("jax", "jax", "initspec[jax]"),
        ("torch", "torch", "initspec[torch]"),
        ("openvino", "", "set KERAS_BACKEND"),
    ],
)
def test_why_unusable(keras_backend, missing, words, fresh, tmp_path):
    """What is missing is said with its extra, and nothing is imported to find out."""
    environment = {"KERAS_BACKEND": keras_backend, "KERAS_HOME": str(tmp_path)}
    assert words in fresh(BLOCKED, missing, **environment)


def test_keras_json(monkeypatch, tmp_path):
    """The framework comes from KERAS_BACKEND, else from keras.json, else it is TensorFlow."""
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert active.framework() == "tensorflow"
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    assert active.framework() == "jax"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert active.framework() == "torch"
    (tmp_path / "keras.json").write_text("[")
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert active.framework() == "tensorflow"
