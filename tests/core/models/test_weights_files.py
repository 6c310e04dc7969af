"""Files of weights: .npz and .safetensors, whole and broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from initspec.errors import FormatError, TargetError
from initspec.models.weights_file import opened
from tests.core.models.locks import filled, same_bits, save


def test_npz(tmp_path) -> None:
    """NumPy reads what is written, the file verifies, and bfloat16 is refused before."""
    plan, network = filled()
    with pytest.raises(TargetError, match=r"no bfloat16, which cell.kernel is of"):
        save(plan, tmp_path / "w.npz")
    kept = tuple(p for p in plan.drawn if p.dtype != "bfloat16")
    plan = replace(plan, parameters=kept)
    save(plan, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as arrays:
        assert list(arrays) == [p.path for p in kept]
        assert all(same_bits(arrays[path], network.arrays[path]) for path in arrays)
    assert plan.verify(tmp_path / "w.npz") == ()
    before = (tmp_path / "w.npz").read_bytes()
    save(plan, tmp_path / "w.npz")
    assert (tmp_path / "w.npz").read_bytes() == before


def test_safetensors_reads_what_is_written(tmp_path) -> None:
    """Names, shapes, dtypes and bits; wide dtypes come first, so that all are aligned."""
    safetensors = pytest.importorskip("safetensors")
    plan, network = filled()
    save(plan, tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    held = dict(safetensors.deserialize(content))
    assert held.keys() == {p.path for p in plan.drawn}
    for path, tensor in held.items():
        array = network.arrays[path]
        assert tensor["data"] == array.tobytes()
        assert tuple(tensor["shape"]) == array.shape
    assert held["cell.kernel"]["dtype"] == "BF16"
    assert plan.verify(tmp_path / "w.safetensors") == ("positions", "steps")
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    for name, tensor in header.items():
        itemsize = network.arrays[name].itemsize
        assert (8 + length + tensor["data_offsets"][0]) % itemsize == 0


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no list of what is mapped")
def test_a_file_is_mapped_for_one_block(tmp_path) -> None:
    """Pages that were read would count as memory of the process, up to the whole file."""
    plan, network = filled()
    file = tmp_path / "w.safetensors"
    save(plan, file)
    with opened(file) as tensors:
        block = tensors["wte"].array()[2:5, :]
        assert same_bits(block, network.arrays["wte"][2:5])
        assert file.name not in Path("/proc/self/maps").read_text()


def test_truncated_and_foreign_files(tmp_path) -> None:
    """Each cut of a file is an error with its name, and never a list of differences."""
    plan, _ = filled()
    plan = replace(plan, parameters=tuple(p for p in plan.drawn if p.dtype != "bfloat16"))
    for suffix in (".safetensors", ".npz"):
        whole, file = tmp_path / f"w{suffix}", tmp_path / f"cut{suffix}"
        save(plan, whole)
        content = whole.read_bytes()
        for cut in (0, 3, 8, 60, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:cut])
            with pytest.raises(FormatError, match=f"cut{suffix}"):
                plan.verify(file)
        file.write_bytes(b"\x10" + bytes(7) + b'{"a": {"dtype": 1}, "b": []}')
        with pytest.raises(FormatError, match=f"cut{suffix}"):
            plan.verify(file)
        with pytest.raises(TargetError, match=r"none.*No such file"):
            plan.verify(tmp_path / f"none{suffix}")
    with pytest.raises(TargetError, match=r"which ends in .safetensors, .npz"):
        plan.verify(tmp_path / "w.gguf")
    np.save(tmp_path / "w.npy", np.ones(3))
    (tmp_path / "w.npy").rename(tmp_path / "one.npz")
    with pytest.raises(FormatError, match="one array"):
        plan.verify(tmp_path / "one.npz")
    (tmp_path / "w.npz").write_bytes(b"hello")
    with pytest.raises(FormatError, match=r"not an \.npz file$"):  # NumPy advises to load pickles
        plan.verify(tmp_path / "w.npz")
    (tmp_path / "w.safetensors").write_bytes(b"\2" + bytes(7) + b"[]")
    with pytest.raises(FormatError, match=r"it is a list$"):
        plan.verify(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 7]}, "has 7 bytes"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}, "truncated"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}, "lies at"),
        ({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}, "lies at"),
        ({"dtype": "F32", "shape": [2]}, "header"),
        ([], "header"),
    ],
)
def test_safetensors_whose_sizes_do_not_fit(tmp_path, tensor, says: str) -> None:
    """Offsets, shape and dtype have to agree with each other and with the file."""
    plan, _ = filled()
    text = json.dumps({"qkv": tensor}).encode()
    file = tmp_path / "w.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(FormatError, match=says):
        plan.verify(file)
