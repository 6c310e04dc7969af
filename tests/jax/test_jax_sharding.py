"""`out_sharding` on eight devices, in a process of its own."""

from __future__ import annotations

import jax
import pytest

from initspec import InitSpec
from initspec.errors import TargetError

CODE = """
import itertools
import jax, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
from initspec import InitSpec
from initspec.errors import TargetError

key = jax.random.key(0)
lines = ["he_normal", "he_uniform", "he_truncated_normal", "sparse(0.5)", "orthogonal", "identity",
         "constant(2.0)", "delta_orthogonal", "dirac", "he_normal(mode=fan_out)",
         "uniform(1.0, 16.0, through=log)", "ramp(0.1, step=0.3, along=in)"]
kinds = {"auto": (AxisType.Auto,) * 2, "explicit": (AxisType.Explicit,) * 2,
         "mixed": (AxisType.Explicit, AxisType.Auto)}
for (kind, types), line in itertools.product(kinds.items(), lines):
    thorough = line in ("he_normal", "orthogonal")  # each call below compiles
    if kind == "mixed" and not thorough:
        continue
    mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=types)
    axes = "in (stack out=9+3+4)" if "fan_out" in line else None
    init = InitSpec.parse(line).to_jax(axes)
    kernel = (2, 2) if line in ("delta_orthogonal", "dirac") else ()
    shape, spec = (*kernel, 8, 16), P(*(None for _ in kernel), "x", "y")
    named, plain = NamedSharding(mesh, spec), np.asarray(init(key, shape))

    def holds(how, weight):
        assert weight.sharding.is_equivalent_to(named, len(shape)), (kind, line, how)
        np.testing.assert_allclose(np.asarray(weight), plain, atol=1e-6, err_msg=f"{kind} {line}")

    def typed(key):
        weight = init(key, shape, out_sharding=spec)
        explicit = P(*(n if n in mesh.explicit_axes else None for n in spec))
        assert jax.typeof(weight).sharding.spec == explicit, (kind, line, jax.typeof(weight))
        return weight

    holds("eager, named", init(key, shape, out_sharding=named))
    if thorough:
        holds("jit, named", jax.jit(lambda k: init(k, shape, out_sharding=named))(key))
    with jax.set_mesh(mesh):
        holds("eager, spec", init(key, shape, out_sharding=spec))
        holds("jit, spec", jax.jit(typed)(key))
        if thorough:
            holds("mesh, named", init(key, shape, out_sharding=named))
            np.testing.assert_allclose(init(key, shape), plain, atol=1e-6)
        for bad, size in ((P("z"), shape), (P(*spec, "x"), shape), (spec, (*kernel, 9, 16))):
            try:
                InitSpec.constant(1.0).to_jax()(key, size, out_sharding=bad)
            except TargetError as error:
                assert "divides the shape" in str(error)
            else:
                raise AssertionError((kind, bad, size))

mesh = jax.make_mesh((8,), ("x",), axis_types=(AxisType.Auto,))
weight = InitSpec.he_normal().to_jax()(key, (64, 32), out_sharding=NamedSharding(mesh, P("x")))
assert {shard.data.shape for shard in weight.addressable_shards} == {(8, 32)}
print("fine")
"""


def test_out_sharding(fresh):
    """Every family has the sharding asked for and the values of the unsharded draw.

    NamedSharding and PartitionSpec; Auto, Explicit and mixed meshes; eager and jitted.
    """
    # Level 0, because what is compiled is small, and there is a lot of it.
    flags = "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0"
    assert fresh(CODE, XLA_FLAGS=flags, JAX_PLATFORMS="cpu") == "fine"


def test_bad_shardings():
    """A PartitionSpec without a mesh and what is no sharding say what to pass."""
    init, key = InitSpec.he_normal().to_jax(), jax.random.key(0)
    with pytest.raises(TargetError, match=r"under jax\.set_mesh"):
        init(key, (8, 8), out_sharding=jax.sharding.PartitionSpec("x"))
    with pytest.raises(TargetError, match="NamedSharding, or a PartitionSpec"):
        init(key, (8, 8), out_sharding="x")
