"""Bad input to the commands that take a model, the same for every framework."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from initspec.cli import main

FACTORIES = """
def raises():
    return {}["depth"]

def needs(width):
    return width

def nothing():
    return None

def text():
    return "gpt2"

class Unknown:
    pass

number = 7
"""
"""What stands in the module of a framework beside `net`, a model of two layers, `a` and `b`."""

REST = {"spec": "zeros"}
RULES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "role": ([{"spec": "ones", "role": "kernl"}], r"did you mean 'kernel'\?"),
    "layer": ([{"spec": "ones", "layer": "LAYERR"}, REST], r"did you mean 'LAYER'\?"),
    "family": ([{"spec": "nromal(std=0.1)"}], r"rule 1: unknown spec 'nromal': .*'normal'\?"),
    "key": ([{"spec": "ones", "rol": "kernel"}], r"did you mean 'role'\?"),
    "name": ([{"spec": "normal(std=0.1 / width)"}], "no number for 'width' .*: pass width="),
    "glob": ([{"spec": "ones", "path": "c.*"}, REST], "path='c.[*]'.*, matches no parameter: mend"),
    "braces": ([{"spec": "ones", "path": "{a,b.*"}], "brace without its other: write {a,b}"),
    "zero": ([{"spec": "normal(std=1 / (fan_in - fan_in))"}], "no finite value for fan_in=4: mend"),
    "call": ([{"spec": "normal(std=0.1"}], "rule 1: .* cannot be read: write one call"),
    "axes": ([{"spec": "ones", "axes": "outt in"}], r"unknown role 'outt': did you mean 'out'\?"),
    "rank": ([{"spec": "ones", "axes": "kernel out in"}], "name 3 axes, but the shape .* has"),
    "part": ([{"spec": "ones", "part": "[9]"}, REST], "part '.9.' of the shape .* no such row"),
    "total": ([{"spec": "ones", "role": "kernel"}], "2 parameters have no rule.*'zeros', 'a.bias'"),
    "empty": ([], "empty.json: rules=.*: pass a list of Rule"),
}
"""The rules of a recipe, and what its error says."""

MODELS = {
    "bad_nets:raises": r"bad_nets:raises raised KeyError: 'depth' .*bad_nets.py, line \d+",
    "bad_nets:needs": "needs is called without arguments: missing a required argument: 'width'",
    "bad_nets:nothing": "returned None: a NoneType is not a model of .*FRAMEWORK",
    "bad_nets:text": "returned 'gpt2': a str is not a model of .*FRAMEWORK",
    "bad_nets:Unknown": "a bad_nets.Unknown is not a model of .*FRAMEWORK.*: pass the model itself",
    "bad_nets:number": "7 cannot be called: name a function or a class",
    "bad_nets:nett": r"did you mean '[nN]et'\?",
    "bad_nest:net": "there is no module 'bad_nest' here; run initspec where",
    "bad_nets": "'bad_nets'.* package.module:factory",
}
RECIPES = {
    "hee": r"unknown recipe 'hee': did you mean 'he'\?",
    "no-such": "unknown recipe 'no-such': `initspec recipes` lists those .* a list of Rule",
    "none.toml": "none.toml cannot be read: No such file",
    "he.yaml": "unknown recipe 'he.yaml'.* a .toml or .json file",
    "newer.json": "newer.json: recipe_version=2: .*version 1; upgrade initspec",
    "broken.json": "broken.json: no JSON",
    "broken.toml": "broken.toml: no TOML",
    **{f"{name}.json": says for name, (_, says) in RULES.items()},
}
LOCKS = {
    "none.lock": "none.lock cannot be read: No such file",
    "newer.lock": "newer.lock: lock_version=2: .*version 1; upgrade initspec",
    "broken.lock": "broken.lock: no JSON: .*Lock.save",
    "rank.lock": "rank.lock: a.*: axes '.*' name [12] axes, but the shape .* has [23]",
}
OPTIONS = {
    ("assign", "--set width"): "--set 'width': write a name of the recipe and its number",
    ("audit", "--set width=wide"): "--set 'width=wide': write a name",
    ("lock", "--set width=2"): "the recipe has no numbers: leave width= out",
    ("lock", "--seed -1"): "--seed '-1': write an integer from 0 to 2",
    ("audit", f"--seed {2**64}"): "seed=18446744073709551616.*: pass an integer from 0 to 2",
    ("diff", "--with hee"): r"unknown recipe 'hee': did you mean 'he'\?",
}
"""A bad model, recipe, lock or option, and the pattern of what the error says."""

COMMANDS = {
    "assign": "assign MODEL --recipe RECIPE",
    "lock": "lock MODEL --recipe RECIPE --seed 7 -o out.lock",
    "diff": "diff MODEL --recipe RECIPE --with glorot",
    "audit": "audit MODEL --recipe RECIPE",
    "coverage": "coverage MODEL",
    "verify": "verify good.lock MODEL",
}
WITH_RECIPE = ("assign", "lock", "diff", "audit")


def cases(framework: str, layer: str, models: dict[tuple[str, ...], str]) -> Iterator[Any]:
    """Yield command lines that are refused alike, with the pattern of their error.

    Args:
        framework: the name of the backend.
        layer: the class of the layers of `net`.
        models: what is said of a factory of the framework, by its name and the commands that refuse
            what it builds.
    """

    def case(names: tuple[str, ...], says: str, more: str = "", **given: str) -> Any:
        lines = [f"{COMMANDS[name]} {more}" for name in names]
        for word, value in {"MODEL": "bad_nets:net", "RECIPE": "he", **given}.items():
            lines = [line.replace(word, value) for line in lines]
        says = says.replace("FRAMEWORK", framework).replace("LAYER", layer)
        return pytest.param(lines, says, id=more or " ".join(given.values()))

    for model, says in MODELS.items():
        yield case(tuple(COMMANDS), says, MODEL=model)
    for (name, *commands), says in models.items():
        yield case(tuple(commands), says, MODEL=f"bad_nets:{name}")
    for recipe, says in RECIPES.items():
        yield case(WITH_RECIPE, says, RECIPE=recipe)
    for (command, option), says in OPTIONS.items():
        yield case((command,), says, option)
    for lock, says in LOCKS.items():
        lines = [f"draw {lock} -o out.npz", f"verify {lock} bad_nets:net"]
        yield pytest.param(lines, says, id=lock)


@contextmanager
def folder(path: Path, module: str, layer: str) -> Iterator[None]:
    """Stand in a folder of bad files.

    Args:
        path: the folder.
        module: the source of `net`, and of other factories.
        layer: the class of the layers of `net`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.syspath_prepend(path)
        patch.setattr(sys, "argv", ["initspec"])
        (path / "bad_nets.py").write_text(module + FACTORIES)
        for name, (rules, _) in RULES.items():
            _write(f"{name}.json", 1, json.loads(json.dumps(rules).replace("LAYER", layer)))
        _write("newer.json", 2, [REST])
        for name in ("broken.json", "broken.toml", "broken.lock"):
            Path(name).write_text("{")
        with pytest.raises(SystemExit):
            main(*["lock", "bad_nets:net", "--recipe", "he", "--seed", "7", "-o", "good.lock"])
        lock = Path("good.lock").read_text()
        Path("newer.lock").write_text(lock.replace('"lock_version": 1', '"lock_version": 2'))
        Path("rank.lock").write_text(re.sub(r'("shape": \[)', r"\g<1>1, ", lock))
        yield
        sys.modules.pop("bad_nets", None)


def _write(name: str, version: int, rules: object) -> None:
    Path(name).write_text(json.dumps({"recipe_version": version, "rules": rules}))


def hold(lines: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Assert that commands end with status 2 and one message, and leave no file."""
    before = {path.name for path in Path().iterdir()}
    for line in lines:
        with pytest.raises(SystemExit) as ended:
            main(*line.split())
        output, errors = capsys.readouterr()
        assert (ended.value.code, output) == (2, ""), line
        assert re.search(says, errors, re.DOTALL), (line, errors)
        if "did you mean" in errors:  # two lines of 100 columns, and what else fits
            guess, *more = errors.splitlines()
            assert len(guess) <= 200, (line, errors)
            assert len(more) <= (line.startswith("audit")), (line, errors)
    assert {path.name for path in Path().iterdir()} - {"__pycache__"} == before - {"__pycache__"}
