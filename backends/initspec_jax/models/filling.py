"""What a parameter is filled with, as an array."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding

from initspec.backend import Filling, TargetError, draw, float_type, numpy_dtype, resolve
from initspec_jax.seeded import PortableDraw


def check(filling: Filling, seed: int | None, like: Any) -> None:
    """Raise TargetError where a parameter cannot be filled; see `array`."""
    path = filling.parameter.path
    specs = (filling.spec, *(spec for _, spec in filling.parts))
    if seed is None and any(spec.distribution.random for spec in specs):
        raise TargetError(
            f"{path}: '{filling.spec}' is random, and JAX has no generator of its own: pass seed=, "
            "an integer such as seed=0"
        )
    if isinstance(like, np.ndarray):
        return
    given = filling.parameter.dtype
    usual = jax.dtypes.canonicalize_dtype(numpy_dtype(float_type(given))).name
    if usual != given:
        raise TargetError(
            f"{path} is {given}, of which JAX makes {usual}: set jax_enable_x64, or make it {usual}"
        )


def array(filling: Filling, seed: int | None, like: Any) -> Any:
    """Return a new array.

    Args:
        filling: what it is to be.
        seed: None where nothing is random.
        like: the array or ShapeDtypeStruct in whose place it stands: a NumPy array stays one, and
            what is sharded stays so.
    """
    parameter = filling.parameter
    kind = float_type(parameter.dtype)
    resolved, *others = (
        resolve(spec, parameter.shape, filling.axes, kind=kind)
        for spec in (filling.spec, *(spec for _, spec in filling.parts))
    )
    indices = [index for index, _ in filling.parts]
    number = 0 if seed is None else seed  # constants are the same under every seed
    if isinstance(like, np.ndarray):
        weight = draw(resolved, kind, number, filling.name)
        for index, other in zip(indices, others, strict=True):
            weight[index] = draw(other, kind, number, filling.name, index)
        return weight
    parts = tuple(zip(indices, others, strict=True))
    whole = PortableDraw(resolved, kind, number, filling.name, parts)
    sharding = sharding_of(like)
    if sharding is None or isinstance(sharding, NamedSharding):
        return whole.array(sharding)
    return jax.device_put(whole.array(None), sharding)


def sharding_of(like: Any) -> Any:
    """Return the sharding of an array or ShapeDtypeStruct; None where it has none of its own."""
    if isinstance(like, jax.core.Tracer):
        sharding = jax.typeof(like).sharding
        return sharding if sharding.mesh.explicit_axes else None
    if isinstance(like, jax.Array) and not like.committed:
        return None  # what is bound to a device cannot be used beside what lies on several
    return getattr(like, "sharding", None)


def all_zeros(value: Any) -> bool:
    """Return whether an array is here, not traced or elsewhere, and 0."""
    here = isinstance(value, np.ndarray) or (
        isinstance(value, jax.Array)
        and not isinstance(value, jax.core.Tracer)
        and value.is_fully_addressable
    )
    return here and not np.any(np.asarray(value))
