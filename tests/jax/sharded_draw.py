"""Seeded draws on 8 host devices, each held against the whole weight; prints how many agreed."""

import initspec_jax.seeded
import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from initspec import InitSpec

SHAPE = (16, 24)
LAYOUTS = [P("a", "b"), P(("a", "b"), None), P(None, "a"), P()]
TYPES = [(AxisType.Auto,) * 2, (AxisType.Explicit,) * 2, (AxisType.Explicit, AxisType.Auto)]


def check(drawn, whole, sharding):
    """Hold an array against the whole weight and the sharding that was asked for."""
    np.testing.assert_array_equal(drawn, whole)
    assert drawn.sharding.is_equivalent_to(sharding, 2), (drawn.sharding, sharding)


def main():
    assert jax.device_count() == 8
    counted = 0
    for types in TYPES:
        mesh = jax.make_mesh((4, 2), ("a", "b"), axis_types=types)
        for line in ("he_normal", "orthogonal", "sparse(0.5)"):
            spec = InitSpec.parse(line)
            whole = spec.to_numpy("in out", seed=7, name="w")(SHAPE)
            for layout in LAYOUTS if line == "he_normal" else LAYOUTS[:1]:
                named = NamedSharding(mesh, layout)

                def draw(sharding, spec=spec):
                    return spec.to_jax(seed=7, name="w")(None, SHAPE, out_sharding=sharding)

                check(draw(named), whole, named)
                check(jax.jit(lambda draw=draw, to=named: draw(to))(), whole, named)
                with jax.set_mesh(mesh):
                    check(draw(layout), whole, named)
                    check(jax.jit(lambda draw=draw, to=layout: draw(to))(), whole, named)
                counted += 4
        # A bare out_shardings gives the right bits too; one device draws the whole.
        spec, named = InitSpec.he_normal(), NamedSharding(mesh, P("a"))
        bare = jax.jit(lambda: spec.to_jax(seed=7, name="w")(None, SHAPE), out_shardings=named)  # noqa: B023
        check(bare(), spec.to_numpy("in out", seed=7, name="w")(SHAPE), named)
    counted += fewer_devices()
    counted += unequal_members()
    parts_are_drawn_alone()
    print("agreed", counted)


def fewer_devices():
    """Draw on 1 and on 2 of the devices, in every placement of one mesh axis."""
    counted = 0
    for count in (1, 2):
        mesh = jax.make_mesh((count,), ("a",), devices=jax.devices()[:count])
        for line in ("he_normal", "glorot_uniform", "orthogonal"):
            spec = InitSpec.parse(line)
            whole = spec.to_numpy("in out", seed=7, name="w")(SHAPE)
            for layout in (P("a"), P(None, "a"), P()):
                named = NamedSharding(mesh, layout)
                init = spec.to_jax(seed=7, name="w")
                check(init(None, SHAPE, out_sharding=named), whole, named)
                traced = jax.jit(lambda init=init, to=named: init(None, SHAPE, out_sharding=to))
                check(traced(), whole, named)
                counted += 2
    return counted


def unequal_members():
    """Draw a stack of members that the shards cut, in every placement."""
    axes, counted = "in (stack out=13+2+9)", 0
    mesh = jax.make_mesh((4, 2), ("a", "b"))
    for line in ("he_normal(mode=fan_out)", "orthogonal", "sparse(0.5)"):
        init = InitSpec.parse(line).to_jax(axes, seed=7, name="qkv")
        whole = InitSpec.parse(line).to_numpy(axes, seed=7, name="qkv")(SHAPE)
        for layout in LAYOUTS:
            named = NamedSharding(mesh, layout)
            check(init(None, SHAPE, out_sharding=named), whole, named)
            traced = jax.jit(lambda init=init, to=named: init(None, SHAPE, out_sharding=to))
            check(traced(), whole, named)
            counted += 2
    return counted


def parts_are_drawn_alone():
    """Each device's part is drawn by itself: no draw is larger than a part."""
    sizes, fill = [], initspec_jax.seeded.fill

    def recorded(resolved, kind, seed, name, out, index=None, threads=None):
        sizes.append(out.size)
        fill(resolved, kind, seed, name, out, index, threads)

    initspec_jax.seeded.fill = recorded
    mesh = jax.make_mesh((4, 2), ("a", "b"))
    named = NamedSharding(mesh, P("a", "b"))
    init = InitSpec.he_normal().to_jax(seed=7, name="w")
    init(None, SHAPE, out_sharding=named)
    jax.block_until_ready(jax.jit(lambda: init(None, SHAPE, out_sharding=named))())
    assert sizes == [SHAPE[0] * SHAPE[1] // 8] * 16, sizes


main()
