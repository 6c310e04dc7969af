"""The random numbers of a Keras initializer: one SeedGenerator, which can be traced and copied."""

from __future__ import annotations

import copyreg
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
    seed = None if entropy is None else _spread(entropy % 2**64)
    return from_config({"seed": seed})


def from_config(config: dict[str, Any]) -> Any:
    """Return the SeedGenerator of a config, which may be made and used in a traced function."""
    generator = _untraced(lambda: keras.random.SeedGenerator.from_config(config))
    if keras.config.backend() == "jax":
        # An attribute of the object: of another class, a built-in would not be saved as Keras' own.
        generator.next = lambda ordered=True: _next_on_jax(generator, ordered)
    return generator


def _untraced(make: Callable[[], Any]) -> Any:
    """Return the SeedGenerator that `make` returns, for use beyond the function that is traced.

    tf.function refuses a variable of its own at the second call, jax.jit leaves it with a tracer
    that is void after the trace, torch.inference_mode() and the meta device with a tensor that
    cannot be moved on.
    """
    backend = keras.config.backend()
    if backend == "jax":
        import jax

        with jax.ensure_compile_time_eval():
            return make()
    if backend == "tensorflow":
        import tensorflow as tf

        # Not by tf.init_scope, which leaves tf.function its say in how a variable is made.
        return _in_thread(make) if tf.inside_function() else make()
    generator = make()
    state = generator.state.value
    return _in_thread(make) if state.is_inference() or state.is_meta else generator


def _in_thread(make: Callable[[], Any]) -> Any:
    """Return what `make` returns in a thread of its own, which is in no trace, mode or scope."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make).result()


def _next_on_jax(generator: Any, ordered: bool) -> Any:
    """Return the next key of a generator; in a traced function, one for each run of the program.

    Keras would leave a tracer in the state, so that every later call fails. Here the trace takes a
    key from the state, and the program calls back for a key made of that and the number of its run.
    """
    import jax
    import jax.numpy as jnp
    from jax.experimental import io_callback

    advance = type(generator).next
    if _in_stateless_scope() or not isinstance(jnp.zeros(()), jax.core.Tracer):
        return advance(generator, ordered)
    with jax.ensure_compile_time_eval():
        first = np.asarray(advance(generator, ordered))
    runs = itertools.count()

    def key() -> Any:
        run = next(runs)
        words = [*map(int, first), run]
        # As NumPy: an operation of JAX inside a callback may wait for the program that called.
        return np.random.SeedSequence(words).generate_state(2) if run else first

    return io_callback(key, jax.ShapeDtypeStruct(first.shape, first.dtype))


def _in_stateless_scope() -> bool:
    """Return whether Keras takes the state from a StatelessScope and brings it back in one."""
    from keras.src.backend.common.stateless_scope import in_stateless_scope  # it has no public name

    return bool(in_stateless_scope())


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
    generator = from_config(config)
    if place is not None:
        dtype = generator.state.dtype
        generator.state.assign(keras.ops.convert_to_tensor(np.array(place), dtype=dtype))
    return generator


# A SeedGenerator holds a module, so that neither it nor a built-in initializer that carries one
# could be copied or pickled. A seeded one goes on from its place. The copy of an unseeded one draws
# numbers of its own, as after get_config and from_config: two layers must not start out equal.
copyreg.pickle(keras.random.SeedGenerator, _reduce)
