"""How the numbers of the pages are kept, and where they are measured."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.measured.files import ROOT, lines
from docs.measured.places import KERAS, PLACES, Place, printed
from initspec.backend import read_engines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
RESULTS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("benchmarks", "docs/measured")
    for path in (ROOT / folder).rglob("results.json")
)


@given(JSON, st.integers(0, 4))
def test_lines_are_json(value, depth):
    """Whatever is written is read as it was."""
    assert json.loads(lines(value, depth)) == value


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_keys_are_in_order(depth):
    """Numbers that are measured in another order make the same file."""
    results = {"torch": {"b": 1, "a": 2}, "jax": {}}
    assert list(json.loads(lines(results, depth))) == ["jax", "torch"]
    assert list(json.loads(lines(results, depth))["torch"]) == ["a", "b"]


def test_a_row_has_a_line():
    """What lies as deep as the rows is not broken, what lies above is."""
    results = {"torch": {"rows": [{"id": 1, "fans": [2, 3]}, {}], "version": "2"}}
    assert lines(results, 3).splitlines() == [
        "{",
        ' "torch": {',
        '  "rows": [',
        '   {"fans": [2, 3], "id": 1},',
        "   {}",
        "  ],",
        '  "version": "2"',
        " }",
        "}",
    ]


@pytest.mark.parametrize("path", RESULTS)
def test_committed_numbers_are_as_they_are_written(path):
    """Numbers that are measured again change the lines of their rows alone; the files are short."""
    text = (ROOT / path).read_text("utf-8")
    assert any(text == lines(json.loads(text), depth) + "\n" for depth in (2, 3))
    assert len(text.splitlines()) < 1_500


def test_there_are_six():
    """The test above finds all of them."""
    assert len(RESULTS) == 6


def test_what_is_missing_is_named(monkeypatch):
    """A place says what is not installed, or that this process has another engine."""
    assert PLACES["numpy"].why_not() is None
    reason = Place("none", ("numpy", "no_such_package")).why_not()
    assert reason == "no_such_package not installed"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    reason = PLACES["keras-torch"].why_not_here()
    assert reason == "this process has KERAS_BACKEND=jax; run with KERAS_BACKEND=torch"


def test_engines_are_those_of_the_backend():
    """Each engine of Keras is a place, with what the backend says that it needs."""
    engines = read_engines("initspec_keras")
    assert [f"keras-{name}" for name in engines] == list(KERAS)
    for name, engine in engines.items():
        place = PLACES[f"keras-{name}"]
        assert (place.needs, place.environment) == (engine.modules, engine.environment)


def test_a_process_has_the_engine_of_its_place(tmp_path, monkeypatch):
    """What the process prints last is returned; it has the environment of its place."""
    (tmp_path / "say.py").write_text(
        "import json, os, sys\n"
        "print(1)\n"
        "print(json.dumps([sys.argv[1], os.environ['KERAS_BACKEND']]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert printed("keras-jax", "say", "hello") == ["hello", "jax"]


@pytest.mark.parametrize("name", ["disagreements", "native_audit", "propagation"])
def test_programs_start(name):
    """Each page's program runs from the root of the repository, and explains itself."""
    command = [sys.executable, "-m", f"docs.measured.{name}", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"usage: python -m docs.measured.{name}" in done.stdout
    assert "--page" in done.stdout
