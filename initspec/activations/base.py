"""The class `Activation`: a function with its derivative, kinks and saturated ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Function = Callable[[Floats], Floats]

_NEAR = 0.05
"""A value within this share of the range from one of its ends is saturated."""


@dataclass(frozen=True, eq=False)
class Activation:
    """An elementwise activation.

    Attributes:
        name: its name, parameters included, such as "leaky_relu(negative_slope=0.2)".
        function: f, elementwise on a floating array.
        derivative: f', elementwise on a floating array.
        kinks: where f or one of its derivatives jumps.
        ends: the finite limits in which it saturates: none (relu), one (elu) or two (tanh).
        family: the name without parameters; "" for a callable.
        parameters: their values.
    """

    name: str
    function: Function
    derivative: Function
    kinks: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()
    family: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def saturated(self, values: Floats) -> NDArray[np.bool_]:
        """Return where values of f lie within 5 % of the range from one of its ends.

        The range is the distance of the two ends, or that of the one end from 0.
        """
        near = np.zeros(np.shape(values), np.bool_)
        reach = (
            abs(self.ends[0] - (self.ends[-1] if len(self.ends) == 2 else 0)) if self.ends else 0
        )
        for end in self.ends:
            near |= np.abs(values - end) < _NEAR * reach
        return near
