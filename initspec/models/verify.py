"""Compare the values of a model, of arrays or of a file with a lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from initspec.backend import HasValues, optional
from initspec.errors import TargetError
from initspec.models.locked import Locked
from initspec.models.owner import owner
from initspec.models.weights_file import model_of, opened

Target = str | Path | Mapping[str, Any] | Any
"""A model, arrays by path, or a file: .safetensors, .npz, .keras or .pt."""

Read = Callable[[Sequence[str]], Iterable[Any]]
"""Return the values of paths, one after the other."""


def compare(
    parameters: Iterable[Locked], seed: int, target: Target
) -> Iterator[tuple[str, int, bool]]:
    """Yield each path, the number of elements there, and whether they are those of the lock.

    Of a tied parameter every path is compared that the target has.
    """
    with _values(target) as (there, read):
        places: list[tuple[Locked, str]] = []
        for parameter in parameters:
            paths = [path for path in (parameter.path, *parameter.tied) if path in there]
            if not paths:
                yield parameter.path, parameter.size, False
            places += [(parameter, path) for path in paths]
        values = read([path for _, path in places])
        for (parameter, path), array in zip(places, values, strict=True):
            if array is None:
                raise TargetError(f"{path} has no values yet: initialize the model first")
            yield path, parameter.size, not parameter.differs(array, seed, there[path])


@contextmanager
def _values(target: Target) -> Iterator[tuple[Mapping[str, bool], Read]]:
    """Open what is compared: its paths, whether each is computed, and how they are read."""
    if isinstance(target, (str, Path)):
        model = model_of(Path(target))
        if model is not None:
            with _values(model) as values:
                yield values
            return
        with opened(Path(target)) as tensors:
            names = dict.fromkeys(tensors, False)
            yield names, lambda paths: (tensors[path].array() for path in paths)
    elif _is_flat(target):
        arrays = dict.fromkeys(target, False)
        yield arrays, lambda paths: (_array(path, target[path]) for path in paths)
    else:
        backend = owner(target)
        readable = optional(backend, HasValues, "values of models")  # type: ignore[arg-type]
        there = {parameter.path: parameter.computed for parameter in backend.parameters(target)}
        yield there, lambda paths: readable.values(target, paths)


def _is_flat(target: Any) -> bool:
    """Return whether what is compared is arrays by path, and not a tree of them."""
    return isinstance(target, Mapping) and not any(
        isinstance(value, Mapping | list | tuple) for value in target.values()
    )


def _array(path: str, values: Any) -> Any:
    try:
        array = np.asarray(values)
    except Exception as error:  # torch raises TypeError for bfloat16, Keras what its engine does
        raise TargetError(
            f"{path}: a {type(values).__name__} that NumPy cannot read ({error}); pass the model, "
            "or a .safetensors file"
        ) from None
    return array
