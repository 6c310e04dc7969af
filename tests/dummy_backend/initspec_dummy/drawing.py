"""A backend over Python's own `random`: what the author of a backend writes to be compared."""

import platform
import random

import numpy as np

from initspec.backend import BaseBackend, resolve


class DummyBackend(BaseBackend):
    """Draws normal, uniform and constant weights with `random.Random`, in float64."""

    name = "dummy"
    dtypes = ("float64",)

    def version(self):
        return platform.python_version()

    def compile(self, spec, axes, seed, name):
        def initializer(shape, rng):
            resolved = resolve(spec, shape, axes)
            return resolved.sample(RandomPrimitives(resolved.layout, rng))

        initializer.spec, initializer.axes = spec, axes  # for InitSpec.from_native
        return initializer

    def fill(self, compiled, shape, kind, entropy):
        return compiled(shape, random.Random(entropy))


class RandomPrimitives:
    """The primitives that the elementwise families need."""

    def __init__(self, layout, rng):
        self._layout = layout
        self._rng = rng

    def full(self, value):
        return np.full(self._layout.shape, value)

    def normal(self, mean, std):
        return self._fill(lambda: self._rng.gauss(mean, std))

    def uniform(self, low, high):
        return self._fill(lambda: self._rng.uniform(low, high))

    def part(self, part):
        return RandomPrimitives(part.layout, self._rng)

    def join(self, parts):
        return self._layout.join(parts, np.concatenate)

    def _fill(self, one):
        return np.array([one() for _ in range(self._layout.size)]).reshape(self._layout.shape)


backend = DummyBackend()
