"""Activation functions in NumPy, by name or from any function of an array.

- `base`: the class `Activation`;
- `elements` and `table`: the named activations;
- `lookup`: find the activation of a name or a function;
- `gains`: the gain of an activation;
- `recommend`: the initializer that fits an activation.
"""

from initspec.activations.base import Activation
from initspec.activations.lookup import NAMES, activation_of

__all__ = ["NAMES", "Activation", "activation_of"]
