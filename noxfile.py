"""Everything that is run on this repository: `nox` runs it all, `nox -s core` one session.

A session is an environment. In that of a framework each of its engines is proved: the backend's
own tests, the contract, what the pages say of the framework, and the conformance suite. Arguments
after `--` replace all that by a run of pytest: `nox -s torch -- tests/torch -k haar`.
"""

import itertools
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
BACKENDS = PYPROJECT["project"]["entry-points"]["initspec.backends"]


def _oldest(requirements: Iterable[str]) -> list[str]:
    """Return the oldest version of each requirement: what is declared is what is run."""
    return [need.replace(">=", "==") for need in dict.fromkeys(requirements)]


# The versions that CI holds of what has to be importable; of all else, what the extra says.
# torch comes first: a bare `torch` pulls gigabytes of CUDA. The oldest is the one that is run
# everywhere, so that `oldest_frameworks` leaves it out.
PINS = {
    # transformers and peft have models that the tests initialize, without weights, rezero and
    # unit-scaling such that recipes are of; AnyInit has the time that the benchmarks compare with.
    "torch": [
        *_oldest(EXTRAS["torch"]),
        *("transformers==5.*", "peft==0.21.*", "anyinit==0.4.*"),
        *("rezero==0.1.0", "unit-scaling==0.3.5"),
    ],
    "jax": ["jax==0.10.*", "flax==0.12.*", "equinox==0.13.*"],
    "tensorflow": ["tensorflow==2.21.*"],
    "keras": ["keras==3.15.*"],
}


class Engine(NamedTuple):
    """A backend, on one of its frameworks where it has several: engines.toml of its package."""

    backend: str
    name: str
    extra: str
    modules: tuple[str, ...]
    environment: dict[str, str]


def _frameworks() -> dict[str, list[Engine]]:
    """Return the engines by the extra that installs their framework."""
    frameworks: dict[str, list[Engine]] = {}
    for backend, entry in BACKENDS.items():
        file = Path("backends", entry.partition(":")[0], "engines.toml")
        alone = {"": {"extra": backend, "modules": [backend]}}
        for name, row in (nox.project.load_toml(file) if file.exists() else alone).items():
            full = "-".join(filter(None, (backend, name)))
            extra, modules = row["extra"], tuple(row["modules"])
            engine = Engine(backend, full, extra, modules, row.get("environment", {}))
            frameworks.setdefault(extra, []).append(engine)
    return frameworks


FRAMEWORKS = _frameworks()
NUMPY = FRAMEWORKS.pop("numpy")
NO_FRAMEWORK = f"not ({' or '.join(name for name in BACKENDS if name != 'numpy')})"
ALL_CORES = ("-n", "auto", "--maxprocesses=8", "--dist=worksteal")
ENVIRONMENT = {
    # Processes side by side on few cores: the threads of a small QR wait for each other there,
    # until its draws take a hundred times as long and count as hanging.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|venv"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = True  # static is the first: no test runs on what it refuses

# Bytecode is kept, even where an image or a shell forbids it: the sessions start hundreds of
# processes, and each would compile what it imports, Keras on TensorFlow for 6 seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# torch without gigabytes of CUDA: a wheel that lies where pip's variable says, else its CPU index.
if "PIP_FIND_LINKS" in os.environ:
    os.environ.setdefault("UV_FIND_LINKS", ",".join(os.environ["PIP_FIND_LINKS"].split()))
else:
    os.environ.setdefault("UV_TORCH_BACKEND", "cpu")


def _install(session: nox.Session, *requirements: str) -> None:
    """Install what is required, then initspec from this tree with what its tests need."""
    if requirements:
        session.install(requirements[0])  # torch before all that would bring another build of it
    tests = nox.project.dependency_groups(PYPROJECT, "test")
    session.install(*requirements, "-e", ".[conformance]", *tests)


def _requirements(engines: list[Engine]) -> list[str]:
    """Return what engines need beside initspec: torch, if any, first."""
    needs: list[str] = []
    for engine in engines:
        pinned = [need for module in engine.modules for need in PINS.get(module, [])]
        needs += pinned or EXTRAS.get(engine.extra, [])
    return sorted(dict.fromkeys(needs), key=lambda need: (not need.startswith("torch"), need))


def _prove(session: nox.Session, engine: Engine, *chosen: str) -> None:
    """Run the chosen tests of an engine, the conformance suite among them, and its examples."""
    session.log(f"== {engine.name} ==")
    environment = ENVIRONMENT | engine.environment
    pytest = ("pytest", f"--backend={engine.backend}")
    if session.posargs:
        # 5: none of the tests asked for is this engine's.
        marked = ("-m", engine.backend) if engine.backend != "numpy" else ()
        session.run(*pytest, *marked, *session.posargs, env=environment, success_codes=[0, 5])
        return
    session.run(*pytest, *ALL_CORES, "tests", "--ignore=tests/docs", *chosen, env=environment)
    package = f"backends/{BACKENDS[engine.backend].partition(':')[0]}"
    if any(">>>" in file.read_text("utf-8") for file in Path(package).rglob("*.py")):
        session.run("pytest", "--doctest-modules", package, env=environment)


@nox.session
def static(session: nox.Session) -> None:
    """Check style and formatting with ruff, the types of every package with mypy."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "ruff"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    mypy = nox.project.dependency_groups(PYPROJECT, "mypy")
    session.install("-e", ".[conformance]", *mypy)
    session.run("mypy")


@nox.session
def core(session: nox.Session) -> None:
    """Test all that needs no framework: the language, NumPy, the suite itself, the pages."""
    _install(session)
    session.install("-e", "tests/dummy_backend")
    for engine in NUMPY:
        _prove(session, engine, "-m", NO_FRAMEWORK)
    if not session.posargs:
        session.run("pytest", "--doctest-modules", "initspec")


@nox.session
def oldest(session: nox.Session) -> None:
    """Test the core, the oldest version of each of its dependencies together."""
    core = [extra for extra in EXTRAS if extra not in {*FRAMEWORKS, *BACKENDS, "all"}]
    extras = (need for extra in core for need in EXTRAS[extra])
    _install(session, *_oldest([*PYPROJECT["project"]["dependencies"], *extras]))
    _quick_tests(session)


@nox.session
def oldest_frameworks(session: nox.Session) -> None:
    """Test the contract on the oldest versions of the frameworks together."""
    others = {name: engines for name, engines in FRAMEWORKS.items() if name != "torch"}
    _install(session, *_oldest(need for name in others for need in EXTRAS[name]))
    tests = session.posargs or ["tests/contract"]
    for engine in itertools.chain(*others.values()):
        chosen = (f"--backend={engine.backend}", "-m", f"{engine.backend} and not slow")
        session.run(
            *("pytest", *ALL_CORES, *chosen, *tests),
            env=ENVIRONMENT | engine.environment,
            success_codes=[0, 5] if session.posargs else [0],
        )


def _quick_tests(session: nox.Session) -> None:
    session.install("-e", "tests/dummy_backend")
    tests = session.posargs or ["tests/core", "tests/contract", "tests/numpy"]
    chosen = ("--backend=numpy", "-m", f"not slow and {NO_FRAMEWORK}")
    session.run("pytest", *ALL_CORES, *chosen, *tests, env=ENVIRONMENT)


@nox.session(default=False)
def quick(session: nox.Session) -> None:
    """Run what a contributor runs before a push: the static checks, then the tests of the core."""
    static(session)
    _install(session)
    _quick_tests(session)


def _add_session(framework: str, engines: list[Engine]) -> None:
    def run(session: nox.Session) -> None:
        _install(session, *_requirements(engines))
        for engine in engines:
            # The core's own tests need no framework.
            _prove(session, engine, "-m", engine.backend, "--ignore=tests/core")

    run.__doc__ = f"Prove {', '.join(engine.name for engine in engines)}."
    nox.session(run, name=framework)


for _framework, _engines in FRAMEWORKS.items():
    _add_session(_framework, _engines)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, every warning an error; read it and a report in a headless Chromium."""
    # The page of the portable stream gives a line for torch and one for JAX, which are run.
    _install(session, PINS["torch"][0], *PINS["jax"])
    session.install(*nox.project.dependency_groups(PYPROJECT, "docs"))
    site = f"{session.create_tmp()}/site"
    session.run("mkdocs", "build", "--strict", "--site-dir", site, env={"NO_MKDOCS_2_WARNING": "1"})
    tests = session.posargs or [*ALL_CORES[:-1], "--dist=loadfile", "tests/docs"]
    session.run("pytest", *tests, env={"INITSPEC_SITE": site})


@nox.session(reuse_venv=False)
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it in an empty environment and run it from outside the tree."""
    session.install("build")
    built = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "build", "--wheel", "--outdir", str(built))
    (file,) = built.glob("*.whl")
    session.install(str(file))
    script = f"{session.invoked_from}/tests/check_wheel.py"
    with session.chdir(built):
        session.run("python", "-P", script, *BACKENDS)
        session.run("initspec", "compare", "he_normal", "--shape", "512,256", "--backends", "numpy")
        session.install(f"initspec[conformance] @ {file.as_uri()}", "pytest>=8")
        only = "glorot_uniform*/float32"
        session.run(
            "initspec", "conformance", "numpy", "--quick", f"--only={only}", "--html=r.html"
        )
        suite = ("--pyargs", "initspec_conformance", "-p", "initspec_conformance.plugin")
        session.run("pytest", "-q", *suite, "--backend=numpy", "-k", "glorot_uniform")


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Measure speed and memory against the frameworks, and write the page: 15 quiet minutes."""
    every = [engine for engines in FRAMEWORKS.values() for engine in engines]
    _install(session, *_requirements(every))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Build a release and check it; `nox -s release -- tag` sets the tag, too."""
    version = re.search(r'__version__ = "(.+)"', Path("initspec/__init__.py").read_text())[1]
    if session.run("git", "status", "--porcelain", external=True, silent=True):
        session.error("the tree has changes: commit them, the tag is set on a commit")
    if session.run("git", "tag", "--list", f"v{version}", external=True, silent=True):
        session.error(f"the tag v{version} exists: raise __version__ in initspec/__init__.py")
    changes = Path("CHANGELOG.md").read_text()
    if not re.search(rf"^## {re.escape(version)}, \d{{4}}-\d\d-\d\d$", changes, re.M):
        session.error(f"CHANGELOG.md has no section '## {version}, YYYY-MM-DD': write the day")
    session.install(*nox.project.dependency_groups(PYPROJECT, "release"))
    folder = Path(session.create_tmp()) / version
    session.run("python", "-m", "build", "--outdir", str(folder))  # the wheel from the sdist
    session.run("twine", "check", "--strict", *map(str, folder.iterdir()))
    tag = ("git", "tag", "--annotate", f"v{version}", "--message", f"initspec {version}")
    if "tag" in session.posargs:
        session.run(*tag, external=True)
    else:
        session.log(f"to set the tag: {' '.join(tag[:-1])} '{tag[-1]}'")
    session.log(f"to publish: git push origin v{version} && twine upload {folder}/*")
