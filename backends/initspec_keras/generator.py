"""The random numbers of a Keras initializer: one SeedGenerator, which can be copied and pickled."""

from __future__ import annotations

import copyreg
from typing import Any

import keras
import numpy as np


def seed_generator(entropy: int | None = None) -> Any:
    """Return a new `keras.random.SeedGenerator`.

    Keras' built-ins repeat themselves when they are called again, even with `seed=None`, unless
    they carry one of these.

    Args:
        entropy: what to seed it with, modulo 2^64; None takes a random seed, as Keras does.
    """
    if entropy is None:
        return keras.random.SeedGenerator()
    # Hashed to 31 bits, which every framework takes. On torch the k-th draw of the seed s is the
    # first of s + k, so that neighbouring seeds must not stay neighbours.
    hashed = int(np.random.SeedSequence(entropy % 2**64).generate_state(1)[0]) >> 1
    return keras.random.SeedGenerator(hashed)


def _reduce(generator: Any) -> tuple[Any, ...]:
    config = generator.get_config()
    place = None
    if config["seed"] is not None:
        place = keras.ops.convert_to_numpy(generator.state.value).tolist()
    return _rebuild, (config, place)


def _rebuild(config: dict[str, Any], place: list[int] | None) -> Any:
    generator = keras.random.SeedGenerator.from_config(config)
    if place is not None:
        dtype = generator.state.dtype
        generator.state.assign(keras.ops.convert_to_tensor(np.array(place), dtype=dtype))
    return generator


# A SeedGenerator holds a module, so that neither it nor a built-in initializer that carries one
# could be copied or pickled. A seeded one goes on from its place. The copy of an unseeded one draws
# numbers of its own, as after get_config and from_config: two layers must not start out equal.
copyreg.pickle(keras.random.SeedGenerator, _reduce)
