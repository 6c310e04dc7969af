"""How backends are found: entry points, and what goes wrong with them."""

import importlib.metadata
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from typer.testing import CliRunner

from initspec import InitSpec, InitSpecError, TruncatedNormal, backend, backends, gain
from initspec.cli.app import app
from initspec.compare.comparison import compare
from initspec.translate import TranslationError, Vocabulary, translate, vocabularies
from initspec.translate.vocabularies import _read
from initspec.translate.vocabulary import Reading


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


@pytest.fixture
def install(register, monkeypatch):
    """Register a NumPy backend named "faulty" with other attributes, and one that is not there."""

    def add(**attributes):
        kind = type("Faulty", (type(backend.usable("numpy")),), {"name": "faulty"} | attributes)
        monkeypatch.setattr("initspec_numpy.faulty", kind(), raising=False)
        register(
            _entry("broken", "no_such_package_at_all:backend", "broken-dist"),
            _entry("faulty", "initspec_numpy:faulty", "faulty-dist"),
        )
        return kind()

    return add


def _words(**attributes):
    words = Vocabulary("faulty", "Faulty", "faulty.init", (), backend.OUT_IN)
    for name, value in attributes.items():
        setattr(words, name, value)
    return words


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


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (lambda *_: 1 / 0, "gains of the backend 'torch' failed on 'tanh': ZeroDivisionError"),
        (lambda *_: "5/3", "the gain of 'tanh' by 'torch'='5/3': pass a real number"),
    ],
)
def test_a_faulty_table_of_gains(monkeypatch, table, message):
    """What a backend's table raises or returns is a sentence that names the backend."""
    monkeypatch.setattr(type(backend.load("torch")), "gain", lambda _, *names: table(*names))
    with pytest.raises(InitSpecError, match=message):
        gain("tanh", convention="torch")


def test_something_that_is_no_backend():
    """An object without the methods of the protocol raises, and says what is needed."""
    with pytest.raises(InitSpecError, match="is no backend"):
        InitSpec.he_normal().to(object())


@pytest.mark.parametrize(
    ("vocabulary", "says"),
    [
        (lambda: 1 / 0, "'faulty' failed: ZeroDivisionError"),
        (lambda: "words", "'faulty' is faulty: it is 'words': not a Vocabulary"),
        (lambda: _words(entries=None), "its entries is None: write dict"),
        (lambda: _words(entries={"f": None}), "its entry 'f' is None: write an Entry"),
        (lambda: _words(axes="out in"), "its axes is 'out in': write Axes"),
        (lambda: _words(lines=None), "its lines is None: write Mapping"),
        (lambda: _words(name="torch"), "its name is 'torch': write 'faulty'"),
        (lambda: _words(lines={TruncatedNormal: lambda _: 1 / 0}), "failed: ZeroDivisionError"),
        (lambda: _words(lines={TruncatedNormal: lambda _: None}), "wrote None: not a Written"),
        (lambda: _words(lines={TruncatedNormal: lambda _: "f()"}), "wrote 'f()': not a Written"),
    ],
)
def test_a_faulty_vocabulary_does_not_stop_the_others(install, vocabulary, says):
    """Lines are translated past a backend that cannot be loaded and one whose vocabulary fails."""
    install(vocabulary=lambda _: vocabulary())
    assert "broken" not in vocabularies()
    translation = translate("HeNormal")
    assert translation.line("jax").code == "jax.nn.initializers.he_normal()"
    assert says in translation.line("faulty").notes[0]


@pytest.mark.parametrize("name", ["HeNormal", "glorot_uniform"])
@pytest.mark.parametrize(
    ("reader", "says"),
    [
        (lambda _at, /: 1 / 0, "'faulty' failed: ZeroDivisionError"),
        (lambda _at, /: None, "'faulty' failed: TypeError: its reader returned None"),
        (lambda _at, /: Reading(InitSpec.zeros(), "in out"), "not a Reading of a spec and axes"),
        (lambda: None, "'faulty' failed: ValueError"),
        (lambda _at, /: InitSpec.normal(std=-1.0), "std=-1.0: pass"),
    ],
)
def test_a_faulty_reader_does_not_stop_the_others(install, name, reader, says):
    """A bare name is read past a backend whose function fails; with its module it is a sentence."""
    words = _words(order=0)
    words.line(name, topic=name)(reader)
    install(vocabulary=lambda _: words)
    assert translate(name).framework == "keras"
    with pytest.raises(InitSpecError, match=says):
        translate(f"faulty.init.{name}")


def test_the_own_frameworks_answer_first(install):
    """A third party's function of the same name and meaning does not take a bare name's answer."""
    words = _words()
    meaning = translate("keras.initializers.HeNormal").spec
    words.line("HeNormal", topic="he_normal")(lambda _at, /: Reading(meaning, backend.IN_OUT))
    install(vocabulary=lambda _: words)
    assert translate("HeNormal").framework == "keras"
    assert list(vocabularies())[:3] == ["torch", "keras", "jax"]


def test_a_faulty_namesake_is_a_sentence(install):
    """The other lines of a spec are written past a function of its name that fails."""
    words = _words()
    words.line("he", topic="he_normal")(lambda _at, /: 1 / 0)
    install(vocabulary=lambda _: words)
    (namesake,) = translate("HeNormal").line("faulty").namesakes
    assert "'faulty' failed: ZeroDivisionError" in namesake


@pytest.mark.parametrize("axes", ["out in", backend.axes_of("(stack=2 out) in")])
def test_faulty_default_axes_do_not_stop_the_others(install, axes):
    """Lines are translated past a backend whose default axes are none."""
    install(vocabulary=None, default_axes=lambda *_: axes)
    line = translate("HeNormal", shape=(3, 4)).line("faulty")
    assert "'faulty' has no vocabulary" in line.notes[0]
    assert "Its default axes: its axes" in line.notes[0]


def test_the_number_is_that_of_its_module(install):
    """Two frameworks have a calculate_gain: the module of the call decides, then the line's."""
    words = _words(numbers={"calculate_gain": lambda _: 7.0, "broken": lambda: 1 / 0})
    words.line("scaled", topic="")(
        lambda _at, /, gain: Reading(InitSpec.constant(gain), backend.OUT_IN)
    )
    install(vocabulary=lambda _: words)

    def gain(line):
        return translate(line).spec.gain if "xavier" in line else translate(line).spec.mean()

    assert gain("torch.nn.init.xavier_normal_(w, calculate_gain('tanh'))") == 5 / 3
    assert gain("xavier_normal_(w, calculate_gain('tanh'))") == 5 / 3
    assert gain("xavier_normal_(w, faulty.init.calculate_gain('tanh'))") == 7.0
    assert gain("faulty.init.scaled(calculate_gain('tanh'))") == 7.0
    assert gain("faulty.init.scaled(nn.init.calculate_gain('tanh'))") == 5 / 3
    with pytest.raises(TranslationError, match="'faulty' failed: ZeroDivisionError"):
        translate("faulty.init.scaled(broken())")


def _fail(_):
    raise OSError("libcuda.so.1: no such file")


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"version": lambda _: 2}, "'faulty' has the version 2: write a str"),
        ({"version": _fail}, "'faulty' failed: OSError: libcuda"),
        ({"name": 3}, "has the name 3: write a str"),
    ],
)
def test_a_faulty_name_or_version_is_a_sentence(install, attributes, says):
    """The list and a comparison of all leave the backend out; one of it alone raises."""
    faulty = install(**attributes)
    assert says in backends()["faulty"].why_unusable
    result = CliRunner().invoke(app, ["backends"])
    assert result.exit_code == 0, result.exception
    comparison = compare(InitSpec.he_normal(), (8, 8))
    assert says in comparison.left_out["faulty"]
    with pytest.raises(InitSpecError, match=says):
        compare(InitSpec.he_normal(), (8, 8), backends=[faulty])
