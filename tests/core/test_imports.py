"""Who may import whom, read from the source; and what `import initspec` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from initspec.cli.group import COMMANDS

ROOT = Path(__file__).parents[2]

FRAMEWORKS = {"torch", "keras", "tensorflow", "jax", "jaxlib", "flax", "mlx"}
"""What only a backend may import."""

PACKAGES = {
    "initspec": {"numpy", "msgspec", "ml_dtypes"},
    "initspec_numpy": {"initspec", "numpy"},
    # Keras computes with the framework under it.
    "initspec_keras": {"initspec", "numpy", "ml_dtypes", "keras", "tensorflow", "torch", "jax"},
    "initspec_jax": {"initspec", "numpy", "ml_dtypes", "jax", "flax"},
    "initspec_conformance": {
        *("initspec", "numpy", "scipy", "threadpoolctl", "jinja2", "markupsafe"),
        "pytest",
    },
}
"""What each package may import beyond itself and the standard library."""


def allowed_in(package: str) -> set[str]:
    """Return the table's row of a package; that of another backend is its own framework."""
    own = package.removeprefix("initspec_")
    return PACKAGES.get(package, {"initspec", "numpy", "ml_dtypes", own})


ONLY_IN = {
    "typer": ("initspec.cli", "initspec_conformance.cli"),
    "click": ("initspec.cli",),
    "rich": (
        *("initspec.cli", "initspec_conformance.reports.console"),
        "initspec_conformance.reports.progress",
        "initspec_conformance.inspection.terminal",
        "initspec_conformance.inspection.inspection",
    ),
    "safetensors": ("initspec.cli",),
    "matplotlib": ("initspec.propagation.plot", "initspec_conformance.inspection.plot"),
    "h5py": ("initspec_keras.files",),
    "llvmlite": ("initspec.stream.instructions", "initspec.stream.machine_code"),
}
"""What only some parts of a package may import."""

LAYERS = [
    {"errors"},
    {"dtypes", "typing", "notebook", "follow"},
    {"numerics"},
    {"axes"},
    {"distributions"},
    {"spec"},
    {"stream"},
    {"backend"},
    {"activations"},
    {"api"},
    {"translate"},
    {"compare", "propagation", "models"},
    {"display"},
    {"cli"},
]
"""The folders of initspec: each imports from layers above its own in this list, and from nothing
else. Folders of one layer do not import each other."""


def imports(path: Path, package: str, type_checking: bool = True) -> set[str]:
    """Return the full names of what a file imports, for the type checker alone too or not."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        skip = not type_checking and isinstance(node, ast.If)
        if skip and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                visit(child)
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            module = ".".join(filter(None, [base if node.level else "", node.module]))
            found.update(f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found.update(a.value for a in node.args if isinstance(a, ast.Constant))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return found


def sources() -> list[tuple[str, Path]]:
    """Return every module of every package: its full name and file."""
    found = []
    for root in (ROOT, ROOT / "backends", ROOT / "conformance"):
        for package in sorted(root.glob("initspec*")):
            for path in sorted(package.rglob("*.py")):
                parts = path.relative_to(root).with_suffix("").parts
                found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


SOURCES = sources()


def foreign(name: str, path: Path, allowed: set[str], package: str) -> set[str]:
    """Return what a module imports and may not."""
    is_package = path.name == "__init__.py"
    tops = {
        full.partition(".")[0]
        for full in imports(path, name if is_package else name.rpartition(".")[0], False)
    }
    return tops - allowed - {package} - set(sys.stdlib_module_names)


@pytest.mark.parametrize(("name", "path"), SOURCES, ids=[name for name, _ in SOURCES])
def test_packages_import_one_way(name, path):
    """framework <- initspec_<framework> -> initspec <- initspec_conformance; nothing else."""
    package = name.partition(".")[0]
    extra = {
        tool
        for tool, places in ONLY_IN.items()
        if any(f"{name}.".startswith(f"{place}.") for place in places)
    }
    assert not foreign(name, path, allowed_in(package) | extra, package)


def test_backends_import_the_authors_modules_alone():
    """Of the core a backend imports the public names and the two modules for authors."""
    for name, path in SOURCES:
        package = name.partition(".")[0]
        if package in ("initspec", "initspec_conformance"):
            continue
        core = {full for full in imports(path, package) if full.partition(".")[0] == "initspec"}
        modules = {full.rpartition(".")[0] for full in core}
        doors = {"initspec", "initspec.backend", "initspec.translate", "initspec.translate.authors"}
        assert modules <= doors, (name, modules - doors)
        private = {full for full in core if full.rpartition(".")[2] in ("api", "spec", "stream")}
        assert not private, (name, private)


def test_core_and_numpy_import_no_framework():
    """The table above itself keeps frameworks out of all packages but their own backend."""
    for package in ("initspec", "initspec_numpy", "initspec_conformance"):
        assert not PACKAGES[package] & FRAMEWORKS
    for package, allowed in PACKAGES.items():
        own = {package.removeprefix("initspec_")}
        if package == "initspec_jax":
            own.add("flax")  # the layers of JAX
        if package != "initspec_keras":
            assert allowed & FRAMEWORKS <= own
        assert not any(other.startswith("initspec_") for other in allowed)


def layer(full: str) -> int | None:
    """Return the layer of a module of initspec; None for what lies in no module of it."""
    parts = full.split(".")
    if parts[0] != "initspec" or len(parts) < 2:
        return None
    return next((i for i, modules in enumerate(LAYERS) if parts[1] in modules), None)


CORE = [(name, path) for name, path in SOURCES if name.startswith("initspec.")]


def upward(name: str, path: Path) -> set[str]:
    """Return the modules of initspec that a module imports against the order of LAYERS."""
    own, part = layer(name), name.split(".")[1]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    wrong = set()
    for full in imports(path, package):
        if full.partition(".")[0] != "initspec" or full.split(".")[1:2] == [part]:
            continue
        other = layer(full)
        # "from initspec import X" with X a class comes from the top: only the command line may.
        if (other is None and part != "cli") or (other is not None and other >= own):
            wrong.add(full)
    return wrong


@pytest.mark.parametrize(("name", "path"), CORE, ids=[name for name, _ in CORE])
def test_core_is_layered(name, path):
    """Each module of initspec imports from lower layers only."""
    assert layer(name) is not None, f"say in LAYERS where {name} belongs"
    assert not upward(name, path)


def circles(edges: dict[str, set[str]]) -> set[str]:
    """Return the modules that reach themselves by imports."""
    left = {name: set(targets) for name, targets in edges.items()}
    while ends := {name for name, targets in left.items() if not targets & set(left)}:
        left = {name: targets for name, targets in left.items() if name not in ends}
    while starts := set(left) - {target for targets in left.values() for target in targets}:
        left = {name: targets for name, targets in left.items() if name not in starts}
    return set(left)


def edges_of(modules: list[tuple[str, Path]]) -> dict[str, set[str]]:
    """Return what each module imports of the others, in functions and for the type checker too."""
    names = {name for name, _ in modules}

    def home(full: str) -> str | None:
        return next((part for part in (full, full.rpartition(".")[0]) if part in names), None)

    edges: dict[str, set[str]] = {}
    for name, path in modules:
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        found = {home(full) for full in imports(path, package)}
        edges[name] = {other for other in found if other is not None and other != name}
    return edges


def test_no_module_imports_itself_by_way_of_others():
    """There is no circle of imports in any package."""
    assert not circles(edges_of(SOURCES))


def test_circles_are_seen():
    """The test above can fail."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == {"b", "c"}


def test_this_file_can_fail(tmp_path):
    """A framework in the core, a backend in a backend and an upward import are all seen."""
    bad = tmp_path / "bad.py"
    bad.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import jax\n"
        "else:\n    import keras\n"
        "def f():\n    import torch.nn as nn\n    from initspec_jax import backend\n"
        "    importlib.import_module('tensorflow')\n"
        "from initspec import spec\nfrom initspec.spec.resolve import resolve\n"
        "from ..spec import InitSpec\n"
        "from initspec import InitSpec\nfrom initspec.errors import InitSpecError\n"
    )
    found = foreign("initspec.numerics.law", bad, PACKAGES["initspec"], "initspec")
    assert found == {"keras", "torch", "initspec_jax", "tensorflow"}
    assert upward("initspec.numerics.law", bad) == {
        "initspec.spec",
        "initspec.spec.resolve.resolve",
        "initspec.spec.InitSpec",
        "initspec.InitSpec",
    }


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after running `code`."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.splitlines()[-1].split())


ALL_COMMANDS = (*COMMANDS, "conformance", "audit", "inspect")

HEAVY = FRAMEWORKS | {"scipy", "ml_dtypes", "typer", "rich", "matplotlib", "initspec_numpy"}


def test_import_loads_no_framework():
    """import initspec loads no framework, no backend, and no tool of the command line."""
    names = "from initspec import *; import initspec; initspec.errors"
    assert not loaded_by(names) & HEAVY


@pytest.mark.parametrize("arguments", ["--version", "-h", *(f"{name} -h" for name in ALL_COMMANDS)])
def test_help_imports_nothing_that_computes(arguments):
    """The version and the help of every command take typer alone: no NumPy, no rich, no backend."""
    code = (
        f"import sys; sys.argv[1:] = {arguments.split()}; from initspec.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "else: raise AssertionError"
    )
    loaded = loaded_by(code)
    assert "typer" in loaded
    assert not loaded & (HEAVY - {"typer"} | {"numpy", "msgspec", "initspec_torch"})


def test_import_test_can_fail(tmp_path):
    """The test above sees a framework that is loaded."""
    (tmp_path / "torch.py").write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import initspec, torch.nn"
    code = code.replace("torch.nn", "torch")
    assert loaded_by(code) & HEAVY == {"torch"}


def test_backends_are_found_without_frameworks():
    """Looking which backends there are, and drawing with NumPy, loads no framework."""
    code = (
        "from initspec import InitSpec\n"
        "from initspec.backend import registry\n"
        "for name in ('numpy', 'torch', 'keras', 'jax'):\n"
        "    try: registry.load(name).why_unusable(), registry.load(name).default_axes(2)\n"
        "    except registry.BackendError as error: assert 'No module' in str(error), error\n"
        "InitSpec.he_normal().to_numpy()((3, 4))"
    )
    assert not loaded_by(code) & FRAMEWORKS


def test_import_is_cheap():
    """import initspec costs at most 0.10 s over import numpy: the best of several runs.

    Of processor time: it reads files that are in memory after the first run, and waits for nothing
    but other processes, which are no fault of its own.
    """
    code = (
        "import time, numpy; start = time.process_time(); from initspec import InitSpec;"
        "print(time.process_time() - start)"
    )
    cost = min(
        float(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(5)
    )
    assert cost <= 0.10


CONFORMANCE_LAYERS = [
    *("expected", "statistics", "checks", "results", "runner", "reports", "models", "inspection"),
]
"""The folders of initspec_conformance, each of which imports from those before it alone."""

SUITE = [(name, path) for name, path in SOURCES if name.startswith("initspec_conformance")]

SUITE_SEES = ("initspec.axes", "initspec.backend", "initspec.dtypes", "initspec.errors")
"""The modules of the core that the suite imports, beside `initspec` itself."""

SUITE_ALSO_SEES = {
    "initspec_conformance.__main__": ("initspec.cli",),
    "initspec_conformance.cli": (
        "initspec.cli.arguments",
        "initspec.cli.console",
        "initspec.cli.factory",
        "initspec.cli.files",
        "initspec.cli.options",
        "initspec.models.weights_file",
    ),
    "initspec_conformance.models": (
        "initspec.backend.parameter",
        "initspec.models.advice",
        "initspec.models.assign",
        "initspec.models.assignment",
        "initspec.models.locked",
        "initspec.models.names",
        "initspec.models.numbers",
        "initspec.models.owner",
        "initspec.models.recipe",
        "initspec.models.rule",
        "initspec.models.table",
        "initspec.models.template",
        "initspec.numerics.finite",
        "initspec.stream",
    ),
    "initspec_conformance.inspection": (
        "initspec.backend.parameter",
        "initspec.display.svg",
        "initspec.models.assign",
        "initspec.models.owner",
        "initspec.models.recipe",
        "initspec.models.rule",
        "initspec.models.stored",
        "initspec.models.table",
        "initspec.models.weights_file",
    ),
    "initspec_conformance.models.terminal": ("initspec.cli.console", "initspec.cli.pages.layout"),
    "initspec_conformance.reports.progress": ("initspec.cli.console",),
    "initspec_conformance.reports.html": ("initspec.display.svg",),
}
"""What else some of its modules import."""


def disorder(name: str, path: Path) -> set[str]:
    """Return what a module of the suite imports against the order, or of the core."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    folder = name.partition(".")[2].partition(".")[0]
    place = CONFORMANCE_LAYERS.index(folder) if folder in CONFORMANCE_LAYERS else 99
    also = {
        module for part, seen in SUITE_ALSO_SEES.items() if name.startswith(part) for module in seen
    }
    wrong = set()
    for full in imports(path, package):
        module, _, what = full.rpartition(".")
        top, *parts = full.split(".")
        own = top == "initspec_conformance" and len(parts) > 1 and parts[0] != folder
        if own and CONFORMANCE_LAYERS.index(parts[0]) >= place:
            wrong.add(full)
        seen = module in ("initspec", *SUITE_SEES, *also) and what not in ("resolve", "Resolved")
        if top == "initspec" and not seen:
            wrong.add(full)
    return wrong


@pytest.mark.parametrize(("name", "path"), SUITE, ids=[name for name, _ in SUITE])
def test_the_suite_is_layered(name, path):
    """Folders import one way, and of the core neither a backend nor how a spec is resolved."""
    assert not disorder(name, path)


def test_the_suite_has_few_modules_at_its_top():
    """Folders have the others."""
    top = ROOT / "conformance" / "initspec_conformance"
    assert len(list(top.glob("*.py"))) <= 8
    folders = {path.name for path in top.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders == set(CONFORMANCE_LAYERS)


def test_disorder_is_seen(tmp_path):
    """The tests above can fail, by what is imported for its types alone too."""
    bad = tmp_path / "bad.py"
    bad.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from initspec_conformance.runner.run import run\n"
        "from initspec.backend import resolve\nfrom initspec.spec.line import parse\n"
        "from initspec_conformance.expected.laws import LAWS\n"
        "from initspec.errors import InitSpecError\n"
    )
    assert disorder("initspec_conformance.checks.bad", bad) == {
        "initspec_conformance.runner.run.run",
        "initspec.backend.resolve",
        "initspec.spec.line.parse",
    }
