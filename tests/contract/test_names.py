"""That the table knows every public name of each framework, with its arguments and defaults."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from initspec.translate import NoEqualError, translate
from initspec.translate.authors import IGNORED
from tests.vocabularies import OWN

ENTRIES = {one.name: one.entries for one in OWN}


def module_of(framework: str) -> Any:
    """Return the framework's module of initializers; skip where it is not installed."""
    name = {"torch": "torch.nn.init", "keras": "keras", "jax": "jax.nn.initializers"}[framework]
    module = pytest.importorskip(name, reason=f"{framework} is not installed here")
    return module.initializers if framework == "keras" else module


def public(framework: str) -> set[str]:
    """Return the names that a framework offers."""
    module = module_of(framework)
    if framework == "torch":
        return set(module.__all__)
    return {name for name in dir(module) if not name.startswith("_")}


@pytest.mark.parametrize("framework", ENTRIES)
def test_every_public_name_is_translated_or_declared(framework: str) -> None:
    """A function that appears upstream fails here until the table has it; so does one that goes."""
    assert set(ENTRIES[framework]) == public(framework)


@pytest.mark.parametrize("framework", ENTRIES)
def test_arguments_and_defaults_are_upstreams(framework: str) -> None:
    """The signatures of the table are those of the installed framework."""
    module = module_of(framework)
    for name, entry in ENTRIES[framework].items():
        if entry.reader is None:
            continue
        # torch's deprecated names take anything and hand it on.
        usual = f"{name}_" if framework == "torch" and not name.endswith("_") else name
        theirs = inspect.signature(getattr(module, usual)).parameters
        ours = entry.signature().parameters
        assert list(ours) == list(theirs), name
        for argument, parameter in ours.items():
            if parameter.default is not IGNORED:
                assert parameter.default == theirs[argument].default, (name, argument)


@pytest.mark.keras
def test_keras_strings_are_upstreams() -> None:
    """Every string that a Keras layer takes means what the class of that string means."""
    module_of("keras")
    from keras.src.initializers import ALL_OBJECTS_DICT

    classes = ENTRIES["keras"]
    for string, kind in ALL_OBJECTS_DICT.items():
        if classes[kind.__name__].reader is None:
            with pytest.raises(NoEqualError):
                translate(repr(string))
            continue
        assert translate(repr(string)).spec == translate(f"keras.initializers.{kind.__name__}").spec
