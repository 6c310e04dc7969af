"""Portable draws as JAX arrays: drawn on the host, and each device's part alone where sharded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AbstractMesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from initspec.backend import FloatType, Resolved, aligned, fill, numpy_dtype


@dataclass(frozen=True)
class PortableDraw:
    """The weight that a seed and a name say.

    Attributes:
        resolved: the spec resolved on the whole weight.
        kind: the weight's dtype.
        seed: of the portable stream.
        name: the parameter's name.
    """

    resolved: Resolved
    kind: FloatType
    seed: int
    name: str

    def array(self, sharding: NamedSharding | None) -> jax.Array:
        """Return the weight, traced or not, laid out by `sharding` over the devices of its mesh."""
        if tracing():
            return self._callback() if sharding is None else self._callbacks(sharding)
        if sharding is None:
            return jax.device_put(self._host())
        if isinstance(sharding.mesh, AbstractMesh):  # of a PartitionSpec: it names no devices
            sharding = NamedSharding(jax.sharding.get_mesh(), sharding.spec)
        return jax.make_array_from_callback(self.resolved.layout.shape, sharding, self._host)

    def _host(self, index: tuple[slice, ...] | None = None) -> NDArray[Any]:
        """Draw the weight, or a block of it, into memory that XLA need not copy."""
        shape = self.resolved.layout.shape
        if index is not None:  # JAX leaves the ends of a whole axis open
            index = tuple(
                slice(*part.indices(size)[:2]) for part, size in zip(index, shape, strict=True)
            )
            shape = tuple(part.stop - part.start for part in index)
        out = aligned(shape, numpy_dtype(self.kind))
        fill(self.resolved, self.kind, self.seed, self.name, out, index)
        return out

    def _callback(self) -> jax.Array:
        """Return the weight inside a traced function: drawn when that runs, not baked into it."""
        shape = self.resolved.layout.shape
        return jax.pure_callback(self._host, jax.ShapeDtypeStruct(shape, numpy_dtype(self.kind)))

    def _callbacks(self, sharding: NamedSharding) -> jax.Array:
        """Return the weight inside a traced function, each device asking for its own part."""
        shape = self.resolved.layout.shape
        spec = PartitionSpec(*sharding.spec, *(None,) * (len(shape) - len(sharding.spec)))
        local = sharding.shard_shape(shape)
        part = jax.ShapeDtypeStruct(local, numpy_dtype(self.kind))

        def one(*places: Any) -> NDArray[Any]:
            starts = [int(place) * size for place, size in zip(places, local, strict=True)]
            return self._host(
                tuple(slice(start, start + size) for start, size in zip(starts, local, strict=True))
            )

        def each() -> Any:
            return jax.pure_callback(one, part, *(_place(entry, sharding) for entry in spec))

        return jax.shard_map(
            each, mesh=sharding.mesh, in_specs=(), out_specs=spec, check_vma=False
        )()


def tracing() -> bool:
    """Say whether JAX is tracing a function: every new array is a tracer then."""
    return isinstance(jnp.zeros(()), jax.core.Tracer)


def _place(entry: Any, sharding: NamedSharding) -> Any:
    """Return which part of an axis this device has, by the mesh axes of its entry in the spec."""
    names: Sequence[str] = () if entry is None else entry if isinstance(entry, tuple) else (entry,)
    place = jnp.zeros((), jnp.int32)
    for name in names:
        place = place * sharding.mesh.shape[name] + jax.lax.axis_index(name)
    return place
