"""Everything that is run on this repository: `nox` runs it all, `nox -s torch` one session.

The backends come from the entry points in pyproject.toml: a new one gets its session by itself,
which runs its own tests (tests/<backend>) and those that every session runs (SHARED).
"""

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
BACKENDS = PYPROJECT["project"]["entry-points"]["initspec.backends"]

# The versions that CI holds. torch first and pinned: a bare `torch` pulls gigabytes of CUDA.
TORCH = ["torch==2.13.0"]
JAX = ["jax==0.10.*", "flax==0.12.*"]
TENSORFLOW = ["tensorflow==2.21.*", "keras==3.15.*"]
FRAMEWORKS = {
    "torch": {"": TORCH},
    "jax": {"": JAX},
    "keras": {
        "tensorflow": TENSORFLOW,
        "torch": [*TORCH, "keras==3.15.*"],
        "jax": [*JAX, "keras==3.15.*"],
    },
}
# What runs in every session, and skips with a reason what its frameworks cannot show.
SHARED = ["backends", "examples", "rosetta", "measured", "benchmarks"]

# What `conformance` holds: each backend, Keras on each of its own.
CONFORMANCE = [
    "-".join(filter(None, (name, engine)))
    for name in BACKENDS
    for engine in FRAMEWORKS.get(name, {"": []})
]
OLDEST_NUMPY = "numpy==1.26.0"
# Processes side by side on few cores: the threads of a small QR wait for each other there, until
# its draws take a hundred times as long and count as hanging.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True


def _install(session: nox.Session, *frameworks: str) -> None:
    """Install frameworks, then initspec from this tree with what its tests need."""
    if frameworks:
        session.install(frameworks[0])  # torch before all that would bring another build of it
    tests = nox.project.dependency_groups(PYPROJECT, "test")
    session.install(*frameworks, "-e", ".[conformance]", *tests)


def _pytest(session: nox.Session, *arguments: str, **environment: str) -> None:
    session.run("pytest", *arguments, *session.posargs, env=environment)


@nox.session
@nox.parametrize("numpy", ["newest", "oldest"], ids=["newest", "oldest"])
def tests(session: nox.Session, numpy: str) -> None:
    """Test the language, the NumPy backend and the command line, with NumPy alone."""
    _install(session, *([OLDEST_NUMPY] if numpy == "oldest" else []))
    session.install("./tests/dummy_backend")
    own = [
        "tests/core",
        "tests/portable",
        "tests/gains",
        "tests/propagation",
        *(f"tests/{shared}" for shared in SHARED),
    ]
    _pytest(session, "-n2", "--backend=numpy", *own)
    _pytest(session, "--doctest-modules", "initspec", "backends/initspec_numpy")


def _backend_tests(session: nox.Session, name: str, engine: str = "") -> None:
    package = BACKENDS[name].partition(":")[0]
    _install(session, *FRAMEWORKS.get(name, {}).get(engine, []))
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | ({"KERAS_BACKEND": engine} if engine else {})
    tests = [f"tests/{name}", *(f"tests/{shared}" for shared in SHARED)]
    _pytest(session, "-n2", f"--backend={name}", *tests, **environment)
    doctest = ["pytest", "--doctest-modules", f"backends/{package}"]
    session.run(*doctest, env=environment, success_codes=[0, 5])  # 5: it has no examples


def _add_backend_session(name: str) -> None:
    engines = [engine for engine in FRAMEWORKS.get(name, {}) if engine]

    def run(session: nox.Session, engine: str = "") -> None:
        _backend_tests(session, name, engine)

    run.__doc__ = f"Test the {name} backend on its framework."
    if engines:
        run = nox.parametrize("engine", engines, ids=engines)(run)
    nox.session(run, name=name)


for _name in BACKENDS:
    if _name != "numpy":
        _add_backend_session(_name)


@nox.session
@nox.parametrize("backend", CONFORMANCE, ids=CONFORMANCE)
def conformance(session: nox.Session, backend: str) -> None:
    """Prove that a backend draws what specs say, and audit its framework's own initializers."""
    name, _, engine = backend.partition("-")
    _install(session, *FRAMEWORKS.get(name, {}).get(engine, []))
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3"} | ({"KERAS_BACKEND": engine} if engine else {})
    reports = session.create_tmp()
    files = [f"--{kind}={reports}/{backend}.{kind}" for kind in ("html", "json", "junit")]
    level = session.posargs or ["--quick"]
    session.run("initspec", "conformance", name, *files, *level, env=environment)
    own = ["tests/conformance"] if name == "numpy" else ["tests/conformance/test_native_audit.py"]
    session.run("pytest", "-n2", f"--backend={name}", *own, env=environment | ONE_THREAD)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, every warning an error; read it and a report in a headless Chromium."""
    groups = nox.project.dependency_groups(PYPROJECT, "test", "docs")
    session.install("-e", ".[conformance]", *groups)
    site = f"{session.create_tmp()}/site"
    session.run("mkdocs", "build", "--strict", "--site-dir", site, env={"NO_MKDOCS_2_WARNING": "1"})
    _pytest(session, "tests/docs", INITSPEC_SITE=site)
    _pytest(session, "tests/conformance/test_html_report.py")  # a browser in a process of its own


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Measure speed and memory against the frameworks, and write the page: ten quiet minutes."""
    _install(session, *TORCH, *JAX, *TENSORFLOW)
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of every package with mypy, strictly."""
    types = nox.project.dependency_groups(PYPROJECT, "types")
    session.install("-e", ".[conformance]", "pytest>=8", *types)  # what ships has their types
    session.run("mypy")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it in an empty environment and run it from outside the tree."""
    built = session.create_tmp()
    session.run("pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", built, ".")
    session.install(
        "--force-reinstall", "--no-index", "--find-links", built, "--no-deps", "initspec"
    )
    session.install("initspec", "--find-links", built)
    script = f"{session.invoked_from}/tests/check_wheel.py"
    with session.chdir(built):
        session.run("python", "-P", script, *BACKENDS)
        session.run("initspec", "compare", "he_normal", "--shape", "512,256", "--backends", "numpy")
        session.install("initspec[conformance]", "pytest>=8", "--find-links", built)
        only = "glorot_uniform*/float32"
        session.run(
            "initspec", "conformance", "numpy", "--quick", f"--only={only}", "--html=r.html"
        )
        suite = ("--pyargs", "initspec_conformance", "-p", "initspec_conformance.plugin")
        session.run("pytest", "-q", *suite, "--backend=numpy", "-k", "glorot_uniform")
