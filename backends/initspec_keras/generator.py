"""The random numbers of a Keras initializer: one SeedGenerator, which can be copied and pickled."""

from __future__ import annotations

import copyreg
from typing import Any

import keras
import numpy as np

_BITS = 31
_FACTORS = (0x7FEB352D, 0x046CA68B)


def seed_generator(entropy: int | None = None) -> Any:
    """Return a new `keras.random.SeedGenerator`.

    Keras' built-ins repeat themselves when they are called again, even with `seed=None`, unless
    they carry one of these.

    Args:
        entropy: what to seed it with, modulo 2^64; None takes a random seed, as Keras does.
    """
    if entropy is None:
        return keras.random.SeedGenerator()
    return keras.random.SeedGenerator(_spread(entropy % 2**64))


def _spread(entropy: int) -> int:
    """Return 31 bits, which every framework takes, other ones for all entropies below 2^31.

    On torch the k-th draw of the seed s is the first of s + k, so that neighbouring seeds must not
    stay neighbours; and a hash would give one seed to two of some thousand entropies now and then.
    Each step can be undone: a shift to the right, and a product with an odd number modulo 2^31.
    """
    high, x = divmod(entropy, 1 << _BITS)
    if high:
        x ^= int(np.random.SeedSequence(high).generate_state(1)[0]) >> 1
    for factor in _FACTORS:
        x ^= x >> 16
        x = x * factor % (1 << _BITS)
    return x ^ x >> 15


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
