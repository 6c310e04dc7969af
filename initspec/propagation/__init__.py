"""Signal propagation: measure how an initialization scales the signals and gradients of a network.

- `network`: dense, convolutional and residual networks in NumPy, forward and backward;
- `layer`: the measurements of one layer;
- `mean_field` and `theory`: the predictions of mean-field theory for it;
- `verdict`: the verdict on a network, in a sentence;
- `run`: the function `propagate`;
- `result`, `propagation` and `plot`: its result, and the picture of it.
"""

from initspec.propagation.layer import Histogram, Layer, Prediction
from initspec.propagation.mean_field import Edge, MeanField, edge_of_chaos
from initspec.propagation.propagation import Propagation
from initspec.propagation.run import propagate

__all__ = [
    "Edge",
    "Histogram",
    "Layer",
    "MeanField",
    "Prediction",
    "Propagation",
    "edge_of_chaos",
    "propagate",
]
