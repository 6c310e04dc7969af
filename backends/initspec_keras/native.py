"""Which spec an initializer of Keras is: an object, a class, a configuration or a name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from initspec import InitSpec
from initspec.backend import FormatError, axes_of, nearest, shown
from initspec.translate.authors import Entry, NoEqualError, read_object
from initspec_keras.vocabulary import KERAS

if TYPE_CHECKING:
    from initspec.backend import Axes, Spec

_MODULES = ("keras.initializers", "initspec_keras.guarded", "initspec_keras.initializer")
"""The modules whose classes are read, as configurations name them."""

_TENSORFLOW = ("tensorflow.python.ops.init_ops_v2", "tensorflow.python.ops.init_ops")
"""The modules of what TensorFlow calls tf.random_normal_initializer, and of its version 1."""

_DRAWN = ("seed", "dtype")
"""Arguments without which the law is the same."""


def read_native(initializer: object) -> tuple[Spec, Axes | None] | None:
    """Return the spec of an initializer, and its axes; see `initspec.backend.HasNative`."""
    if isinstance(initializer, str):
        return read_object(_named(initializer), {})
    if isinstance(initializer, Mapping):
        return _configured(initializer)
    if type(initializer).__module__ in _TENSORFLOW:
        return _of_tensorflow(initializer)
    keras: Any = sys.modules.get("keras")  # which must not be imported for the question
    base = getattr(getattr(keras, "initializers", None), "Initializer", None)
    cls = initializer if isinstance(initializer, type) else type(initializer)
    if base is None or not issubclass(cls, base):
        return None
    entry = KERAS.entries.get(cls.__name__)
    public = getattr(keras.initializers, cls.__name__, None) is cls
    if entry is None or not (public or cls.__module__ in _MODULES):
        raise FormatError(
            f"{shown(initializer)}: the class {shown(cls)} is not one of keras.initializers, and "
            "what its code draws cannot be read; write the law as a spec, such as "
            "InitSpec.normal(0.02)"
        )
    if cls is initializer or entry.reader is None:  # of a class Keras makes an object
        return read_object(entry, {})
    return _by_attributes(entry, initializer)


def _by_attributes(
    entry: Entry, initializer: object, defaults: Mapping[str, Any] = MappingProxyType({})
) -> tuple[Spec, Axes | None]:
    """Return the spec of an object by its attributes; those that are None have defaults."""
    if all(hasattr(initializer, argument) for argument in ("scale", "mode", "distribution")):
        entry = KERAS.entries["VarianceScaling"]  # all of its kin draw by its attributes
    arguments = {
        argument: getattr(initializer, argument)
        for argument in entry.signature().parameters
        if argument not in _DRAWN and hasattr(initializer, argument)
    }
    missing = {key: defaults[key] for key in defaults if arguments.get(key, 0) is None}
    return read_object(entry, arguments | missing)


def _of_tensorflow(initializer: object) -> tuple[Spec, Axes | None] | None:
    """Return the spec of an object of TensorFlow, whose classes have the attributes of Keras'."""
    cls = type(initializer)
    entry = KERAS.entries.get(cls.__name__)
    if entry is None or getattr(sys.modules[cls.__module__], cls.__name__, None) is not cls:
        return None
    dtype = getattr(initializer, "dtype", None)
    if dtype is not None and not dtype.is_floating:
        raise NoEqualError(f"{shown(initializer)} of {dtype.name} has no equal: a spec is of reals")
    return _by_attributes(entry, initializer, {"maxval": 1.0})


def _named(name: str) -> Entry:
    names = KERAS.names(quoted=True)
    if name in names:
        return names[name]
    near = " or ".join(map(repr, nearest(name, names)))
    hint = f"; did you mean {near}?" if near else ","
    raise FormatError(
        f"{name!r} is not a name that layers of Keras take as an initializer{hint} InitSpec.parse "
        "reads a line of initspec, and initspec.translate.translate a line of code"
    )


def _configured(config: Mapping[Any, Any]) -> tuple[Spec, Axes | None]:
    """Return the spec of what `keras.initializers.serialize` returns, or a layer's config has."""
    name, arguments = config.get("class_name"), config.get("config", {})
    if not isinstance(name, str) or not isinstance(arguments, Mapping):
        raise FormatError(
            f"{shown(config)} is not the configuration of an initializer: pass "
            "{'class_name': 'HeNormal', 'config': {}}, as keras.initializers.serialize returns it"
        )
    package, _, _ = str(config.get("registered_name") or "").rpartition(">")
    module = config.get("module") or _MODULES[0]
    known = module in _MODULES or str(module).startswith("keras.src.initializers.")
    if package not in ("", "initspec") or not known:
        raise FormatError(
            f"{shown(config)}: the class {name} is of {package or module!r}, not of "
            "keras.initializers: what its code draws cannot be read; write the law as a spec"
        )
    if name == "InitSpecInitializer":
        return InitSpec.from_dict(arguments.get("spec", {})), axes_of(arguments.get("axes"))
    law = {key: value for key, value in arguments.items() if key not in _DRAWN}
    return read_object(_named(name), law)
