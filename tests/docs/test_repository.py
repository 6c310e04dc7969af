"""The files around the code agree with it: CONTRIBUTING, metadata, issue forms, glossary."""

import ast
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import initspec
from initspec.backend import HasEngines, load

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
PATH = re.compile(r"`((?:initspec|backends|conformance|docs|tests|benchmarks|examples)/[\w./-]+)`")
PUBLIC = {
    *("initspec", "initspec.activations", "initspec.backend", "initspec.compare"),
    *("initspec.propagation", "initspec.translate", "initspec_conformance", "initspec_torch"),
}
"""The packages that users import, each with its `__all__`."""
FOR_FAMILIES = "initspec_conformance.expected.laws"  # where the law of a new family is added
TO_BE_WRITTEN = {"initspec/distributions/half_normal.py"}  # by the reader of docs/new-family.md
FORMS = [path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_on_pages_exist(page):
    """A page names no file or folder that was moved."""
    paths = set(PATH.findall(page.read_text("utf-8"))) - TO_BE_WRITTEN
    assert not sorted(path for path in paths if not (ROOT / path).exists())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_import_public_names(page):
    """Code on pages imports public names; only the page that adds a family is code of initspec."""
    private = []
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    for node in ast.walk(ast.parse("\n".join(blocks) if page.name != "new-family.md" else "")):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("initspec"):
            if node.module == FOR_FAMILIES:
                continue
            names = import_module(node.module).__all__ if node.module in PUBLIC else ()
            private += [f"{node.module}.{a.name}" for a in node.names if a.name not in names]
    assert not private


def test_every_session_is_in_the_table():
    """CONTRIBUTING.md has the sessions of noxfile.py, those of the frameworks too."""
    tree = ast.parse((ROOT / "noxfile.py").read_text())
    sessions = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(call).startswith("nox.session") for call in node.decorator_list)
    }
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name in pyproject["project"]["entry-points"]["initspec.backends"]:
        backend = load(name)
        engines = backend.engines().values() if isinstance(backend, HasEngines) else ()
        sessions.update([engine.extra for engine in engines] or [name])
    sessions.remove("numpy")  # it is in `core`
    table = re.findall(r"^\| `(\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    assert set(table) == sessions


VERSIONS = {
    "NumPy": "numpy",
    "PyTorch": "torch",
    "Keras": "keras",
    "TensorFlow": "tensorflow",
    "JAX": "jax",
}


def test_readme_has_the_versions_that_are_run():
    """The oldest ones are those of pyproject.toml, the others those that noxfile.py pins."""
    readme = (ROOT / "README.md").read_text()
    lines = re.search(r"^Oldest supported versions: (.+?)\. CI holds (.+?)\.$", readme, re.M | re.S)
    oldest, ci = (dict(re.findall(r"(\w+) (\d+(?:\.\d+)+)", part)) for part in lines.groups())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    declared = [need for needs in (project["dependencies"], *extras) for need in needs]
    floors = {tuple(need.split(">=")) for need in declared if ">=" in need}
    assert oldest.pop("Python") == project["requires-python"].removeprefix(">=")
    assert oldest.keys() == VERSIONS.keys()
    assert {(VERSIONS[name], version) for name, version in oldest.items()} == {
        (name, version) for name, version in floors if name in VERSIONS.values()
    }
    pins = dict(re.findall(r'"(\w+)==([\d.]+)\.\*"', (ROOT / "noxfile.py").read_text()))
    assert ci.pop("PyTorch") == oldest["PyTorch"]
    assert ci == {name: pins[VERSIONS[name]] for name in ("Keras", "TensorFlow", "JAX")}


def test_every_requirement_has_an_oldest_version():
    """`>=` alone, which the sessions of the oldest versions turn into `==`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *(need for needs in extras.values() for need in needs)]
    other = [need for need in declared if not re.fullmatch(r"[\w-]+>=[\d.]+", need)]
    assert other == extras["all"]  # the other extras


def test_map_of_folders_is_complete():
    """CONTRIBUTING.md lists every folder, and every folder and module of initspec."""
    block = re.search(r"```text\n(initspec/.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    names = re.findall(r"^(?:  )?(\w+/|[\w. ]+\.py)(?=\s)", block[1], re.M)
    listed = {name for line in names for name in line.split()}
    tree = {"initspec/", "backends/", "conformance/", "benchmarks/", "docs/", "examples/", "tests/"}
    tree |= {f"{path.parent.name}/" for path in (ROOT / "initspec").glob("*/__init__.py")}
    tree |= {path.name for path in (ROOT / "initspec").glob("[a-z]*.py")}
    assert listed == tree


def test_project_urls_exist():
    """Each entry is a web address or a path in this repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    broken = [
        url
        for url in project["urls"].values()
        if not re.match("https?://", url) and not (ROOT / url).exists()
    ]
    assert not broken


def test_citation_has_the_version_and_the_authors():
    citation = (ROOT / "CITATION.cff").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"\nversion: {initspec.__version__}\n" in citation
    assert f"  - name: {project['authors'][0]['name']}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_form_is_complete(path):
    """What GitHub requires of a form: a name, a description, fields with an id and a label."""
    form = pytest.importorskip("yaml").safe_load(path.read_text())
    assert form["name"]
    assert form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)
    assert {field["type"] for field in form["body"]} <= {"input", "textarea"}
    assert all(field["attributes"]["label"] for field in form["body"])


def _glossary(page):
    rows = re.findall(r"^\| (.+?) \|(?: .+? \|)? (.+?) \|$", (ROOT / page).read_text(), re.M)
    return [(term, meaning) for term, meaning in rows if term not in ("---", "term", "용어")]


def test_glossary_has_one_sentence_a_term_in_order():
    glossary = _glossary("docs/glossary.md")
    terms = [term for term, _ in glossary]
    assert len(terms) > 30
    assert terms == sorted(set(terms))
    for term, meaning in glossary:
        assert re.fullmatch(r"[A-Z`].*[^.]\.", meaning), term
        assert not re.search(r"\. [A-Z]", meaning), term


def test_glossaries_have_the_same_terms():
    korean, english = _glossary("docs/ko/glossary.md"), _glossary("docs/glossary.md")
    assert [term for term, _ in korean] == [term for term, _ in english]
