"""Seeded draws with a key for each member: vmap, scan and shard_map repeat one weight.

A seeded draw takes nothing from its key, so that the members are equal where those of jax.random
differ. It depends on its key all the same, so that JAX passes it what is done with that: a batch of
keys comes to a rule of `jax.custom_batching`, under any nesting of vmap and jit. A key that all
members share gives equal weights with jax.random too, and is not reported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

_LOOPS = {
    "scan": "a scan over keys",
    "fori_loop": "a fori_loop with a key for each step",
    "while_body": "a while_loop with a key for each step",
}

Report = Callable[[str, int | str], None]


def draw_for_members(key: Any, draw: Callable[[], jax.Array], report: Report) -> jax.Array:
    """Return `draw()`; call `report` where a transformation repeats it for other keys.

    `report` takes the transformation and the number of members.
    """
    if not isinstance(key, jax.core.Tracer):
        return draw()
    loop = _loop(key)
    if loop is not None:
        report(loop, "members")

    @jax.custom_batching.custom_vmap
    def seeded(_: Any) -> jax.Array:
        return draw()

    @seeded.def_vmap
    def for_keys(size: int, *_: Any) -> tuple[jax.Array, bool]:
        if size > 1:
            report("a vmap over keys", size)
        return draw(), False

    return seeded(key)


def _loop(key: Any) -> str | None:
    """Return the loop whose steps, or the devices of a shard_map, have keys of their own.

    JAX has no public name for what a function is traced for. Where the names that are read here are
    missing, nothing is found.
    """
    varying = getattr(jax.typeof(key), "manual_axis_type", None) or jax.typeof(key)
    if getattr(varying, "varying", None) or getattr(varying, "vma", None):
        return "a shard_map with a key for each device"
    innermost = trace = getattr(key, "_trace", None)
    while trace is not None:
        kind = getattr(getattr(_frame(trace), "debug_info", None), "traced_for", None)
        if kind in _LOOPS:
            return _LOOPS[kind] if _of_argument(innermost, key) else None
        trace = getattr(trace, "parent_trace", None)
    return None


def _of_argument(trace: Any, key: Any) -> bool:
    """Return whether a key depends on what the traced function is called with.

    A key that is made in the body of a loop from constants is the same in each step; flax' linen
    checks the shape of a parameter with such a one in each `apply`.
    """
    progenitors = getattr(_frame(trace), "find_progenitors", None)
    return progenitors is not None and bool(progenitors(key)[0])


def _frame(trace: Any) -> Any:
    return getattr(trace, "frame", None)
