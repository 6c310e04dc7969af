"""The tensors of a model, of arrays by path, or of a file, one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from initspec import Axes
from initspec.backend import HasValues, optional
from initspec.backend.parameter import Parameter
from initspec.errors import InitSpecError, TargetError, with_article
from initspec.models.assign import assign, fits
from initspec.models.owner import owner, parameters
from initspec.models.recipe import recipe, shipped
from initspec.models.rule import Rule
from initspec.models.stored import Given
from initspec.models.stored import Tensor as Stored
from initspec.models.weights_file import opened
from initspec_conformance.expected.arrays import Array
from initspec_conformance.inspection.names import Shape, axes_of, role_of
from initspec_conformance.inspection.specs import Candidate
from initspec_conformance.models.rows import short


@dataclass(frozen=True)
class Tensor:
    """A tensor whose values are not read yet.

    Attributes:
        path: its path, or its name in a file.
        shape: its shape.
        dtype: the name of its dtype.
        role: one of `initspec.backend.layers.ROLES`.
        layer: the class of its layer; "" where there is no model.
        axes: by which its fans are counted; None where it has none.
        specs: what the recipes that come with initspec draw it by; None without a model.
        tied: its other paths.
        read: returns its values; None where it has none. The next call may overwrite them.
    """

    path: str
    shape: Shape
    dtype: str
    role: str
    layer: str
    axes: Axes | None
    specs: tuple[Candidate, ...] | None
    tied: tuple[str, ...]
    read: Callable[[], Array | None]


@contextmanager
def tensors_of(target: Any, inputs: Any) -> Iterator[list[Tensor]]:
    """Open a model, arrays by path, or a file.

    Raises:
        InitSpecError: it is none of these, or cannot be read.
    """
    if isinstance(target, (str, Path)):
        with opened(Path(target)) as stored:
            yield _of_arrays(stored)
    elif isinstance(target, Mapping) and _is_flat(target):
        yield _of_arrays({path: Given(_array(path, values)) for path, values in target.items()})
    else:
        yield _of_model(target, inputs)


def _is_flat(target: Mapping[Any, Any]) -> bool:
    return (
        bool(target)
        and all(isinstance(key, str) for key in target)
        and not any(isinstance(value, Mapping | list | tuple) for value in target.values())
    )


def _array(path: str, values: Any) -> Array:
    try:
        return np.asarray(values)
    except Exception as error:  # torch raises TypeError for bfloat16, Keras what its engine does
        raise TargetError(
            f"{path}: {with_article(type(values).__name__)} that NumPy cannot read ({error}); pass "
            "the model, or its file"
        ) from None


def _of_arrays(stored: Mapping[str, Stored]) -> list[Tensor]:
    shapes = {path: tensor.shape for path, tensor in stored.items()}
    sizes = (tensor.nbytes for tensor in stored.values())
    memory = np.empty(max(sizes, default=0), np.uint8)  # for all of them, one after the other
    return [
        Tensor(
            path,
            tensor.shape,
            tensor.dtype_name,
            role_of(path, tensor.shape),
            "",
            axes_of(path, shapes),
            None,
            (),
            partial(tensor.read, memory),
        )
        for path, tensor in stored.items()
    ]


def _of_model(model: Any, inputs: Any) -> list[Tensor]:
    readable: HasValues = optional(owner(model), HasValues, "values of models")  # type: ignore[arg-type]
    made = parameters(model, inputs=inputs)
    specs = _specs_of(made, getattr(model, "config", None))

    def read(path: str) -> Array | None:
        (values,) = readable.values(model, [path])
        return values

    return [
        Tensor(
            parameter.path,
            parameter.shape,
            parameter.dtype,
            parameter.role,
            parameter.layer,
            parameter.axes,
            tuple(specs[parameter.path]),
            parameter.tied,
            partial(read, parameter.path),
        )
        for parameter in made
    ]


def _specs_of(made: Sequence[Parameter], config: Any) -> dict[str, list[Candidate]]:
    """Return what the recipes that come with initspec draw each parameter by."""
    specs: dict[str, list[Candidate]] = defaultdict(list)
    rest = Rule("keep", "**", optional=True)
    alone = [parameter.path for parameter in made if not parameter.tied]  # ties need a rule each
    for name in shipped():
        rules = (*recipe(name).rules, rest)
        if not fits(made, rules, only=()):
            continue  # one for another architecture
        with suppress(InitSpecError):
            for assignment in assign(made, rules, only=alone, config=config):
                spec = assignment.spec
                if spec is not None and assignment.std and not assignment.parts:
                    line = short(str(spec))
                    if line != str(spec) or spec.mode is not None:
                        line += f" of the recipe {name!r}"
                    specs[assignment.path].append((spec.distribution.name(), line, assignment.std))
    return specs
