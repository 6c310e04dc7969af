"""A seeded draw with a key for each member is reported; a key that members share is not."""

import os
import subprocess
import sys
import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from initspec import InitSpec, InitSpecWarning

SPEC = InitSpec.he_normal()
KEY = jax.random.key(0)
KEYS = jax.random.split(KEY, 4)
X = jnp.ones((3, 8))


def caught(use, spec=SPEC, axes=None):
    """Return the warnings that `use` gives with draw(key, ...), a new seeded initializer."""
    init = spec.to_jax(axes, seed=7, name="e")
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always", InitSpecWarning)
        kept = use(init)
    del kept
    return [str(record.message) for record in records if record.category is InitSpecWarning]


def jitted_before(init):
    draw = jax.jit(lambda key: init(key, (8, 8)))
    draw(KEY)
    return jax.vmap(draw)(KEYS)


def fold(init, step, total):
    return total + init(jax.random.fold_in(KEY, step), (8, 8))


def draw(init):
    return lambda key: init(key, (8, 8))


ZEROS = jnp.zeros((8, 8))
REPEATED = {
    "vmap": lambda init: jax.vmap(draw(init))(KEYS),
    "legacy keys": lambda init: jax.vmap(draw(init))(jax.random.split(jax.random.PRNGKey(0))),
    "nested": lambda init: jax.vmap(jax.vmap(draw(init)))(KEYS.reshape(2, 2)),
    "jit of vmap": lambda init: jax.jit(jax.vmap(draw(init)))(KEYS),
    "vmap of jit": lambda init: jax.vmap(jax.jit(draw(init)))(KEYS),
    "vmap of what was jitted before": jitted_before,
    "spmd_axis_name": lambda init: jax.vmap(draw(init), spmd_axis_name="data")(KEYS),
    "grad of vmap": lambda init: jax.grad(
        lambda x: jax.vmap(lambda key: init(key, (8, 8)) @ x)(KEYS).sum()
    )(X[0]),
    "map": lambda init: jax.lax.map(draw(init), KEYS),
    "map in batches": lambda init: jax.lax.map(draw(init), KEYS, batch_size=2),
    "scan": lambda init: jax.lax.scan(lambda c, key: (c, init(key, (8, 8))), None, KEYS),
    "scan of jit": lambda init: jax.lax.scan(
        lambda c, key: (c, jax.jit(draw(init))(key)), None, KEYS
    ),
    "fori_loop": lambda init: jax.lax.fori_loop(0, 3, partial(fold, init), ZEROS),
    "while_loop": lambda init: jax.lax.while_loop(
        lambda carry: carry[0] < 3,
        lambda carry: (carry[0] + 1, fold(init, carry[0], carry[1])),
        (0, ZEROS),
    ),
}
SHARED = {
    "one key": lambda init: jax.vmap(draw(init))(KEYS[:1]),
    "called twice": lambda init: [jax.jit(draw(init))(key) for key in KEYS[:1]],
    "vmap over data": lambda init: jax.vmap(lambda x: init(KEY, (8, 8)) @ x)(X),
    "vmap over data, traced key": lambda init: jax.jit(
        lambda key: jax.vmap(lambda x: init(key, (8, 8)) @ x)(X)
    )(KEY),
    "no key": lambda init: jax.vmap(lambda x: init(None, (8, 8)) @ x)(X),
    "scan, outer key": lambda init: jax.jit(
        lambda key: jax.lax.scan(lambda c, x: (init(key, (8, 8)) @ c, x), X[0], X)
    )(KEY),
    "scan, a key of constants": lambda init: jax.lax.scan(
        lambda c, x: (init(jax.random.fold_in(KEY, 1), (8, 8)) @ c, x), X[0], X
    ),
    "cond": lambda init: jax.lax.cond(True, draw(init), lambda _: ZEROS, KEY),
    "grad": lambda init: jax.jit(jax.grad(lambda x, key: (init(key, (8, 8)) @ x).sum()))(X[0], KEY),
    "checkpoint": lambda init: jax.grad(
        jax.checkpoint(lambda x, key: (init(key, (8, 8)) @ x).sum())
    )(X[0], KEY),
    "eval_shape": lambda init: (jax.eval_shape(draw(init), KEY), jax.eval_shape(draw(init), KEY)),
}


@pytest.mark.parametrize("use", REPEATED.values(), ids=REPEATED)
def test_a_key_for_each_member_warns_once(use):
    (message,) = caught(use)
    assert 'axes="stack in out"' in message
    assert "all are equal" in message


@pytest.mark.parametrize("use", SHARED.values(), ids=SHARED)
def test_a_key_that_members_share_does_not_warn(use):
    assert caught(use) == []


def test_the_members_are_drawn_all_the_same():
    """The warning changes no value; axes that were given are those of the remedy."""
    init = SPEC.to_jax("(stack=2 out) in", seed=7, name="e")
    with pytest.warns(InitSpecWarning, match=r'axes="stack \(stack=2 out\) in".*\(4, 8, 8\)'):
        members = jax.vmap(draw(init))(KEYS)
    for member in members:
        np.testing.assert_array_equal(member, init(KEY, (8, 8)))
    whole = SPEC.to_jax("stack (stack=2 out) in", seed=7, name="e")(None, (4, 8, 8))
    assert not np.array_equal(whole[0], whole[1])


def test_what_is_not_random_is_not_reported():
    assert caught(REPEATED["vmap"], InitSpec.zeros()) == []
    assert caught(REPEATED["scan"], InitSpec.identity()) == []
    assert caught(lambda init: jax.vmap(lambda key: init(key, (0, 8)))(KEYS)) == []


SHARDED = """
import warnings
import jax, jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec as P
from initspec import InitSpec, InitSpecWarning
mesh = jax.make_mesh((2,), ("d",))
keys = jax.device_put(jax.random.split(jax.random.key(0), 4), NamedSharding(mesh, P("d")))
for part, expected in ((P("d"), 1), (P(), 0)):
    init = InitSpec.he_normal().to_jax(seed=7, name="e")
    given = keys if expected else jax.random.split(jax.random.key(0), 4)
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always", InitSpecWarning)
        jax.shard_map(
            lambda k: init(k[0], (8, 8))[None], mesh=mesh, in_specs=part, out_specs=part
        )(given)
    assert [r.category for r in records].count(InitSpecWarning) == expected, (part, records)
"""


def test_shard_map_over_keys_warns():
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    done = subprocess.run(
        [sys.executable, "-c", SHARDED],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# --- flax -----------------------------------------------------------------------------------------


def block(linen, init):
    class Block(linen.Module):
        @linen.compact
        def __call__(self, carry, _=None):
            return linen.Dense(8, kernel_init=init)(carry), None

    return Block


def layers(linen, init, **options):
    return linen.scan(block(linen, init), length=3, **options)()


def test_linen_members_are_reported_and_shared_parameters_are_not():
    linen = pytest.importorskip("flax.linen")
    split = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
    tied = {"variable_broadcast": "params", "split_rngs": {"params": False}}
    many = linen.vmap(linen.Dense, in_axes=None, axis_size=3, **split)
    assert len(caught(lambda init: layers(linen, init, **split).init(KEY, X, None))) == 1
    assert len(caught(lambda init: many(8, kernel_init=init).init(KEY, X))) == 1

    def used(init):
        model = layers(linen, init, **tied)
        parameters = model.init(KEY, X, None)
        return parameters, jax.jit(model.apply)(parameters, X, None)

    assert caught(used) == []


def test_a_linen_model_may_be_initialized_again():
    """With any key, traced or not; two parameters of one module are still two."""
    linen = pytest.importorskip("flax.linen")

    def again(init):
        model = linen.Dense(8, kernel_init=init)
        first = model.init(KEY, X)
        return first, model.init(KEY, X), model.init(KEYS[1], X), jax.jit(model.init)(KEY, X)

    assert caught(again) == []

    class Two(linen.Module):
        kernel: object

        @linen.compact
        def __call__(self, x):
            return x @ self.param("a", self.kernel, (8, 8)) @ self.param("b", self.kernel, (8, 8))

    assert len(caught(lambda init: Two(init).init(KEY, X))) == 1


@pytest.mark.parametrize("jit", [False, True])
def test_linen_layers_without_a_name_are_reported(jit):
    """Each layer has an object of its own; the same model again is not reported."""
    linen = pytest.importorskip("flax.linen")

    def init(*seeds):
        kernels = [SPEC.to_jax(seed=seed) for seed in seeds]
        model = linen.Sequential([linen.Dense(8, kernel_init=kernel) for kernel in kernels])
        return (jax.jit(model.init) if jit else model.init)(KEY, X)

    with pytest.warns(InitSpecWarning, match="second weight without a name"):
        kept = init(701, 701)
    kept = [init(702, 703), init(702, 703)]  # a warning would be an error here
    del kept


def test_nnx_members_are_reported():
    nnx = pytest.importorskip("flax.nnx")

    def models(transform, init):
        @nnx.split_rngs(splits=3)
        @transform(in_axes=(0,), out_axes=0)
        def made(rngs):
            return nnx.Linear(8, 8, kernel_init=init, rngs=rngs)

        return made(nnx.Rngs(0))

    for transform in (nnx.vmap, nnx.scan):
        assert len(caught(partial(models, transform))) == 1
    assert caught(lambda init: nnx.Linear(8, 8, kernel_init=init, rngs=nnx.Rngs(0))) == []
