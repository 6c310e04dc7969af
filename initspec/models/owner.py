"""Which framework a model is of, and the parameters that it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from initspec.backend import HasCheckpoints, HasEngines, HasModels, load, registered
from initspec.backend.parameter import Parameter
from initspec.errors import BackendError, TargetError, with_article


def with_models() -> list[Any]:
    """Return the backends that have models, those that run on several frameworks first."""
    backends = []
    for name in registered():
        try:
            backend = load(name)
        except BackendError:
            continue  # a broken backend of somebody else has no say
        if isinstance(backend, HasModels):
            backends.append(backend)
    # A model of Keras on torch is one of torch, too.
    return sorted(backends, key=lambda backend: not isinstance(backend, HasEngines))


def owner(model: object) -> HasModels:
    """Return the backend of a model.

    Raises:
        TargetError: no backend knows it; the message lists those that know models.
    """
    backends = with_models()
    for backend in backends:
        if backend.owns(model):
            return backend  # type: ignore[no-any-return]
    cls = model if isinstance(model, type) else type(model)
    name = (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )
    kind = f"the class {name}" if cls is model else with_article(name)
    names = ", ".join(backend.name for backend in backends)
    raise TargetError(
        f"{kind} is not a model of {names}, the backends that have models: pass the model itself, "
        "not its class, its output or a function"
    )


def parameters(model: Any, *, inputs: Any = None) -> tuple[Parameter, ...]:
    """Return the parameters of a model, in its order, each once.

    Args:
        model: a model of torch, Keras or JAX.
        inputs: example arguments, for a model that has no parameters without them.

    Raises:
        TargetError: it is of no known framework, has no parameters yet, or several of one path.
    """
    made = tuple(owner(model).parameters(model, inputs))
    paths = Counter(place.path for parameter in made for place in parameter.places)
    if again := [path for path, count in paths.items() if count > 1]:
        raise TargetError(
            f"{len(again)} paths are of several parameters, {', '.join(again[:5])}: the parts of a "
            "path are joined by dots; leave dots out of the names in the model"
        )
    return made


def paths_of(model: Any, only: Any) -> Any:
    """Return the globs of `only=`, the keys of a checkpoint as the paths that they mean."""
    backend = owner(model)
    if not isinstance(backend, HasCheckpoints) or not isinstance(only, Iterable):
        return only
    return backend.paths_of(model, [only] if isinstance(only, str) else list(only))
