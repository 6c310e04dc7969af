"""The keys that an initializer accepts."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from initspec.backend import TargetError, shown


def check_key(key: Any) -> None:
    """Raise TargetError where `key` is not one key of jax.random, typed or legacy.

    A legacy key is what `jax.random.PRNGKey` returns: uint32 words, two of them for threefry.
    """
    check_no_shape(key, "hk.next_rng_key()")
    if key is None:
        raise TargetError("key=None: JAX has no global random state; pass jax.random.key(0)")
    if isinstance(key, jax.Array) and jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key):
        batch, words = key.shape, ()
    elif isinstance(key, jax.Array | np.ndarray) and key.dtype == np.uint32 and key.ndim:
        batch, words = key.shape[:-1], key.shape[-1:]
        expected = _legacy_words(str(jax.config.jax_default_prng_impl))
        if words != expected:
            raise TargetError(
                f"key of {words[0]} uint32 words: a legacy key of this process has {expected[0]}; "
                "pass jax.random.key(0)"
            )
    else:
        given = f"{type(key).__module__}.{type(key).__qualname__}"
        if isinstance(key, jax.Array | np.ndarray):
            given = f"an array of {key.dtype}{list(key.shape)}"
        # They make keys, and have an attribute of any name.
        remedy = "rngs.params()" if given.startswith("flax.nnx") else "jax.random.key(0)"
        raise TargetError(f"key is {given}, not a key of jax.random: pass {remedy}")
    if batch:
        raise TargetError(
            f"a batch of keys, {batch}: one weight takes one key; "
            "use jax.vmap(lambda key: init(key, shape))(keys)"
        )


def check_no_shape(key: Any, haiku: str) -> None:
    """Raise TargetError where the shape stands in the place of the key, as Haiku calls.

    Args:
        key: what stands there.
        haiku: the key for a call of Haiku's, as one writes it.
    """
    if isinstance(key, tuple | list):
        raise TargetError(
            f"key={shown(key)} is a shape, and the key comes first: init(key, shape, dtype). For "
            f"Haiku write w_init=lambda shape, dtype: init({haiku}, shape, dtype)"
        )


_WORDS: dict[str, tuple[int, ...]] = {}


def _legacy_words(implementation: str) -> tuple[int, ...]:
    """Return the shape of a legacy key; `implementation` names the process' default."""
    if implementation not in _WORDS:
        _WORDS[implementation] = jax.eval_shape(lambda: jax.random.PRNGKey(0)).shape
    return _WORDS[implementation]
