"""Checkpoints of torch: inspected and verified, without running what is in them."""

from __future__ import annotations

import os

import pytest
import torch
from initspec_conformance import audit_model, inspect
from torch import nn

from initspec import Rule, initialize, lock, recipe
from initspec.errors import FormatError


@pytest.fixture(scope="module")
def model() -> nn.Module:
    """A small model with a buffer, filled."""
    made = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.Linear(32, 64, bias=False))
    return initialize(made, "torch", seed=3)


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".PT"])
def test_checkpoints(model, tmp_path, suffix: str, new: bool) -> None:
    """A state_dict, or one among other things, of the zip format and of the one before."""
    path = tmp_path / f"m{suffix}"
    state = model.state_dict()
    torch.save(
        {"model": state, "epoch": 3, "half": [state["2.weight"].bfloat16()]},
        path,
        _use_new_zipfile_serialization=new,
    )
    tensors = {tensor.path: tensor for tensor in inspect(path).tensors}
    assert tensors["model.0.weight"].looks_like == "uniform(+-1/sqrt(64))"
    assert tensors["model.1.num_batches_tracked"].skipped == "int64 is not looked into"
    assert tensors["half.0"].dtype == "bfloat16"
    torch.save(state, path, _use_new_zipfile_serialization=new)
    assert lock(model, "torch", 3).verify(path) == ()
    state["2.weight"] = state["2.weight"].clone()
    state["2.weight"][5, 7] += 1
    torch.save(state, path, _use_new_zipfile_serialization=new)
    assert lock(model, "torch", 3, hashes=False).verify(path) == ("2.weight",)


def test_a_tensor_alone_has_a_name(tmp_path) -> None:
    """Which a key would be."""
    torch.save(torch.ones(3), tmp_path / "m.pt")
    assert [tensor.path for tensor in inspect(tmp_path / "m.pt").tensors] == ["tensor"]


def test_a_file_that_is_cut_meanwhile_is_refused(tmp_path, monkeypatch) -> None:
    """Nothing is read of what is mapped and gone, which would end the process."""
    from initspec_conformance.inspection import inspect as module

    path = tmp_path / "m.pt"
    torch.save({"a": torch.ones(9), "b": torch.randn(1 << 16)}, path)
    whole = module.moments_of

    def moments(values):
        os.truncate(path, 4096)
        return whole(values)

    monkeypatch.setattr(module, "moments_of", moments)
    with pytest.raises(FormatError, match=r"m.pt was cut while it was read"):
        inspect(path)


class Bomb:
    """What would run where it is loaded."""

    def __reduce__(self):
        return os.mkdir, ("/nowhere/bomb",)


@pytest.mark.parametrize("what", [Bomb(), nn.Linear(2, 2), {"a": torch.ones(2), "b": Bomb()}])
def test_pickles_are_refused(tmp_path, what: object) -> None:
    """Whole modules too, with what to save instead."""
    torch.save(what, tmp_path / "m.pt")
    with pytest.raises(FormatError, match=r"is refused.*save the state_dict"):
        inspect(tmp_path / "m.pt")


def test_the_code_that_would_run_is_named(tmp_path) -> None:
    """And not how to run it, as the text of torch has."""
    torch.save(nn.Linear(2, 2), tmp_path / "m.pt")
    with pytest.raises(FormatError, match=r"code of it \('torch.nn.modules.linear.Linear'\)"):
        inspect(tmp_path / "m.pt")


@pytest.mark.filterwarnings("ignore")  # quantised and sparse tensors
def test_tensors_without_an_array_are_named(tmp_path) -> None:
    """Quantised, sparse and on meta: listed, and the others beside them are read."""
    weight = torch.zeros(4, 4)
    state = {
        "quantised": torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8),
        "sparse": weight.to_sparse(),
        "rows": weight.to_sparse_csr(),
        "meta": weight.to("meta"),
        "float8": weight.to(torch.float8_e4m3fn),
        "bool": weight.bool(),
        "right": weight,
    }
    torch.save(state, tmp_path / "m.pt")
    *others, right = inspect(tmp_path / "m.pt").tensors
    assert [tensor.skipped.removesuffix(" is not looked into") for tensor in others] == [
        *("qint8", "sparse_coo float32", "sparse_csr float32", "float32 on meta"),
        *("float8_e4m3fn", "bool"),
    ]
    assert {tensor.shape for tensor in others} == {(4, 4)}
    assert right.looks_like == "zeros"


@pytest.mark.parametrize("new", [True, False])
def test_truncated_and_foreign_files(model, tmp_path, new: bool) -> None:
    """Each cut is an error in a line."""
    path = tmp_path / "m.pt"
    torch.save(model.state_dict(), path, _use_new_zipfile_serialization=new)
    content = path.read_bytes()
    for text in (b"", b"PK\3\4", b"\0" * 99, *(content[: len(content) * i // 7] for i in range(7))):
        path.write_bytes(text)
        with pytest.raises(FormatError, match=r"m.pt is (truncated|refused)") as error:
            inspect(path)
        assert "\n" not in str(error.value)


def test_a_model_has_the_specs_of_recipes_and_its_ties() -> None:
    """Its layers say what the fans are: of a transposed convolution, of a gate."""
    model = nn.ModuleDict(
        {
            "up": nn.ConvTranspose2d(16, 32, 3),
            "lstm": nn.LSTM(64, 32),
            "wte": nn.Embedding(64, 48),
            "head": nn.Linear(48, 64, bias=False),
        }
    )
    model["head"].weight = model["wte"].weight
    initialize(model, [Rule("normal(std=0.02)", "wte.weight"), *recipe("he").rules], seed=0)
    nn.init.kaiming_uniform_(model["up"].weight, a=5**0.5)
    tensors = {tensor.path: tensor for tensor in inspect(model).tensors}
    assert tensors["wte.weight"].tied == ("head.weight",)
    assert "of the recipe 'torch'" in tensors["up.weight"].looks_like
    assert "he_normal" in tensors["lstm.weight_ih_l0"].looks_like
    assert not inspect(model).findings
    assert inspect(nn.Linear(4, 4, device="meta")).tensors[0].skipped.startswith("it has no values")


@pytest.mark.filterwarnings("ignore")  # torch.ao is deprecated
def test_what_is_packed_is_listed() -> None:
    """Weights that are not parameters, and parameters of integers: the rest is looked at."""
    quantized = torch.ao.nn.quantized
    model = nn.ModuleDict(
        {
            "linear": quantized.dynamic.Linear(6, 4),
            "conv": quantized.Conv2d(3, 4, 3),
            "lstm": quantized.dynamic.LSTM(6, 4),
            "cell": quantized.dynamic.GRUCell(6, 4),
            "rows": quantized.Embedding(8, 6),
            "norm": nn.LayerNorm(6),
            "eight": nn.Linear(6, 4),
        }
    )
    weight = torch.zeros(4, 6, dtype=torch.int8)
    model["eight"].weight = nn.Parameter(weight, requires_grad=False)
    packed = {
        "linear.weight": "qint8",
        "conv.weight": "qint8",
        "lstm.weight_ih_l0": "qint8",
        "lstm.weight_hh_l0": "qint8",
        "cell.weight_ih": "qint8",
        "cell.weight_hh": "qint8",
        "rows.weight": "quint8",
        "eight.weight": "int8",
    }
    skipped = {tensor.path: tensor.skipped for tensor in inspect(model).tensors}
    assert {path: text for path, text in skipped.items() if text} == {
        path: f"{dtype} is not looked into" for path, dtype in packed.items()
    }
    audit = audit_model(model, "torch")
    assert audit.passed, audit
    assert {row.path: row.skipped for row in audit.parameters if row.path in packed} == {
        path: f"it is of {dtype.lstrip('q')}" for path, dtype in packed.items()
    }
