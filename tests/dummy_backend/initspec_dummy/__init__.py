"""All that a backend may have, for Python's own `random`."""

import math
import random

import numpy as np

from initspec import InitSpec
from initspec.backend import Builtin, read_engines, read_layers
from initspec_dummy.drawing import DummyBackend


class WholeBackend(DummyBackend):
    """Draws, and has a vocabulary, which reads objects too, layers, an engine and a built-in."""

    def vocabulary(self):
        from initspec_dummy.vocabulary import RANDOM

        return RANDOM

    def read_native(self, initializer):
        from initspec.translate.authors import read_object

        function = getattr(initializer, "func", initializer)  # of a partial
        for name, entry in self.vocabulary().entries.items():
            if function == getattr(random, name):
                return read_object(entry, getattr(initializer, "keywords", {}))
        return None

    def layers(self):
        return read_layers(__package__)

    def engines(self):
        return read_engines(__package__)

    def builtins(self):
        def draw(weight, dtype, seed):
            rng = random.Random(seed)
            values = [rng.gauss(0.0, 1.0) for _ in range(math.prod(weight.shape))]
            return np.array(values).reshape(weight.shape)

        documented = (
            "mu is the mean, and sigma is the standard deviation, https://docs.python.org/3"
        )
        dense = self.layers().weights
        return [
            Builtin("random.gauss()", InitSpec.normal(1.0), documented, dense, draw, ("float64",))
        ]


backend = WholeBackend()
