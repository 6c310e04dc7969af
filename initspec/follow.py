"""Imports a backend's module as soon as its framework is imported, and not before.

Some frameworks find a class in a saved file only if it has been registered in this process, and
never import the module that the file names. `import initspec` has to register it therefore, in
whatever order the two are imported, and yet must not import the framework, which costs seconds.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the abstract classes would be a part of what importing initspec costs
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def follow(framework: str, module: str) -> None:
    """Import a module if its framework is imported, else have the framework's import do so."""
    if framework in sys.modules:
        _register(module)
    else:
        sys.meta_path.insert(0, _Finder(framework, module))


def _register(module: str) -> None:
    # A release of the framework that is too old for the backend can be used without it: the import
    # fails again, and is reported, where the backend is asked for.
    with contextlib.suppress(Exception):
        importlib.import_module(module)


class _Finder:
    """Finds the framework where the other finders do, and has its loader import the module."""

    def __init__(self, framework: str, module: str) -> None:
        self.framework = framework
        self.module = module
        self._asking_others = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.framework or self._asking_others:
            return None
        import importlib.util

        self._asking_others = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking_others = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self)  # type: ignore[assignment]
        return spec


class _Loader:
    """Loads the framework as its own loader does, then imports the module."""

    def __init__(self, loader: Any, finder: _Finder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        # The module keeps its own loader, not this one: that reads resources.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        _register(self._finder.module)
