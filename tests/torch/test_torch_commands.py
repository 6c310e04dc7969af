"""The commands that take a model, on one of torch."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from initspec import Recipe, Rule
from initspec.cli.app import app

MODULE = """
import torch
from torch import nn

def net():
    blocks = [nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(3)]
    return nn.Sequential(*blocks, nn.Embedding(5, 8, padding_idx=0))

def scaled():
    model = nn.Module()
    model.scale = nn.Parameter(torch.empty(3))
    return model, "inputs"
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    (tmp_path / "nets_of_commands.py").write_text(MODULE)
    Recipe(
        [Rule("normal(std=0.1 / width)", role="kernel"), Rule("ones")], name="mine"
    ).save(tmp_path / "mine.toml")  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def invoke(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80"})
        assert done.exit_code == code, done.output
        return done.output

    return invoke


NET = "nets_of_commands:net"


def test_assign(run) -> None:
    """A recipe by its name and of a file, with numbers, in words and as JSON."""
    page = run("assign", NET, "--recipe", "he")
    assert "{0..2}.0.weight x 3" in page
    assert "he_normal, std 0.5, rule: kernel" in page
    assert "[0]: zeros, rule: padding row" in page
    rows = json.loads(run("assign", NET, "--recipe", "mine.toml", "--set", "width=4", "--json"))
    assert rows["1.0.weight"]["std"] == 0.025
    assert rows["3.weight"]["parts"] == {"[0]": "zeros"}


def test_diff(run) -> None:
    """What two recipes start otherwise; the exit status is that of the shell's diff."""
    page = run("diff", NET, "--recipe", "he", "--with", "glorot", code=1)
    assert "he      he_normal, axes 'out in', std 0.5" in page
    assert "glorot  glorot_uniform, axes 'out in', std 0.3536" in page
    rows = json.loads(run("diff", NET, "--recipe", "he", "--with", "glorot", "--json", code=1))
    assert [row["spec"] for row in rows["2.0.weight"]] == ["he_normal", "glorot_uniform"]
    assert (
        run("diff", NET, "--recipe", "he", "--with", "he") == "Nothing differs between he and he\n"
    )
    assert json.loads(run("diff", NET, "--recipe", "he", "--with", "he", "--json")) == {}


def test_coverage(run) -> None:
    """What nothing wrote, in words and as JSON; the exit status is 1 where there is anything."""
    assert run("coverage", NET) == "all of 7 parameters and buffers were written\n"
    page = run("coverage", "nets_of_commands:scaled", code=1)
    assert "parameter  3      float32  all" in page
    document = json.loads(run("coverage", "nets_of_commands:scaled", "--json", code=1))
    assert [item["path"] for item in document["untouched"]] == ["scale"]


def test_no_models(run) -> None:
    """A recipe that does not fit raises what it raises in Python."""
    from initspec.errors import InitSpecError

    for recipe in ("mine.toml", "gpt2-nanogpt"):
        done = CliRunner().invoke(app, ["assign", NET, "--recipe", recipe])
        assert isinstance(done.exception, InitSpecError), recipe
