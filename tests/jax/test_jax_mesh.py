"""Seeded draws under `jax.set_mesh`, on eight devices: laid out as JAX' own, and by flax."""

from __future__ import annotations

import pytest

FLAGS = {
    # Level 0, because what is compiled is small, and there is a lot of it.
    "XLA_FLAGS": "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0",
    "JAX_PLATFORMS": "cpu",
}
START = """
import warnings
import initspec_jax.seeded, jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
from initspec import InitSpec, InitSpecWarning

warnings.simplefilter("ignore", InitSpecWarning)
KINDS = {"auto": (AxisType.Auto,) * 2, "explicit": (AxisType.Explicit,) * 2,
         "mixed": (AxisType.Explicit, AxisType.Auto)}
key = jax.random.key(0)
counted, fill = [], initspec_jax.seeded.fill
def recorded(*arguments):
    counted.append(arguments[4].shape)
    fill(*arguments)
initspec_jax.seeded.fill = recorded

def holds(weight, line, sharding, how):
    shape = weight.shape
    if sharding is not None:
        assert weight.sharding.is_equivalent_to(sharding, len(shape)), (how, line, weight.sharding)
    whole = InitSpec.parse(line).to_numpy("kernel... in out", seed=7)(shape)
    np.testing.assert_array_equal(weight, whole, err_msg=f"{how} {line}")
"""
BARE = """
lines = ["he_normal", "he_uniform", "he_truncated_normal", "sparse(0.5)", "orthogonal", "zeros",
         "constant(0.3)", "identity", "delta_orthogonal", "dirac"]
for kind, types in KINDS.items():
    mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=types)
    with jax.set_mesh(mesh):
        for line in lines if kind != "mixed" else lines[:1]:
            init = InitSpec.parse(line).to_jax(seed=7)
            kernel = (3, 3) if line in ("delta_orthogonal", "dirac") else ()
            shape, own = (*kernel, 8, 16), jax.nn.initializers.normal()
            eager = own(key, shape).sharding
            jitted = jax.jit(lambda: own(key, shape))().sharding
            holds(init(None, shape), line, eager, kind)
            holds(jax.jit(lambda: init(None, shape))(), line, jitted, kind)
            assert counted == [shape] * 2, counted  # the whole, once, for eight devices
            counted.clear()
            if line != "he_normal":
                continue
            to = NamedSharding(mesh, P(*(None for _ in kernel), "x", "y"))
            holds(jax.jit(lambda: init(None, shape), out_shardings=to)(), line, to, kind)
            mapped = jax.vmap(lambda x: init(None, shape) * x)(jnp.ones(2))
            holds(np.asarray(mapped)[1], line, None, kind)
            jax.grad(lambda x: (init(None, shape) * x).sum())(1.0)
            part = jax.jit(jax.shard_map(lambda: init(None, shape), in_specs=(), out_specs=P("x"),
                                         check_vma=False))()
            holds(np.asarray(part)[-8:], line, None, kind)
            counted.clear()
print("fine")
"""
FLAX = """
import flax.linen as nn
from flax import nnx
for kind in ("auto", "explicit"):  # flax takes no mixed mesh
    mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=KINDS[kind])
    to = NamedSharding(mesh, P("x", "y"))
    with jax.set_mesh(mesh):
        for line in ("he_normal", "orthogonal", "zeros"):
            init = InitSpec.parse(line).to_jax(seed=7)
            def layer():
                laid_out = nnx.with_partitioning(init, ("x", "y"))
                return nnx.Linear(8, 16, kernel_init=laid_out, rngs=nnx.Rngs(0))
            holds(layer().kernel[...], line, to, kind)
            holds(nnx.jit(layer)().kernel[...], line, to, kind)
            if kind != "auto":
                continue  # on an Explicit mesh linen takes not even JAX' own
            dense = nn.Dense(16, kernel_init=nn.with_partitioning(init, ("x", "y")))
            for start in (dense.init, jax.jit(dense.init)):
                boxed = start(key, jnp.ones((1, 8)))["params"]["kernel"]
                assert boxed.names == ("x", "y")
                holds(boxed.value, line, None, kind)
                holds(jax.jit(boxed.unbox)(), line, to, kind)
print("fine")
"""


@pytest.mark.parametrize("code", [BARE, FLAX], ids=["bare", "flax"])
def test_under_a_mesh(fresh, code):
    """Auto, Explicit and mixed meshes, eager and jitted: the portable weight, laid out as usual."""
    if code is FLAX:
        pytest.importorskip("flax")
    assert fresh(START + code, **FLAGS) == "fine"
