"""A laboratory: what an initialization does to the signals and gradients of a deep network.

- `network`: dense, convolutional and residual networks in NumPy, forward and backward;
- `layer`: what is measured in one layer;
- `mean_field` and `theory`: what is predicted of it;
- `verdict`: what the layers say, in a sentence;
- `run`: `propagate`, which does all of it; `result`, `plot` and `propagation`: what it returns.
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
