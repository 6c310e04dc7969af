"""Seeded draws under JAX: traced, sharded, and never baked into a program."""

import os
import random
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from initspec import InitSpec, InitSpecError, InitSpecWarning
from initspec.errors import TargetError

SPEC = InitSpec.he_normal()
WHOLE = SPEC.to_numpy("in out", seed=7, name="w")((24, 10))
INIT = SPEC.to_jax(seed=7, name="w")


def fresh():
    """Return an initializer that has drawn nothing yet."""
    return SPEC.to_jax(seed=7, name="w")


@pytest.mark.parametrize("key", [None, jax.random.key(3), jax.random.PRNGKey(4)])
def test_the_key_is_ignored(key):
    """With a seed the key says nothing and may be None."""
    np.testing.assert_array_equal(fresh()(key, (24, 10)), WHOLE)


def test_traced_draws_have_the_same_bits():
    """Under jit and eval_shape the weight is the same."""
    drawn = jax.jit(lambda key: INIT(key, (24, 10)))(jax.random.key(0))
    np.testing.assert_array_equal(drawn, WHOLE)
    shape = jax.eval_shape(lambda: INIT(None, (24, 10), jnp.bfloat16))
    assert (shape.shape, shape.dtype) == ((24, 10), jnp.bfloat16)


def test_two_weights_of_one_program_warn():
    """Under jit, too, a second weight of one name is said; another trace of the first is none."""
    init = fresh()

    def one(key):
        return init(key, (24, 10))

    jax.eval_shape(one, None)
    jax.jit(one)(None)  # a warning would be an error here
    init = fresh()
    with pytest.warns(InitSpecWarning, match="second weight under the name 'w'"):
        jax.jit(lambda: (init(None, (24, 10)), init(None, (24, 10))))()


def test_flax_models_under_jit_warn_of_equal_layers_alone():
    """Two layers that share one seeded initializer are equal; one layer, traced twice, is fine."""
    nn = pytest.importorskip("flax.linen")
    single, init = nn.Dense(10, kernel_init=fresh()), fresh()
    x = jnp.zeros((1, 24))
    jax.eval_shape(single.init, jax.random.key(0), x)
    parameters = jax.jit(single.init)(jax.random.key(0), x)
    jax.jit(single.apply)(parameters, x)
    twins = nn.Sequential([nn.Dense(24, kernel_init=init), nn.Dense(10, kernel_init=init)])
    with pytest.warns(InitSpecWarning, match="second weight"):
        jax.jit(twins.init)(jax.random.key(0), x)


def test_the_program_does_not_hold_the_weight():
    """The compiled program calls back for the weight: it has no constant of that size."""
    big = SPEC.to_jax(seed=7)
    lowered = jax.jit(lambda: big(None, (512, 512))).lower()
    text = lowered.as_text()
    assert "callback" in text
    assert len(text) < 10_000


@pytest.mark.parametrize("line", ["he_normal", "orthogonal", "zeros"])
def test_export_says_what_to_do(line):
    """`jax.export` refuses the callback; a weight drawn in the trace is a part of the program."""
    spec = InitSpec.parse(line)
    init, sharding = spec.to_jax(seed=7), jax.sharding.NamedSharding(jax.make_mesh((1,), "x"), P())
    for sharded in (None, sharding):
        program = jax.jit(lambda to=sharded: init(None, (6, 4), out_sharding=to))
        with pytest.raises(TargetError, match="ensure_compile_time_eval"):
            jax.export.export(program)()
        assert program().shape == (6, 4)

    @jax.jit
    def drawn():
        with jax.ensure_compile_time_eval():
            weight = spec.to_jax(seed=7)(None, (6, 4))
        return weight + 0

    exported = jax.export.export(drawn)().call()
    np.testing.assert_array_equal(exported, spec.to_numpy("in out", seed=7)((6, 4)))


def test_arrays_are_uncommitted_and_immutable_as_jax_own():
    """The array lies where JAX puts new arrays, free to move, as one of jax.random does."""
    drawn = fresh()(None, (24, 10))
    native = jax.random.normal(jax.random.key(0), (24, 10))
    assert drawn.committed == native.committed
    assert drawn.devices() == native.devices()


def test_no_global_random_state_matters():
    """NumPy's and Python's global generators are neither read nor moved."""
    np.random.seed(1), random.seed(1)
    before = np.random.get_state()[1].copy(), random.getstate()
    fresh()(None, (24, 10))
    assert (before[0] == np.random.get_state()[1]).all()
    assert before[1] == random.getstate()


def test_a_traced_seed_is_refused():
    """A seed that is a tracer has no value yet: the error says what to do."""
    with pytest.raises(InitSpecError, match=r"pass an integer.*static_argnames"):
        jax.jit(lambda seed: SPEC.to_jax(seed=seed)(None, (4, 4)))(3)


def test_flax_layers_take_a_seeded_initializer():
    """A linen layer with a seeded kernel_init has the portable weight."""
    nn = pytest.importorskip("flax.linen")
    layer = nn.Dense(10, kernel_init=fresh())
    parameters = layer.init(jax.random.key(0), jnp.zeros((1, 24)))
    np.testing.assert_array_equal(parameters["params"]["kernel"], WHOLE)


def test_sharded_draws_are_the_whole():
    """On 8 devices: NamedSharding and PartitionSpec, Auto and Explicit meshes, eager and jitted."""
    script = Path(__file__).with_name("sharded_draw.py")
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "agreed" in done.stdout
