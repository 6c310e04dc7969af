"""Programs that run once: on JAX compiling them takes longest, optimized three times as long."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unoptimized(place: str, chosen: bool = True) -> Iterator[None]:
    """Let JAX, where `place` ends with it, compile without most optimizations, or with all.

    Without, where nothing depends on them: the conformance suite draws with optimized programs.
    """
    if not place.endswith("jax"):
        yield
        return
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", chosen)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", before)
