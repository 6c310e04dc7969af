"""Portable draws as JAX arrays: drawn on the host, and each device's part alone where sharded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AbstractMesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from initspec.backend import Block, FloatType, Resolved, aligned, common_block, fill, numpy_dtype
from initspec_jax.export import unexported

_scalar = jax.jit(lambda: jnp.zeros(()))
"""Returns a tracer, or an array where JAX puts new ones; compiled, in a seventh of the time."""


def is_traced() -> bool:
    """Return whether a function is being traced, such as one under `jax.jit`."""
    return isinstance(_scalar(), jax.core.Tracer)


@dataclass(frozen=True)
class PortableDraw:
    """The weight that a seed and a name say.

    Attributes:
        resolved: the spec resolved on the whole weight.
        kind: the weight's dtype.
        seed: of the portable stream.
        name: the parameter's name.
        parts: blocks with specs of their own, resolved on the whole weight: a slice for each axis,
            and the spec.
    """

    resolved: Resolved
    kind: FloatType
    seed: int
    name: str
    parts: tuple[tuple[Block, Resolved], ...] = ()

    def array(self, sharding: NamedSharding | None) -> jax.Array:
        """Return the weight, traced or not, laid out by `sharding` over the devices of its mesh."""
        scalar = _scalar()
        if isinstance(scalar, jax.core.Tracer):
            if sharding is not None:
                return self._callbacks(sharding)
            mesh = jax.sharding.get_abstract_mesh()
            whole = set(mesh.axis_names) == set(mesh.manual_axes)  # no mesh, or inside a shard_map
            return self._callback() if whole else self._replicated(mesh)
        usual = scalar.sharding
        if isinstance(usual, NamedSharding):  # under jax.set_mesh
            if sharding is None:
                sharding = NamedSharding(usual.mesh, PartitionSpec())
            elif isinstance(sharding.mesh, AbstractMesh):  # of a PartitionSpec: it names no devices
                sharding = NamedSharding(usual.mesh, sharding.spec)
        if sharding is None:
            return jax.device_put(self._host())
        return jax.make_array_from_callback(self.resolved.layout.shape, sharding, self._host)

    def _host(self, index: Block | None = None) -> NDArray[Any]:
        """Draw the weight, or a block of it, into memory that XLA need not copy."""
        shape = self.resolved.layout.shape
        if index is not None:  # JAX leaves the ends of a whole axis open
            index = tuple(
                slice(*part.indices(size)[:2]) for part, size in zip(index, shape, strict=True)
            )
            shape = tuple(part.stop - part.start for part in index)
        out = aligned(shape, numpy_dtype(self.kind))
        fill(self.resolved, self.kind, self.seed, self.name, out, index)
        for part, resolved in self.parts:
            home, block = (part, part) if index is None else common_block(part, index)
            if home is not None:
                fill(resolved, self.kind, self.seed, self.name, out[home], block)
        return out

    def _callback(self) -> jax.Array:
        """Return the weight inside a traced function: drawn when that runs, not baked into it."""
        shape = self.resolved.layout.shape
        whole = jax.ShapeDtypeStruct(shape, numpy_dtype(self.kind))
        return jax.pure_callback(lambda _: self._host(), whole, unexported())

    def _replicated(self, mesh: AbstractMesh) -> jax.Array:
        """Return the weight inside a function traced under a mesh: on all devices, as JAX' own.

        A callback's result lies on one device alone, and a program that returns that fails inside
        of XLA.
        """

        def draw(_: Any) -> jax.Array:
            return jax.lax.with_sharding_constraint(self._callback(), PartitionSpec())

        if mesh.explicit_axes:  # for these a constraint asserts, and XLA is told nothing
            everywhere = NamedSharding(mesh, PartitionSpec())
            draw = jax.sharding.auto_axes(draw, axes=mesh.explicit_axes, out_sharding=everywhere)
        return draw(jnp.zeros(()))

    def _callbacks(self, sharding: NamedSharding) -> jax.Array:
        """Return the weight inside a traced function, each device asking for its own part."""
        shape = self.resolved.layout.shape
        spec = PartitionSpec(*sharding.spec, *(None,) * (len(shape) - len(sharding.spec)))
        local = sharding.shard_shape(shape)
        part = jax.ShapeDtypeStruct(local, numpy_dtype(self.kind))

        def local_part(_: Any, *places: Any) -> NDArray[Any]:
            starts = [int(place) * size for place, size in zip(places, local, strict=True)]
            return self._host(
                tuple(slice(start, start + size) for start, size in zip(starts, local, strict=True))
            )

        def drawn() -> Any:
            places = (_place(entry, sharding) for entry in spec)
            return jax.pure_callback(local_part, part, unexported(), *places)

        return jax.shard_map(
            drawn, mesh=sharding.mesh, in_specs=(), out_specs=spec, check_vma=False
        )()


def _place(entry: Any, sharding: NamedSharding) -> Any:
    """Return which part of an axis this device has, by the mesh axes of its entry in the spec."""
    names: Sequence[str] = () if entry is None else entry if isinstance(entry, tuple) else (entry,)
    place = jnp.zeros((), jnp.int32)
    for name in names:
        place = place * sharding.mesh.shape[name] + jax.lax.axis_index(name)
    return place
