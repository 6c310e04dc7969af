"""Registers the initializer with Keras, now or as soon as Keras is imported.

Keras finds a custom class in a saved model only if it has been registered in this process; it never
imports the module that the file names. `import initspec_keras` has to register it therefore, in
whatever order the two are imported, and yet must not import Keras, which costs seconds.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_CLASS = "initspec_keras.initializer"  # defining the class registers it


def register() -> None:
    """Register the initializer if Keras is imported, else have its import do so."""
    if "keras" in sys.modules:
        importlib.import_module(_CLASS)
    elif not any(isinstance(finder, _KerasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _KerasFinder())


class _KerasFinder(MetaPathFinder):
    """Finds Keras where the other finders do, and has its loader register the initializer."""

    def __init__(self) -> None:
        self._asking_others = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "keras" or self._asking_others:
            return None
        self._asking_others = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking_others = False
        if spec is not None and spec.loader is not None:
            spec.loader = _KerasLoader(spec.loader, self)
        return spec


class _KerasLoader(Loader):
    """Loads Keras as its own loader does, then registers the initializer."""

    def __init__(self, loader: Loader, finder: _KerasFinder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module keeps its own loader, not this one: that reads resources.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        importlib.import_module(_CLASS)
