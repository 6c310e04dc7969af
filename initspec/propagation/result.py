"""The result of `propagate` without its picture: measured layers, predictions and a verdict."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.numerics.finite import finite_or_none
from initspec.propagation.layer import Layer
from initspec.propagation.mean_field import Edge
from initspec.propagation.verdict import counted, verdict


@dataclass(frozen=True, eq=False)
class Result:
    """A network that was run, measured and judged; `Propagation` adds the picture.

    Attributes:
        spec: the spec, as its canonical line.
        activation: the activation's name.
        width: the units (channels) of a layer.
        samples: the number of inputs.
        seed: the seed of the weights, inputs and gradient.
        bias_std: the standard deviation of the biases.
        residual: the factor of a residual branch; None for a plain network.
        kernel: the receptive field of a convolution; () for dense layers.
        layers: one entry for each layer.
        singular_values: those of the input-output Jacobian at the first input, from the largest;
            None where it was not requested, or is not finite. Where all are near 1, the network is
            in dynamical isometry (Saxe et al. 2014; Pennington et al. 2017).
        weight_std: sigma_w of the last layer, the standard deviation of a weight times
            sqrt(fan_in); nan for weights that are not random.
        edge: the edge of chaos for this activation and bias_std; None where there is none.
        symmetric: whether all units of each layer have the same weights.
        step: whether the activation is a step function, which passes no gradient.
        undefined: an input at which the activation was not a number; None where it always was one.
    """

    spec: str
    activation: str
    width: int
    samples: int
    seed: int
    bias_std: float
    residual: float | None
    kernel: tuple[int, ...]
    layers: tuple[Layer, ...]
    singular_values: NDArray[np.float64] | None
    weight_std: float
    edge: Edge | None
    symmetric: bool
    step: bool = False
    undefined: float | None = None

    @property
    def depth(self) -> int:
        """The number of layers."""
        return len(self.layers)

    @property
    def verdict(self) -> str:
        """Healthy, vanishing, exploding, undefined, saturated or symmetric, and why."""
        return verdict(self.layers, self.width, self.symmetric, self.step, self.undefined)

    @property
    def state(self) -> str:
        """The first word of the verdict."""
        return self.verdict.partition(":")[0]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values that JSON can hold; what is infinite or undefined is None."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["layers"] = [dataclasses.asdict(layer) for layer in self.layers]
        values["edge"] = self.edge and self.edge._asdict()
        if self.singular_values is not None:
            values["singular_values"] = self.singular_values.tolist()
        plain: dict[str, Any] = finite_or_none(values | {"verdict": self.verdict})
        return plain

    def __str__(self) -> str:
        layers = counted(self.depth, "layer")
        return f"{self.spec}, {self.activation}, {layers} of {self.width}: {self.verdict}"
