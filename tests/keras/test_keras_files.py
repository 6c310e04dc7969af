"""Files of Keras: verified by the paths of their models, inspected without Keras."""

from __future__ import annotations

import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
from initspec_conformance import inspect
from initspec_keras.walk import weights
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import Rule, initialize, lock, parameters
from initspec.backend import load
from initspec.errors import FormatError, TargetError


def mlp():
    return keras.Sequential([keras.Input((6,)), L.Dense(8), L.Dense(8), L.Dense(3)])


def cnn():
    x = keras.Input((8, 8, 3))
    y = L.Conv2D(4, 3, name="stem")(x)
    y = L.add([L.DepthwiseConv2D(3, padding="same")(y), L.SeparableConv2D(4, 3, padding="same")(y)])
    return keras.Model(x, L.Dense(2)(L.Flatten()(L.BatchNormalization()(y))))


def recurrent():
    x = keras.Input((5,), dtype="int32")
    y = L.Bidirectional(L.LSTM(4, return_sequences=True))(L.Embedding(9, 6)(x))
    return keras.Model(x, L.GRU(3)(L.LSTM(4, return_sequences=True)(y)))


def attention():
    x = keras.Input((5, 8))
    y = L.MultiHeadAttention(2, 4)(x, x)
    y = L.LayerNormalization()(L.MultiHeadAttention(2, 4, name="second")(y, y))
    return keras.Model(x, y)


def nested():
    inner = keras.Sequential([L.Dense(4), L.Dense(4)])
    x = keras.Input((4,))
    return keras.Model(x, L.TimeDistributed(L.Dense(2))(L.Reshape((2, 2))(inner(inner(x)))))


MODELS = {f.__name__: f for f in (mlp, cnn, recurrent, attention, nested)}


@pytest.fixture(scope="module", params=MODELS)
def saved(request, tmp_path_factory):
    """A model that is not the first of the process, its lock, and its file."""
    MODELS[request.param]()
    model = MODELS[request.param]()
    initialize(model, "keras", seed=7)
    path = tmp_path_factory.mktemp("models") / "m.keras"
    model.save(path)
    return model, lock(model, "keras", 7), path


def test_a_file_is_verified_by_the_paths_of_its_model(saved) -> None:
    """Every weight is found, and one that differs is."""
    model, plan, path = saved
    assert plan.verify(path) == ()
    last = list(weights(model))[-1]
    before = keras.ops.convert_to_numpy(last.variable)
    last.variable.assign(before + 1)
    model.save(path.with_name("changed.keras"))
    last.variable.assign(before)
    assert plan.verify(path.with_name("changed.keras")) == (last.path,)


def test_the_tensors_of_a_file_are_those_of_its_model(saved) -> None:
    """Names of layers, with the numbers of variables; every parameter is among them."""
    model, _, path = saved
    paths = [parameter.path for parameter in parameters(model)]
    arrays = dict(zip(paths, load("keras").values(model, paths), strict=True))
    with load("keras").tensors(path) as tensors:
        read = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    for name, array in arrays.items():
        assert any(np.array_equal(array, other) for other in read.values()), name
    assert {name.rpartition(".")[2][0] for name in read} == {"#"}


def test_inspect_runs_without_keras(saved, monkeypatch) -> None:
    """It is read by h5py alone: no class of the model is needed, and none is run."""
    model, _, path = saved
    for name in ("keras", "torch", "jax", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)
    assert len(inspect(path).tensors) >= len(model.trainable_weights)


def test_bfloat16_and_compiled_models(tmp_path) -> None:
    """HDF5 has no bfloat16; the state of the optimizer is not of the model."""
    model = keras.Sequential([keras.Input((64,)), L.Dense(64, dtype="bfloat16", name="d")])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    initialize(model, "he", seed=1)
    model.save(tmp_path / "m.keras")
    kernel, bias = inspect(tmp_path / "m.keras").tensors
    assert (kernel.path, kernel.role, kernel.dtype) == ("d.#0", "kernel", "bfloat16")
    assert kernel.looks_like == "he_normal of fan 64"
    assert bias.looks_like == "zeros"
    assert lock(model, "he", 1).verify(tmp_path / "m.keras") == ()


class Unknown(L.Layer):
    """A layer that no file can bring along."""

    def build(self, shape) -> None:
        self.w = self.add_weight(shape=(shape[-1], 16), name="w")

    def call(self, x):
        return x @ self.w


def test_a_layer_that_is_not_imported(tmp_path) -> None:
    """Inspected nevertheless; to be verified it has to be registered, or the model passed."""
    model = keras.Sequential([keras.Input((16,)), Unknown(name="u")])
    model.save(tmp_path / "m.keras")
    assert [tensor.path for tensor in inspect(tmp_path / "m.keras").tensors] == ["u.#0"]
    with (
        zipfile.ZipFile(tmp_path / "m.keras") as old,
        zipfile.ZipFile(tmp_path / "n.keras", "w") as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"Unknown", b"Missing"))
    plan = lock(model, [Rule("zeros", "**")], 0)
    with pytest.raises(FormatError, match=r"Keras cannot load it.*import the module"):
        plan.verify(tmp_path / "n.keras")


def test_lambdas_are_refused(tmp_path) -> None:
    """The code of a Lambda is not run."""
    model = keras.Sequential([keras.Input((4,)), L.Lambda(lambda x: x + 1), L.Dense(2)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(FormatError, match="Keras cannot load it"):
        lock(model, "keras", 0).verify(tmp_path / "m.keras")
    assert len(inspect(tmp_path / "m.keras").tensors) == 2


def test_files_that_are_something_else(saved, tmp_path) -> None:
    """Truncated, foreign, without weights, with values in another file: each is an error."""
    _, plan, path = saved
    content = path.read_bytes()
    file = tmp_path / "m.keras"
    for cut in (0, 4, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:cut])
        with pytest.raises(FormatError, match=r"truncated, or not a .keras file"):
            inspect(file)
        with pytest.raises(FormatError, match="Keras cannot load it"):
            plan.verify(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(FormatError, match=r"model.weights.h5"):
        inspect(file)
    for broken in (inspect, plan.verify):
        with pytest.raises(TargetError, match="No such file"):
            broken(tmp_path / "none.keras")


@pytest.mark.parametrize("kind", ["link", "external", "empty"])
def test_values_that_lie_elsewhere_are_refused(tmp_path, kind: str) -> None:
    """A file cannot have another file read, nor take memory that it does not have."""
    h5 = tmp_path / "w.h5"
    with h5py.File(h5, "w") as root:
        variables = root.create_group("layers/dense/vars")
        if kind == "link":
            variables["0"] = h5py.ExternalLink("/etc/passwd", "/")
        elif kind == "external":
            variables.create_dataset("0", (9,), "u1", external="/etc/passwd")
        else:
            variables.create_dataset("0", (1 << 20, 1 << 20), "f4")
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.write(h5, "model.weights.h5")
    with pytest.raises(FormatError, match=r"in another file|lie elsewhere"):
        inspect(tmp_path / "m.keras")
