"""How backends are found: entry points, and what goes wrong with them."""

import importlib.metadata
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from initspec import InitSpec, InitSpecError, backend, backends, gain
from initspec.compare.comparison import compare
from initspec.translate import translate, vocabularies
from initspec.translate.vocabularies import _read


class _Dist:
    def __init__(self, name):
        self.name = name


def _entry(name, value, provider):
    entry = EntryPoint(name, value, backend.GROUP)
    vars(entry)["dist"] = _Dist(provider)
    return entry


@pytest.fixture
def register(monkeypatch):
    """Register extra entry points for one test."""
    _forget()
    real = list(importlib.metadata.entry_points(group=backend.GROUP))

    def add(*entries):
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [*real, *entries])
        _forget()

    yield add
    _forget()


def _forget():
    backend.registry.registered.cache_clear()
    backend.registry.load.cache_clear()
    _read.cache_clear()


def test_entry_points_are_scanned_once(monkeypatch):
    """A name is looked up without a scan; `backends()` and an unknown name scan anew."""
    scans = []
    real = importlib.metadata.entry_points
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda **kind: scans.append(kind) or real(**kind)
    )
    backends()
    for _ in range(3):
        gain("tanh", convention="torch")
        translate("torch.nn.init.ones_")
    assert len(scans) == 1
    with pytest.raises(InitSpecError, match="mlx"):
        InitSpec.ones().to("mlx")
    assert len(scans) == 2


def test_own_backends_are_registered():
    """The four backends of this distribution are found by entry point."""
    assert {"numpy", "torch", "keras", "jax"} <= set(backends())
    assert backends()["numpy"].usable
    assert backends()["numpy"].version == np.__version__


def test_dummy_distribution_is_discovered_and_compared():
    """An installed third-party distribution is discovered and agrees with the law."""
    assert "dummy" in backends(), "pip install ./tests/dummy_backend"
    assert backends()["dummy"].provider == "initspec-dummy"
    result = compare(InitSpec.he_normal(), (64, 32), dtype="float64", backends=["dummy", "numpy"])
    assert [row.backend for row in result.rows] == ["dummy", "numpy"]
    assert result.agrees, result
    assert result.rows[0].values >= 2**19


def test_dummy_backend_is_left_out_where_it_lacks_the_dtype():
    """A backend that does not draw a dtype is named with the reason, not silently absent."""
    result = compare(InitSpec.he_normal(), (64, 32), dtype="float32")
    assert "float32" in result.left_out["dummy"]


def test_unknown_backend_names_the_nearest():
    """An unknown name raises, and says which one is near."""
    with pytest.raises(InitSpecError, match="did you mean 'numpy'"):
        InitSpec.he_normal().to("numpi")


def test_two_backends_of_one_name(register):
    """Two distributions that claim one name raise, and both are named."""
    register(_entry("numpy", "stranger:backend", "stranger-dist"))
    with pytest.raises(InitSpecError, match=r"two backends are named 'numpy'.*stranger-dist"):
        InitSpec.he_normal().to_numpy()
    assert not backends()["numpy"].usable


def test_same_object_listed_twice_is_one_backend(register):
    """An editable install beside a wheel lists one object twice; that is no conflict."""
    register(_entry("numpy", "initspec_numpy:backend", "initspec"))
    assert InitSpec.he_normal().to_numpy()((4, 4)).shape == (4, 4)


def test_backend_that_cannot_be_loaded(register):
    """A package that fails on import is reported, and does not hide the others."""
    register(_entry("broken", "no_such_package_at_all:backend", "broken-dist"))
    with pytest.raises(InitSpecError, match=r"'broken' of broken-dist cannot be loaded"):
        InitSpec.he_normal().to("broken")
    assert "ModuleNotFoundError" in backends()["broken"].why_unusable
    assert backends()["numpy"].usable


def test_missing_framework_names_the_extra():
    """`missing` finds a module without importing it, else says what to install."""
    assert backend.missing("numpy", "numpy") is None
    reason = backend.missing("a_framework_that_nobody_has", "torch")
    assert "pip install 'initspec[torch]'" in reason


def test_unusable_backend_raises_with_its_reason():
    """A backend whose framework is missing raises before anything is compiled."""

    class Unusable(type(backend.usable("numpy"))):
        name = "unusable"

        def why_unusable(self):
            return backend.missing("a_framework_that_nobody_has", "torch")

    with pytest.raises(InitSpecError, match=r"'unusable' cannot be used here.*initspec\[torch\]"):
        InitSpec.he_normal().to(Unusable())


def test_backend_that_breaks_as_it_is_asked():
    """An error of `why_unusable` itself is a reason, not a traceback."""

    class Breaks(type(backend.usable("numpy"))):
        name = "breaks"

        def why_unusable(self):
            raise OSError("libcuda.so.1: no such file")

    with pytest.raises(InitSpecError, match="'breaks' cannot be used here: OSError: libcuda"):
        InitSpec.he_normal().to(Breaks())


def test_something_that_is_no_backend():
    """An object without the methods of the protocol raises, and says what is needed."""
    with pytest.raises(InitSpecError, match="is no backend"):
        InitSpec.he_normal().to(object())


@pytest.mark.parametrize(
    ("vocabulary", "says"),
    [
        (lambda: 1 / 0, "'faulty' failed: ZeroDivisionError"),
        (lambda: "words", "'faulty' is 'words': not a Vocabulary"),
    ],
)
def test_a_faulty_vocabulary_does_not_stop_the_others(register, monkeypatch, vocabulary, says):
    """Lines are translated past a backend that cannot be loaded and one whose vocabulary fails."""
    numpy = backend.usable("numpy")
    faulty = type(
        "Faulty", (type(numpy),), {"name": "faulty", "vocabulary": lambda _: vocabulary()}
    )
    monkeypatch.setattr("initspec_numpy.faulty", faulty(), raising=False)
    register(
        _entry("broken", "no_such_package_at_all:backend", "broken-dist"),
        _entry("faulty", "initspec_numpy:faulty", "faulty-dist"),
    )
    assert "broken" not in vocabularies()
    translation = translate("HeNormal")
    assert translation.line("jax").code == "jax.nn.initializers.he_normal()"
    assert says in translation.line("faulty").notes[0]
