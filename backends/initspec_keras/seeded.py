"""Portable draws as tensors of whichever framework Keras runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from initspec.backend import FloatType, Resolved, aligned, fill, numpy_dtype
from initspec_keras.export import unexported

Tensor = Any
Host = Callable[[], NDArray[Any]]
Part = tuple[tuple[slice, ...], Resolved]
"""Where a block lies, and the weight that it is the block of."""


def portable_tensor(
    resolved: Resolved, kind: FloatType, seed: int, name: str, parts: Sequence[Part] = ()
) -> Tensor:
    """Return the weight that a seed and a name say, with blocks of other draws in it."""

    def write(out: NDArray[Any]) -> None:
        fill(resolved, kind, seed, name, out)
        for index, part in parts:
            fill(part, kind, seed, name, out[index], index)

    return host_tensor(write, resolved.layout.shape, kind)


def host_tensor(
    write: Callable[[NDArray[Any]], object], shape: tuple[int, ...], kind: FloatType
) -> Tensor:
    """Return what `write` writes into an array of the host.

    In a traced function it is written when that runs, so that the weight does not become a constant
    of the program; in one that TensorFlow compiles with XLA, which cannot call the host, it is
    written by the trace.
    """
    dtype = numpy_dtype(kind)

    def host() -> NDArray[Any]:
        out = aligned(shape, dtype)
        write(out)
        return out

    # No match statement: TensorFlow's AutoGraph cannot read one, and warns at length.
    backend = keras.config.backend()
    if backend == "tensorflow":
        return _tensorflow(host, shape, dtype)
    if backend == "torch":
        return _torch(host)
    return _jax(host, shape, dtype)


def _tensorflow(host: Host, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tensor:
    import tensorflow as tf

    if tf.executing_eagerly():
        return _tensorflow_eagerly(host())
    if tf.__internal__.get_enclosing_xla_context() is not None:  # tf.function(jit_compile=True)
        with tf.init_scope():  # AutoGraph would rewrite NumPy's code, and warns of what it cannot
            weight = _tensorflow_eagerly(tf.autograph.experimental.do_not_convert(host)())
        return tf.identity(weight)  # an argument of the compiled program, not a constant in it
    return tf.ensure_shape(tf.numpy_function(host, [], dtype.name, stateful=False), shape)


def _tensorflow_eagerly(weight: NDArray[Any]) -> Tensor:
    import tensorflow as tf

    if any(device.device_type != "CPU" for device in tf.config.list_logical_devices()):
        return tf.convert_to_tensor(weight)  # moves it to the device in use
    # convert_to_tensor copies, twice; this takes the memory as it is.
    narrow = weight.dtype.name == "bfloat16"  # of which NumPy exports no memory
    exported = (weight.view(np.uint16) if narrow else weight).__dlpack__()
    tensor = tf.experimental.dlpack.from_dlpack(exported)
    return tf.bitcast(tensor, tf.bfloat16) if narrow else tensor


def _torch(host: Host) -> Tensor:
    import torch

    # Outside of the program that torch.compile traces, as Keras' own random numbers are. Not a
    # decorator: that imports torch._dynamo, for seconds.
    weight = torch.compiler.disable(host)() if torch.compiler.is_compiling() else host()
    if weight.dtype.name == "bfloat16":  # of which torch takes no NumPy array
        tensor = torch.from_numpy(weight.view(np.int16)).view(torch.bfloat16)
    else:
        tensor = torch.from_numpy(weight)
    return keras.ops.convert_to_tensor(tensor)  # moves it to the device that Keras uses


@cache
def _zero_of_jax() -> Callable[[], Any]:
    """Return a compiled function, which takes a seventh of the time of `jnp.zeros` itself."""
    import jax
    import jax.numpy as jnp

    return jax.jit(lambda: jnp.zeros(()))


def _jax(host: Host, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tensor:
    import jax
    from jax.sharding import NamedSharding, PartitionSpec

    scalar = _zero_of_jax()()  # a tracer, or where JAX puts new arrays
    if not isinstance(scalar, jax.core.Tracer):
        # Without a copy, which jnp.asarray makes; under jax.set_mesh on all devices.
        usual = scalar.sharding
        return jax.device_put(host(), usual if isinstance(usual, NamedSharding) else None)

    def called(_: Any) -> Any:
        whole = jax.ShapeDtypeStruct(shape, dtype)
        return jax.pure_callback(lambda _: host(), whole, unexported().bind())

    mesh = jax.sharding.get_abstract_mesh()
    if set(mesh.axis_names) == set(mesh.manual_axes):  # no mesh, or inside a shard_map
        return called(scalar)

    # A callback's result lies on one device alone, and a program that returns that fails in XLA.
    def everywhere(_: Any) -> Any:
        return jax.lax.with_sharding_constraint(called(_), PartitionSpec())

    if mesh.explicit_axes:  # for these a constraint asserts, and XLA is told nothing
        on_all = NamedSharding(mesh, PartitionSpec())
        everywhere = jax.sharding.auto_axes(
            everywhere, axes=mesh.explicit_axes, out_sharding=on_all
        )
    return everywhere(scalar)
