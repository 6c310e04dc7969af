"""Activations, in NumPy: by name, or any function of an array.

- `base`: what an activation is;
- `elements` and `table`: the ones that have a name;
- `lookup`: from what a user says to an activation.
"""

from initspec.activations.base import Activation
from initspec.activations.lookup import NAMES, activation_of

__all__ = ["NAMES", "Activation", "activation_of"]
