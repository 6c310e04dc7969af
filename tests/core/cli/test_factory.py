"""The model that `package.module:factory` means, and what is said where it means none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from initspec.cli.factory import build
from initspec.errors import InitSpecError, TargetError
from initspec.models import owner

MODULE = """
class Net:
    @classmethod
    def small(cls):
        return cls()

net = Net()
number = 7

def build_net():
    return Net()

def broken():
    return {}["depth"]

def leaves():
    raise SystemExit(0)

def empty():
    return None

def pair():
    return Net(), 3

def triple():
    return Net(), 3, 4
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with modules, which the process stands in, and which is on no path."""
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "__init__.py").write_text("")
    (tmp_path / "zoo" / "nets.py").write_text(MODULE)
    (tmp_path / "zoo" / "lacks.py").write_text("import a_framework_that_is_not_here")
    (tmp_path / "zoo" / "typo.py").write_text("def f(:\n")
    (tmp_path / "zoo" / "script.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])

    def owns(model):
        if type(model).__name__ != "Net":
            raise TargetError(f"a {type(model).__name__} is no model")

    monkeypatch.setattr(owner, "owner", owns)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "zoo"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["build_net", "Net", "Net.small"])
def test_function_class_and_method(name: str) -> None:
    """What can be called without arguments is, from the current folder."""
    assert type(build(f"zoo.nets:{name}").model).__name__ == "Net"


def test_inputs() -> None:
    """A factory may return what the model is called with, too."""
    model, inputs = build("zoo.nets:pair")
    assert (type(model).__name__, inputs) == ("Net", 3)
    assert build("zoo.nets:Net").inputs is None


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("zoo.nets", "write package.module:factory"),
        ("zoo/nets.py:Net", "write package.module:factory"),
        ("zoo.nets:", "write package.module:factory"),
        ("zoo.nets:Net()", "write package.module:factory"),
        ("zooo.nets:Net", "there is no module 'zooo' here"),
        ("zoo.net:Net", "there is no module 'zoo.net' here"),
        ("zoo.lacks:Net", "importing zoo.lacks raised ModuleNotFoundError.*lacks.py, line 1"),
        ("zoo.typo:f", "importing zoo.typo raised SyntaxError"),
        ("zoo.script:main", "importing zoo.script raised SystemExit: 0 .*script.py, line 2"),
        ("zoo.nets:leaves", "raised SystemExit: 0 .*nets.py, line 17"),
        ("zoo.nets:build_nett", "did you mean 'build_net'"),
        ("zoo.nets:Net.smal", "attribute of zoo.nets:Net: 'smal': did you mean 'small'"),
        ("zoo.nets:number", "7 cannot be called"),
        ("zoo.nets:broken", "raised KeyError: 'depth' .*nets.py, line 14.*without arguments"),
        ("zoo.nets:empty", r"zoo.nets:empty must return a model, .* returned None: a NoneType is"),
        ("zoo.nets:triple", r"must return a model, or \(model, inputs\), and returned \("),
    ],
)
def test_bad_references(reference: str, says: str) -> None:
    """Each error says what is wrong with which part, and where."""
    with pytest.raises(InitSpecError, match=says):
        build(reference)


def test_what_the_code_prints_is_kept_from_pipes(capsys) -> None:
    """What a module or a factory prints is on standard error: --json stays JSON."""
    loud = f"print('module')\n{MODULE}\ndef loud():\n    print('factory')\n    return Net()"
    Path("zoo/loud.py").write_text(loud)
    build("zoo.loud:loud")
    assert capsys.readouterr() == ("", "module\nfactory\n")


def test_folder_is_added_once() -> None:
    """Building twice leaves one more folder on the path."""
    before = len(sys.path)
    build("zoo.nets:Net")
    build("zoo.nets:build_net")
    assert len(sys.path) == before + 1
    assert os.getcwd() == sys.path[0]
