"""The values of parameters, as NumPy arrays."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray


def read(value: Any) -> NDArray[Any] | None:
    """Return the whole of an array, even where processes share it; None where it has no values.

    An array keeps its copy on the host once it has been read, and a whole model would be there
    twice; so another array of the same buffers is read.
    """
    if value is None or isinstance(value, jax.ShapeDtypeStruct):
        return None
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, jax.Array):
        value = value[...]  # a jax.Ref
    if not value.is_fully_addressable:
        from jax.experimental.multihost_utils import process_allgather

        gathered: NDArray[Any] = process_allgather(value, tiled=True)
        return gathered
    shards = [shard.data for shard in value.addressable_shards]
    return np.asarray(jax.make_array_from_single_device_arrays(value.shape, value.sharding, shards))
