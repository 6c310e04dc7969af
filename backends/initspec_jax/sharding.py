"""Where a new weight is laid out: what `out_sharding` means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import NamedSharding, PartitionSpec

from initspec.backend import TargetError

Draw = Callable[[Any], Any]


def context_mesh(out_sharding: Any) -> Any:
    """Return the mesh set by `jax.set_mesh` if `out_sharding` needs it, None without a sharding.

    Raises:
        TargetError: `out_sharding` is no NamedSharding or PartitionSpec, or is a PartitionSpec
            where no mesh is set.
    """
    if out_sharding is None:
        return None
    if not isinstance(out_sharding, NamedSharding | PartitionSpec):
        raise TargetError(
            f"out_sharding={out_sharding!r}: pass a jax.sharding.NamedSharding, or a PartitionSpec "
            "under jax.set_mesh"
        )
    mesh = jax.sharding.get_abstract_mesh()
    if isinstance(out_sharding, PartitionSpec) and mesh.empty:
        raise TargetError(
            f"out_sharding={out_sharding!r} without a mesh: call under jax.set_mesh(mesh), or pass "
            "NamedSharding(mesh, spec)"
        )
    return mesh


def named_sharding(out_sharding: Any, shape: tuple[int, ...], mesh: Any) -> NamedSharding | None:
    """Return what `out_sharding` says, a PartitionSpec on the axes of `mesh`; None if nothing.

    Raises:
        TargetError: the sharding does not fit the shape.
    """
    if out_sharding is None:
        return None
    named = out_sharding
    if isinstance(out_sharding, PartitionSpec):
        named = _attempt(lambda: NamedSharding(mesh, out_sharding), shape, out_sharding)
    _attempt(lambda: named.shard_shape(shape), shape, out_sharding)
    return named


def placed(draw: Draw, shape: tuple[int, ...], out_sharding: Any, mesh: Any) -> Draw:
    """Return `draw` compiled, its result laid out by `out_sharding`.

    The whole of `draw` is partitioned, so that each device makes its own part of an elementwise
    weight. jax.random's own `out_sharding` does the same, on Explicit meshes alone.

    Args:
        draw: key -> weight.
        shape: the weight's shape.
        out_sharding: a NamedSharding, a PartitionSpec or None.
        mesh: what `context_mesh` returned.

    Raises:
        TargetError: the sharding does not fit the shape.
    """
    named = named_sharding(out_sharding, shape, mesh)
    if named is None:
        return jax.jit(draw)
    explicit = set(mesh.explicit_axes) if named.mesh.abstract_mesh == mesh else set()
    if explicit:
        # An Explicit axis is part of the array's type, which `out_shardings` of a jit inside
        # another leaves alone; auto_axes sets it, and takes nothing but Explicit axes.
        result = PartitionSpec(*(_only(explicit, entry) for entry in named.spec))
        draw = jax.sharding.auto_axes(
            draw, axes=tuple(explicit), out_sharding=NamedSharding(mesh, result)
        )
    return jax.jit(draw, out_shardings=out_sharding)


def _only(names: set[str], entry: Any) -> Any:
    """Return an entry of a PartitionSpec with no mesh axes but `names`."""
    if isinstance(entry, tuple):
        return tuple(name for name in entry if name in names)
    return entry if entry in names else None


def _attempt(action: Callable[[], Any], shape: tuple[int, ...], out_sharding: Any) -> Any:
    try:
        return action()
    except Exception as error:  # ValueError, and jax' own DuplicateSpecError, which is none
        raise TargetError(
            f"out_sharding={out_sharding!r} on the shape {shape}: {error}; pass a PartitionSpec "
            "that names axes of the mesh and divides the shape"
        ) from error
