"""A backend over Python's own `random`: what a stranger has to write to be compared."""

import platform
import random

import numpy as np

from initspec.axes import OUT_IN, by_rank
from initspec.spec.resolve import resolve


class DummyBackend:
    """Draws normal, uniform and constant weights with `random.Random`, in float64."""

    name = "dummy"
    dtypes = ("float64",)
    known_deviations = ()

    def version(self):
        return platform.python_version()

    def why_unusable(self):
        return None

    def default_axes(self, rank):
        return by_rank(OUT_IN, rank)

    def compile(self, spec, axes, seed, name):
        def initializer(shape, rng):
            resolved = resolve(spec, shape, axes)
            return resolved.distribution.sample(resolved, RandomPrimitives(resolved, rng))

        return initializer

    def draw(self, spec, shape, *, axes=None, dtype="float64", entropy=0, seed=None, name=""):
        return self.compile(spec, axes, seed, name)(shape, random.Random(entropy))


class RandomPrimitives:
    """The primitives that the elementwise families need."""

    def __init__(self, resolved, rng):
        self._shape = resolved.layout.shape
        self._size = resolved.layout.size
        self._rng = rng

    def full(self, value):
        return np.full(self._shape, value)

    def normal(self, mean, std):
        return self._fill(lambda: self._rng.gauss(mean, std))

    def uniform(self, low, high):
        return self._fill(lambda: self._rng.uniform(low, high))

    def _fill(self, one):
        return np.array([one() for _ in range(self._size)]).reshape(self._shape)


backend = DummyBackend()
