"""Locks of torch models: what is drawn from them is what `initialize` fills, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, load_model
from torch import nn

from initspec import Lock, Rule, initialize, lock
from initspec.errors import TargetError
from initspec.models.weights_writer import writer
from tests.torch.net import RULES, Net, state
from tests.torch.test_torch_paths import WRAPPERS

SEED = 7


def built(dtype: torch.dtype = torch.float32, device: str = "cpu") -> Net:
    with torch.device(device):
        return Net().to(dtype)


def drawn(plan: Lock, path) -> dict[str, torch.Tensor]:
    """Draw a lock to a file, and read it with safetensors."""
    writer(path, plan.drawn, plan.seed)(path, [].append)
    return load_file(path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_the_drawn_file_is_what_initialize_fills(tmp_path, dtype, device: str) -> None:
    """Parts, padding row, ties, parametrized weights, and a model without memory."""
    plan = lock(built(dtype, device), RULES, SEED)
    network = initialize(built(dtype), RULES, SEED)
    filled = state(network)
    read = drawn(plan, tmp_path / "w.safetensors")
    assert filled.keys() - read.keys() == {"positions"}
    for path, tensor in read.items():
        assert tensor.dtype == dtype
        if path == "normed.weight":  # weight_norm computes it again
            torch.testing.assert_close(tensor, filled[path])
        else:
            assert torch.equal(tensor, filled[path]), path
    assert plan.verify(tmp_path / "w.safetensors") == ("positions",)
    assert plan.verify(network) == ()
    assert torch.equal(state(built(dtype))["positions"], filled["positions"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_one_changed_element_is_found(dtype) -> None:
    """In any parameter; a kept one has the hash of what was there."""
    plan = lock(built(dtype), RULES, SEED)
    network = initialize(built(dtype), RULES, SEED)
    with torch.no_grad():
        network.positions[3, 7] += 0.125
        network.wte.weight[3, 0] = 1e-30
        network.lstm.weight_hh_l0[0, 0] += 0.125
    expected = ("positions", "wte.weight", "lstm.weight_hh_l0")
    assert plan.verify(network) == expected
    with torch.no_grad():
        network.normed.weight = network.normed.weight * 1.1
    assert plan.verify(network) == (*expected, "normed.weight")


def test_a_broken_tie_is_found() -> None:
    """Both weights are compared."""
    plan = lock(Net(), RULES, SEED)
    network = initialize(Net(), RULES, SEED)
    network.head.weight = nn.Parameter(network.wte.weight.detach().clone())
    assert plan.verify(network) == ()
    with torch.no_grad():
        network.head.weight[0, 0] += 1
    assert plan.verify(network) == ("head.weight",)


@pytest.mark.parametrize("wrapper", ["compiled", "parallel", "average"])
def test_wrapped_models_have_the_same_lock(wrapper: str) -> None:
    """Compiled, wrapped and checkpointed; each is verified by the lock of the plain one."""
    plain = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    rules = [Rule("he_normal", role="kernel"), Rule("zeros", role="bias")]
    plan = lock(plain, rules, SEED)
    wrapped = WRAPPERS[wrapper](plain)
    assert lock(wrapped, rules, SEED) == plan
    initialize(wrapped, rules, SEED)
    assert plan.verify(wrapped) == ()


def test_file_fills_the_model(tmp_path) -> None:
    """What is drawn is a state dict: safetensors loads it, ties included."""
    rules = [Rule("keep", "positions"), *RULES]
    network = initialize(Net(), rules, SEED)
    other = Net()
    del network.normed, other.normed  # whose state dict has what weight_norm computes from
    plan = lock(other, rules, SEED)
    path = tmp_path / "w.safetensors"
    drawn(plan, path)
    missing, unexpected = load_model(other, path, strict=False)
    assert (set(missing), set(unexpected)) == ({"positions", "table"}, set())
    assert all(
        torch.equal(a, b) for a, b in zip(other.parameters(), network.parameters(), strict=True)
    )
    assert plan.verify(network.state_dict()) == ()


def test_state_dict_of_bfloat16_is_refused() -> None:
    """NumPy reads no such tensor: the message has what to pass."""
    plan = lock(built(torch.bfloat16), RULES, SEED)
    network = initialize(built(torch.bfloat16), RULES, SEED)
    with pytest.raises(TargetError, match=r"scale: a Tensor that NumPy cannot read .*the model"):
        plan.verify(network.state_dict())


def test_a_model_on_meta_has_no_values() -> None:
    """It is not a model that differs."""
    plan = lock(Net(), RULES, SEED)
    with pytest.raises(TargetError, match="initialize the model first"):
        plan.verify(built(device="meta"))


def test_kept_parameters_of_any_dtype() -> None:
    """Integers, 8-bit floats, transposed memory and scalars are hashed as they are."""
    network = nn.Module()
    tensors = {
        "integer": torch.arange(3),
        "eight": torch.ones(2, 3).to(torch.float8_e4m3fn),
        "sixteen": torch.tensor(0.5, dtype=torch.bfloat16),
        "transposed": torch.arange(6.0).reshape(2, 3).T,
        "complex": torch.tensor([1j]).conj(),
    }
    for name, tensor in tensors.items():
        network.register_parameter(name, nn.Parameter(tensor, requires_grad=False))
    plan = lock(network, [Rule("keep", "*")], SEED)
    assert all(p.sha256 is not None for p in plan.parameters)
    assert plan.verify(network) == ()
    for name in tensors:
        network.get_parameter(name).data.zero_()
    assert plan.verify(network) == tuple(tensors)


ZOO = """
import torch
from initspec import Rule, initialize

def plain():
    return torch.nn.Sequential(torch.nn.Linear(40, 30), torch.nn.Linear(30, 20))

def meta():
    with torch.device("meta"):
        return plain()

def filled():
    from initspec import Recipe
    return initialize(plain(), Recipe.load("mine.toml"), 7, width=4)
"""

RECIPE = """
recipe_version = 1
[[rules]]
spec = "normal(std=1 / sqrt(width))"
role = "kernel"
[[rules]]
spec = "zeros"
role = "bias"
"""


def run(folder, *arguments):
    """Run `initspec` in a folder, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "initspec.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
    )


def test_commands(tmp_path) -> None:
    """lock, draw and verify, of a file and of a model; a change is exit status 1."""
    (tmp_path / "zoo.py").write_text(ZOO)
    (tmp_path / "mine.toml").write_text(RECIPE)
    options = ("--recipe", "mine.toml", "--seed", "7", "--set", "width=4", "-o", "init.lock")
    done = run(tmp_path, "lock", "zoo:meta", *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("init.lock: 4 parameters, ")
    done = run(tmp_path, "draw", "init.lock", "-o", "w.safetensors")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("w.safetensors: 4 weights, ")
    for target in ("w.safetensors", "zoo:filled"):
        done = run(tmp_path, "verify", "init.lock", target)
        assert (done.returncode, done.stdout) == (0, "0 of 4 parameters differ\n"), done.stderr
    done = run(tmp_path, "verify", "init.lock", "zoo:plain")
    assert (done.returncode, done.stdout.split("\n")[0]) == (1, "0.weight")
    assert done.stderr == ""
    assert "normal(std=0.5)" in (tmp_path / "init.lock").read_text()
    for option, hashes in (("--no-hashes", 0), ("--first", 4)):
        assert run(tmp_path, "lock", "zoo:plain", *options, option).returncode == 0
        assert (tmp_path / "init.lock").read_text().count("sha256_of_first") == hashes
        assert run(tmp_path, "verify", "init.lock", "w.safetensors").returncode == 0
    done = run(tmp_path, "lock", "zoo:meta", *options[:-4], "-o", "other.lock")
    assert (done.returncode, "pass width=" in done.stderr) == (2, True)
    assert not (tmp_path / "other.lock").exists()
