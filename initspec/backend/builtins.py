"""A framework's own initializers as data, to be compared with specs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from initspec.backend.layers import LayerWeight
from initspec.dtypes import FLOATS

if TYPE_CHECKING:
    from initspec.spec.value import Spec


@dataclass(frozen=True, slots=True)
class Builtin:
    """One of a framework's own initializers, and what it is documented to draw.

    A function that two sources document differently is two of these.

    Attributes:
        line: the call, as a user writes it.
        spec: what it should draw.
        documented: the sentence of the documentation and its address, or the paper of its name.
        layers: the weights that it fills, the usual one first, which is drawn in every dtype.
        draw: called as draw(weight, dtype, seed), the weight one of `layers` and the seed in
            [0, 2^31); returns what `np.asarray` takes. The seed goes to the argument that the
            framework has for it, and where there is none to its global generator, whose state is
            put back.
        dtypes: the names of the dtypes in which it is drawn, the usual one first.
    """

    line: str
    spec: Spec
    documented: str
    layers: tuple[LayerWeight, ...]
    draw: Callable[[LayerWeight, str, int], Any]
    dtypes: tuple[str, ...] = ("float32", *(name for name in FLOATS if name != "float32"))
