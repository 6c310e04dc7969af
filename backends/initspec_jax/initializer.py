"""The compiled initializer of JAX: the protocol of jax.nn.initializers.Initializer."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from initspec.backend import (
    IN_OUT,
    Axes,
    DtypeError,
    FloatType,
    SharedNames,
    TargetError,
    check_call,
    check_shape,
    float_type,
    numpy_dtype,
    resolve,
)
from initspec_jax.keys import check_key, check_no_shape
from initspec_jax.members import draw_for_members
from initspec_jax.parameters import filled
from initspec_jax.primitives import JaxPrimitives
from initspec_jax.seeded import PortableDraw, is_traced
from initspec_jax.sharding import Draw, context_mesh, named_sharding, placed

if TYPE_CHECKING:
    from jax.sharding import NamedSharding

    from initspec.backend import Spec


@dataclass(frozen=True, repr=False)
class JaxInitializer:
    """init(key, shape, dtype=float32, out_sharding=None) -> jax.Array.

    It holds no state: one key gives one draw, another key another. Two initializers are equal where
    what they are made of is, so one can be a static argument of `jax.jit` and an attribute of a
    flax module (`kernel_init=`, `bias_init=`).

    Attributes:
        spec: what the weights are to be.
        axes: the role of each axis; None takes `kernel... in out` from rank 2 on.
        seed: the seed of the portable stream; None draws from the key.
        name: the parameter's name in the portable stream.
    """

    spec: Spec
    axes: Axes | None = None
    seed: int | None = None
    name: str = ""
    _names: SharedNames = field(default_factory=lambda: SharedNames("jax"), compare=False)

    def __repr__(self) -> str:
        return f"JaxInitializer({str(self.spec)!r})"

    def __call__(
        self,
        key: Any,
        shape: Sequence[int] | int | None = None,
        dtype: Any = jnp.float32,
        out_sharding: Any = None,
        *sizes: object,
    ) -> jax.Array:
        """Return a new array.

        Args:
            key: one key of jax.random, typed (`jax.random.key`) or legacy (`jax.random.PRNGKey`);
                may be traced. Ignored, and may be None, where the initializer has a seed or draws
                nothing at random, as zeros.
            shape: the weight's shape; static, not traced. It has to be given. An integer is the
                shape of a vector.
            dtype: float16, bfloat16, float32 or float64, which JAX makes float32 unless
                `jax_enable_x64` is set; None is JAX' default floating type.
            out_sharding: how the result is laid out over devices: a NamedSharding, or a
                PartitionSpec under `jax.set_mesh`. Auto and Explicit mesh axes.
            sizes: raise the error of a shape that is written without brackets.

        Raises:
            AxesError, ShapeError, DtypeError: the weight cannot be filled as asked.
            TargetError: the key is none, or a batch of them; the sharding does not fit.
            CallError: the sizes of the shape stand apart.
        """
        if sizes:
            _check_call(key, shape, dtype, out_sharding, *sizes)
        try:
            if self.seed is None and (key is not None or self.spec.distribution.random):
                check_key(key)
            else:
                check_no_shape(key, "None")
            kind = _float_type(float if dtype is None else dtype)
        except (DtypeError, TargetError):
            _check_call(key, shape, dtype, out_sharding)
            raise
        shape = _as_tuple(shape)
        mesh = context_mesh(out_sharding)
        # Computed entries do not depend on the seed; compiled, they would stay with the program.
        computed = self.seed is None and self.spec.distribution.computed and not is_traced()
        if self.seed is not None or computed:
            resolved = resolve(self.spec, shape, self.axes, IN_OUT, kind)
            sharding = named_sharding(out_sharding, resolved.layout.shape, mesh)
            draw = PortableDraw(resolved, kind, self.seed or 0, self.name)
            return self._portable(draw, key, sharding)
        traced = isinstance(key, jax.core.Tracer)
        program = _compiled(
            self.spec, self.axes, check_shape(shape), kind, out_sharding, mesh, traced
        )
        return program(key)

    def _portable(self, draw: PortableDraw, key: Any, sharding: NamedSharding | None) -> jax.Array:
        """Return a portable draw; warn where it makes two weights equal."""
        layout = draw.resolved.layout
        if not self.spec.distribution.random or not layout.size:
            return draw.array(sharding)

        def repeat(how: str, count: int | str) -> None:
            self._names.repeat(how, draw.seed, draw.name, layout, self.axes, count)

        array = draw_for_members(key, lambda: draw.array(sharding), repeat)
        self._names.note(self.spec, draw.seed, draw.name, filled(array))
        return array


def _check_call(key: object, *others: object) -> None:
    """Raise where the sizes of a shape stand apart, or too much after it."""
    if isinstance(key, int):
        check_call("init(jax.random.key(0), {})", 4, key, *others)
    else:
        check_call("init(key, {})", 3, *others)


def _as_tuple(shape: Any) -> Any:
    """Return the shape of a vector where `shape` is an integer, as JAX reads it."""
    if isinstance(shape, tuple | bool):
        return shape
    try:
        return (operator.index(shape),)
    except TypeError:
        return shape


def _float_type(dtype: Any) -> FloatType:
    """Return the type that JAX gives an array of `dtype`: float64 may become float32."""
    kind = float_type(dtype)
    if kind.name == "float64":
        # Only an array brings JAX' own warning about this, where it gives one.
        kind = float_type(jnp.zeros((), dtype if dtype is float else np.float64).dtype)
    return kind


@lru_cache(maxsize=1024)  # an eager call costs a look-up, not a dispatch for each operation
def _compiled(
    spec: Spec,
    axes: Axes | None,
    shape: tuple[int, ...],
    kind: FloatType,
    out_sharding: Any,
    mesh: Any,
    traced: bool,
) -> Draw:
    """Return the compiled key -> weight."""
    resolved = resolve(spec, shape, axes, IN_OUT, kind)
    # The shardings of a jit around this one are not known here: what may be large keeps its axes.
    flat = out_sharding is None and bool(resolved.layout.kernel or not traced)

    def initspec_draw(key: Any) -> Any:
        if not resolved.layout.size:
            return jnp.zeros(shape, numpy_dtype(kind))
        return resolved.sample(JaxPrimitives(resolved.layout, kind, key, flat=flat))

    return placed(initspec_draw, shape, out_sharding, mesh)
