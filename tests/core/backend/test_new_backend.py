"""A backend is one folder: the walk of docs/new-backend.md, and who sees what a backend has."""

import os
import random
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from initspec_conformance.runner.builtin_audit import native_audit

from initspec import InitSpec, InitSpecError, backends, gain
from initspec.backend import (
    BackendError,
    Engine,
    HasEngines,
    HasLayers,
    known_deviations,
    load,
    optional,
    usable,
)
from initspec.translate import meanings, translate

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "new-backend.md").read_text("utf-8")
SNIPPETS = [
    (ROOT / file).read_text("utf-8").replace("dummy", "walked").replace("Dummy", "Walked")
    for file in re.findall(r'^--8<-- "(.+)"$', PAGE, re.M)
]
COMMANDS = re.findall(r"^initspec .*", PAGE, re.M)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the page's first two files in it, installed as one distribution."""
    made = tmp_path_factory.mktemp("site")
    code, pyproject = SNIPPETS[:2]
    project = tomllib.loads(pyproject)["project"]
    (made / "initspec_walked").mkdir()
    (made / "initspec_walked" / "__init__.py").write_text(code)
    info = made / f"initspec_walked-{project['version']}.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata)
    for group, entries in project["entry-points"].items():
        lines = [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines))
    return made


def run(folder, *arguments):
    """Run the command line with a folder of distributions on the path."""
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-m", "initspec.cli", *arguments],
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_of_the_page_pass(folder, line):
    """What the page installs passes what the page runs."""
    done = run(folder, *shlex.split(line.replace("dummy", "walked"))[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "walked" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("backends",), "initspec-walked"),
        (("translate", "HeNormal", "--to", "walked"), "'walked' has no vocabulary"),
        (("explain", "he_normal", "--shape", "3,4"), "'walked' has no vocabulary"),
    ],
)
def test_what_the_walked_backend_lacks_is_a_sentence(folder, arguments, says):
    """It draws and has nothing else: each door says so."""
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert says in " ".join(done.stdout.split())


def test_the_audit_of_a_backend_without_initializers(folder):
    """It exits with 2 and a sentence."""
    done = run(folder, "conformance", "walked", "--native")
    assert done.returncode == 2
    assert "'walked' has no initializers of its own: write its builtins()" in " ".join(
        done.stderr.split()
    )


def test_optional_parts_are_sentences():
    """What the NumPy backend does not have is an error that names the methods to write."""
    numpy = usable("numpy")
    assert known_deviations(SimpleNamespace()) == ()
    for part, what, method in ((HasEngines, "engines", "engines"), (HasLayers, "layers", "layers")):
        with pytest.raises(BackendError, match=f"'numpy' has no {what}: write its {method}"):
            optional(numpy, part, what)
    with pytest.raises(InitSpecError, match=r"unknown convention 'numpy'.*Allowed: unit_variance"):
        gain("relu", convention="numpy")
    with pytest.raises(InitSpecError, match="'numpy' has no initializers of its own"):
        native_audit(["numpy"])


def test_every_door_sees_the_dummy_backend():
    """The installed distribution's vocabulary, layers, engine and initializer, by name alone."""
    assert "dummy" in backends(), "pip install ./tests/dummy_backend"
    spec = InitSpec.normal(2.0)
    assert translate("random.gauss(0.0, 2.0)").spec == spec
    assert translate("torch.nn.init.normal_(w, std=2.0)", to="dummy").line("dummy").code == (
        "random.gauss(0.0, 2.0)"
    )
    assert InitSpec.from_native(partial(random.gauss, sigma=2.0)) == spec
    lines = {line.framework: line for line in meanings(InitSpec.he_normal())}
    assert lines["dummy"].notes == ("Python's random counts no fans",)
    lines = {line.framework: line for line in meanings(InitSpec.orthogonal())}
    assert lines["dummy"].notes == ("Python's random has no orthogonal initializer.",)
    dummy = load("dummy")
    assert optional(dummy, HasEngines, "engines").engines() == {
        "python": Engine("dummy", ("random",))
    }
    layer = optional(dummy, HasLayers, "layers").layers().find(["Dense"])
    assert str(layer.axes("bias", {"bias": (48,), "kernel": (48, 20)})) == "out [in=20]"
    report = native_audit(["dummy"], "quick", workers=1)
    assert report.passed
    assert {finding.cell for finding in report.checks} == {
        "random.gauss() as normal(std=1.0)/dummy Dense(20, 48)/float64"
    }


def test_nox_sees_a_folder_and_three_lines(tmp_path, monkeypatch):
    """In the tree a backend has a session by its folder and pyproject.toml alone."""
    package = ROOT / "tests" / "dummy_backend" / "initspec_dummy"
    shutil.copytree(package, tmp_path / "backends" / "initspec_dummy")
    for file in (ROOT / "backends").glob("*/engines.toml"):
        (tmp_path / "backends" / file.parent.name).mkdir()
        shutil.copy(file, tmp_path / "backends" / file.parent.name)
    lines = {
        "[project.optional-dependencies]": 'dummy = ["dummy-framework"]',
        '[project.entry-points."initspec.backends"]': 'dummy = "initspec_dummy:backend"',
    }
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    for heading, line in lines.items():
        pyproject = pyproject.replace(heading, f"{heading}\n{line}")
    (tmp_path / "pyproject.toml").write_text(pyproject)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "nox", recorder := _Nox())
    names = runpy.run_path(str(ROOT / "noxfile.py"))
    assert "dummy" in recorder.names
    (engine,) = engines = names["FRAMEWORKS"]["dummy"]
    assert (engine.backend, engine.name, engine.modules) == ("dummy", "dummy-python", ("random",))
    assert names["_requirements"](engines) == ["dummy-framework"]


class _Nox(ModuleType):
    """What noxfile.py uses of nox as it is loaded; nox itself runs outside of the tests."""

    def __init__(self):
        super().__init__("nox")
        self.names = []
        self.options = SimpleNamespace()
        self.Session = object
        self.project = SimpleNamespace(
            load_toml=lambda file: tomllib.loads(Path(file).read_text("utf-8"))
        )

    def session(self, function=None, *, name="", **_options):
        if function is None:
            return self.session
        self.names.append(name or function.__name__)
        return function
