"""Inspect files: what is in them, and those that are cut, foreign, empty or changed."""

from __future__ import annotations

import io
import json
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from initspec_conformance import inspect
from ml_dtypes import bfloat16, float8_e4m3fn
from safetensors.numpy import save_file

from initspec.cli import main
from initspec.errors import FormatError, InitSpecError, TargetError
from tests.conformance.inspected import WEIGHTS, draw, look, save


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_files_are_as_arrays(tmp_path, suffix: str) -> None:
    """What is read of a file is what is seen of its arrays; integers are named and skipped."""
    result = inspect(save(tmp_path / f"w{suffix}"))
    by_path = {tensor.path: tensor for tensor in result.tensors}
    for tensor in inspect(WEIGHTS).tensors:
        assert by_path[tensor.path] == tensor
    assert by_path["steps"].skipped == "int64 is not looked into"


def test_dtypes_of_safetensors(tmp_path) -> None:
    """bfloat16 and float16 are looked into; float8 is named with its shape."""
    weight = draw("he_normal", (64, 48))
    kinds = {"a": bfloat16, "b": np.float16, "c": float8_e4m3fn}
    path = tmp_path / "w.safetensors"
    save_file({name: weight.astype(kind) for name, kind in kinds.items()}, path)
    a, b, c = inspect(path).tensors
    assert a.moments.std == pytest.approx(weight.std(), rel=0.01)
    assert b.dtype == "float16"
    assert (c.shape, c.skipped) == ((64, 48), "F8_E4M3 is not looked into")


def test_an_index_of_several_files(tmp_path) -> None:
    """Its parts lie beside it: one that is missing, elsewhere, or without a tensor is an error."""
    names = ("one.safetensors", "two.safetensors")
    for i, name in enumerate(names):
        save(tmp_path / name, {f"h.{i}.weight": draw("he_normal", (32, 32), seed=i)})
    index = tmp_path / "model.safetensors.index.json"

    def write(**files: str) -> None:
        index.write_text(json.dumps({"weight_map": files}))

    right = {f"h.{i}.weight": name for i, name in enumerate(names)}
    write(**right)
    assert [tensor.path for tensor in inspect(index).tensors] == list(right)
    write(**right, **{"h.2.weight": "three.safetensors"})
    with pytest.raises(FormatError, match=r"its part 'three.safetensors' is not there"):
        inspect(index)
    write(**{"h.0.weight": "../one.safetensors"})
    with pytest.raises(FormatError, match="is not there"):
        inspect(index)
    write(**right, **{"h.2.weight": names[0]})
    with pytest.raises(FormatError, match=r"'h.2.weight' is not in one.safetensors"):
        inspect(index)
    for text in ("[]", "{}", "{", '{"weight_map": 1}'):
        index.write_text(text)
        with pytest.raises(FormatError, match="is not an index of weights"):
            inspect(index)


def pickled() -> bytes:
    return pickle.dumps({"a": [1, 2]})


def object_archive() -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.array([{}], object))
    return file.getvalue()


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 64, b"PK\x03\x04" + b"\0" * 64, pickled(), b'{"a": 1}' * 9]
)
def test_files_that_are_something_else(tmp_path, suffix: str, content: bytes) -> None:
    """Empty, cut, pickled or foreign ones are refused in a line."""
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="w"):
        inspect(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_truncated_files(tmp_path, suffix: str) -> None:
    """A file that was cut anywhere is an error, and never numbers."""
    path = save(tmp_path / f"w{suffix}")
    content = path.read_bytes()
    for end in range(0, len(content) - 1, 509):
        path.write_bytes(content[:end])
        with pytest.raises(FormatError):
            inspect(path)


def test_pickles_in_npz_are_refused(tmp_path) -> None:
    """Nothing of them is loaded."""
    path = tmp_path / "w.npz"
    path.write_bytes(object_archive())
    (tensor,) = inspect(path).tensors
    assert tensor.skipped == "object is not looked into"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", pickled())
    with pytest.raises(FormatError, match="cannot be read"):
        inspect(path)


def test_a_file_that_changes_is_refused(tmp_path, monkeypatch) -> None:
    """Cut, or written anew, while it is read."""
    from initspec_conformance.inspection import inspect as module

    whole = module.moments_of

    def during(action):
        def moments(values):
            action()
            return whole(values)

        monkeypatch.setattr(module, "moments_of", moments)

    path = tmp_path / "w.safetensors"
    save(path, {"a": WEIGHTS["a.weight"], "b": WEIGHTS["a.weight"] + 1})
    content = path.read_bytes()
    during(lambda: path.write_bytes(content[:-16]))
    with pytest.raises(FormatError, match="was cut while it was read"):
        inspect(path)
    during(lambda: path.write_bytes(content + b"\0"))
    path.write_bytes(content)
    with pytest.raises(FormatError, match="was changed while it was read"):
        inspect(path)


def test_what_cannot_be_inspected(tmp_path) -> None:
    """A missing file, a folder, another suffix, a number."""
    for name in ("none.safetensors", "none.npz"):
        with pytest.raises(TargetError, match="No such file"):
            inspect(tmp_path / name)
    with pytest.raises(TargetError, match=r"ends in .safetensors, .npz"):
        inspect(save(tmp_path / "w.safetensors").rename(tmp_path / "w.gguf"))
    with pytest.raises(TargetError):
        inspect(tmp_path)
    with pytest.raises(InitSpecError):
        inspect(7)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".SAFETENSORS", ".Npz"])
def test_empty_files_and_tensors(tmp_path, suffix: str) -> None:
    """A file without tensors is an error, a tensor without elements is not."""
    with pytest.raises(TargetError, match="has no tensors: there is nothing to inspect"):
        inspect(save(tmp_path / f"w{suffix}", {}))
    (tensor,) = look(a_weight=np.zeros((0, 4))).tensors
    assert tensor.skipped == "it has no elements"


def test_control_characters_are_replaced(tmp_path) -> None:
    """Names of tensors reach no terminal as they are."""
    weight = np.full((4, 4), np.nan, np.float32)
    text = str(inspect(save(tmp_path / "w.safetensors", {"a\x1b[31m.weight": weight})))
    assert "\x1b" not in text
    assert "a\ufffd" in text


def test_control_characters_of_an_error_are_replaced(tmp_path, monkeypatch, capsys) -> None:
    """Those of the file's name and of a tensor's, which a header may have."""
    path = tmp_path / "w\x1b[31m.safetensors"
    header = b'{"a\\u001b[31m": {"dtype": "F32", "shape": [4], "data_offsets": [0, 99]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    monkeypatch.setattr("sys.argv", ["initspec", "inspect", str(path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert "w\ufffd[31m.safetensors is truncated: a\ufffd" in message
    assert "\x1b" not in message


def test_a_file_takes_the_memory_of_its_largest_tensor(tmp_path) -> None:
    """And not that of all: they are read into the same memory, one after the other."""
    rng = np.random.default_rng(0)
    weights = {f"{i}.weight": rng.random((1024, 1024), np.float32) for i in range(4)}
    path = save(tmp_path / "w.safetensors", weights)
    inspect(WEIGHTS)  # what is imported and cached
    tracemalloc.start()
    try:
        inspect(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * weights.popitem()[1].nbytes
