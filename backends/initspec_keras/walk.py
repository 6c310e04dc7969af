"""The weights of a layer of Keras, sublayers included, by paths that do not depend on the process.

Keras counts automatic names on, so that the second model of a process has a `dense_2` where the
first had a `dense`; and names that users give may collide. Here automatic names are numbered among
siblings, as in weight files
(https://github.com/keras-team/keras/blob/v3.15.1/keras/src/saving/saving_lib.py), and the root has
none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from initspec.backend import FLOATS

_AUTOMATIC_VARIABLE = r"(?:jax_|nnx_)?variable"
"""Keras names a variable by its class, of which each framework has its own."""

Chain = tuple[tuple[Any, str], ...]
"""The layers from the root to one in it, each with what the paths of its weights begin with."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A variable of a layer, created trainable.

    Attributes:
        path: its path from the root, its parts joined by dots.
        variable: the keras.Variable.
        layers: the layers from the one that has it to the root, each with the weight's path from
            there.
        frozen: whether it is not trained.
    """

    path: str
    variable: Any
    layers: tuple[tuple[Any, str], ...]
    frozen: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(map(int, self.variable.shape))


def weights(root: Any) -> Iterator[Weight]:
    """Yield the weights of a layer: its own, then those of its sublayers, in Keras' order."""
    for chain in _layers(((root, ""),), set()):
        trained = all(layer.trainable for layer, _ in chain)
        for name, variable in own_weights(chain[-1][0]):
            path = chain[-1][1] + name
            around = tuple((layer, path.removeprefix(prefix)) for layer, prefix in chain[::-1])
            yield Weight(path, variable, around, not (trained and variable.trainable))


def layers(root: Any) -> Iterator[tuple[str, Any]]:
    """Yield a layer and all in it by path; a layer that is used twice has two."""
    for chain in _layers(((root, ""),), set()):
        layer, prefix = chain[-1]
        yield prefix.removesuffix("."), layer


def own_weights(layer: Any) -> list[tuple[str, Any]]:
    """Return the variables that a layer itself created trainable, by name.

    Moving means are not, nor seeds, nor the scales of float8, which training overwrites. One
    without a name has that of its attribute. What was quantised is not trainable any more.
    """
    variables = [v for v in layer._trainable_variables if not v.overwrite_with_gradient]
    if getattr(layer, "quantization_mode", None):
        variables += [v for v in layer._non_trainable_variables if v.dtype not in FLOATS]
    named = [
        (v.name, _AUTOMATIC_VARIABLE, _attribute(layer, v) if "variable" in v.name else "")
        for v in variables
    ]
    return list(zip(_unique(named, "", set()), variables, strict=True))


def _attribute(layer: Any, variable: Any) -> str:
    names = (key.lstrip("_") for key, value in vars(layer).items() if value is variable)
    return next(names, "") or "variable"


def _layers(chain: Chain, used: set[str]) -> Iterator[Chain]:
    yield chain
    layer, prefix = chain[-1]
    used.update(prefix + name for name, _ in own_weights(layer))
    children = layer._flatten_layers(include_self=False, recursive=False)
    named = [(child.name, *_automatic(child)) for child in children]
    for name, child in zip(_unique(named, prefix, used), children, strict=True):
        yield from _layers((*chain, (child, f"{prefix}{name}.")), used)


def _automatic(layer: Any) -> tuple[str, str]:
    """Return the pattern of a layer's automatic names without their number, and what to write."""
    stem = _stem(type(layer).__name__)
    # Bidirectional puts a word before the name of the layer that it was given.
    direction = re.match("forward_|backward_", layer.name)
    stem = (direction[0] if direction else "") + stem
    return re.escape(stem), stem


@cache
def _stem(name: str) -> str:
    """Return what the automatic names of a class begin with: keras/src/utils/naming.py."""
    stem = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub("([a-z])([A-Z])", r"\1_\2", stem).lower()


def _unique(named: Sequence[tuple[str, str, str]], prefix: str, used: set[str]) -> list[str]:
    """Return a name for each sibling, no two alike; `used` has the paths that are taken.

    Args:
        named: the name in Keras, the pattern of automatic names, and the stem to number.
        prefix: what stands before the names in a path.
        used: the paths that are taken, to which these are added.
    """
    stems = [
        stem if not name or re.fullmatch(rf"{pattern}(?:_\d+)?", name) else None
        for name, pattern, stem in named
    ]
    names = [""] * len(named)
    numbers: dict[str, int] = {}
    # Names that users gave come first, so that they stay as they are.
    for given in (True, False):
        for i, stem in enumerate(stems):
            if (stem is None) == given:
                name = unique = named[i][0] if stem is None else stem
                while prefix + unique in used:
                    numbers[name] = numbers.get(name, 0) + 1
                    unique = f"{name}_{numbers[name]}"
                used.add(prefix + unique)
                names[i] = unique
    return names
