"""The page of the command line has every command, and what each takes and returns."""

from __future__ import annotations

import inspect
import json
import re
import runpy
from contextlib import chdir
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from initspec_conformance.models.report import ModelAudit
from typer.testing import CliRunner

from initspec.cli.app import app
from initspec.cli.group import COMMANDS
from initspec.models.coverage import Coverage

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "docs" / "scripts" / "commands.py"))
RUNS = {
    "compare": ("he_normal", "--shape", "8,8", "--backends", "numpy"),
    "explain": ("he_normal", "--shape", "8,8"),
    "recommend": ("gelu",),
    "propagate": ("he_normal", "--depth", "3", "--samples", "9"),
    "translate": ("keras.initializers.HeNormal()",),
    "list": (),
    "backends": (),
    "inspect": ("w.npz",),
}


def test_every_command_and_option_is_on_the_page() -> None:
    """Each under its own heading, with a row for each argument and option."""
    text = SCRIPT["on_page_markdown"]((ROOT / "docs" / "api" / "cli.md").read_text("utf-8"))
    _, *pieces = re.split(r"^## `(\w+)` \{#\1\}$", text, flags=re.M)
    sections = dict(zip(pieces[::2], pieces[1::2], strict=True))
    assert {*COMMANDS, "conformance", "audit"} <= set(sections)
    for name, command in SCRIPT["commands"]().items():
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert re.search(rf"^\| `[^|]*{option}\b", sections[name], re.M), (name, option)
        assert ("`--json`" in sections[name]) <= ("\nJSON: " in sections[name]), name


@pytest.mark.parametrize("name", RUNS)
def test_the_fields_are_those_that_are_printed(name: str, tmp_path: Path) -> None:
    """Names and order, of a run of the command."""
    with chdir(tmp_path):
        np.savez("w.npz", w=np.zeros((4, 4), np.float32))
        output = CliRunner().invoke(app, [name, *RUNS[name], "--json"]).output
    printed = json.loads(output)
    document = printed[0] if name in SCRIPT["LISTS"] else printed
    assert list(document) == SCRIPT["FIELDS"][name].split()


@pytest.mark.parametrize(("name", "result"), [("audit", ModelAudit), ("coverage", Coverage)])
def test_the_fields_of_a_model_are_those_of_its_result(name: str, result: type) -> None:
    """Read from the source, for these commands need a model."""
    keys = re.findall(r'^ {12}"(\w+)":', inspect.getsource(result.to_dict), re.M)
    assert keys == SCRIPT["FIELDS"][name].split()


def test_every_exit_status_is_on_the_page() -> None:
    """That of each command that chooses one."""
    exits = {
        name
        for name, function in COMMANDS.items()
        if "Exit(" in inspect.getsource(getattr(import_module(f"initspec.cli.{name}"), function))
    }
    assert exits == set(SCRIPT["ONE"]) & set(COMMANDS)
