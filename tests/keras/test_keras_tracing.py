"""Tracing, stateless scopes, distribution, and no global random state."""

from __future__ import annotations

import contextlib
import random

import keras
import numpy as np
import pytest
from initspec_keras import backend
from initspec_keras.generator import seed_generator
from initspec_keras.initializer import InitSpecInitializer

from initspec import InitSpec
from initspec.backend import TargetError

FRAMEWORK = keras.backend.backend()
SPECS = {
    "builtin": (InitSpec.he_normal(), None),
    "subclass": (InitSpec.he_truncated_normal(lower=-3), None),
    "tail": (InitSpec.truncated_normal(lower=3, upper=5), None),
    "haar": (InitSpec.orthogonal(), "in (stack=4 out)"),
    "sparse": (InitSpec.sparse(0.5), None),
}
FAMILIES = [
    "he_normal",
    "he_uniform",
    "he_truncated_normal",
    "he_truncated_normal(lower=-3)",
    "orthogonal",
    "delta_orthogonal",
    "sparse(0.5)",
    "log_uniform(0.001, 0.1, through=inverse_softplus)",
    "identity(noise=0.1)",
    "repeat(of=he_normal, times=2, order=tiled)",
]
FIXED = ["identity", "dirac", "zeros", "constant(0.3)", "ramp(0.1, step=0.3, along=in)"]
SHAPES = {"delta_orthogonal": (3, 3, 4, 8), "dirac": (3, 3, 4, 8)}
each_spec = pytest.mark.parametrize(("spec", "axes"), list(SPECS.values()), ids=str)


@pytest.mark.skipif(FRAMEWORK != "tensorflow", reason="tf.function is TensorFlow's")
@each_spec
@pytest.mark.parametrize("xla", [False, True])
def test_tf_function(spec, axes, xla):
    """Traced once, two calls give two draws; a layer is built lazily inside the trace."""
    import tensorflow as tf

    init = spec.to_keras(axes=axes)
    traced = tf.function(lambda: init((8, 16)), jit_compile=xla)
    assert not np.array_equal(traced().numpy(), traced().numpy())
    layer = keras.layers.Dense(16, kernel_initializer=spec.to_keras(axes=axes))
    tf.function(layer)(tf.ones((2, 8)))
    assert np.isfinite(layer.kernel.numpy()).all()


@pytest.mark.skipif(FRAMEWORK != "tensorflow", reason="tf.function is TensorFlow's")
@pytest.mark.parametrize("line", [*FAMILIES, *FIXED])
@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("xla", [False, True])
def test_made_in_tf_function(line, seed, xla, caplog):
    """`to_keras` inside a tf.function: two runs are two draws, with a seed the portable weight."""
    import tensorflow as tf

    spec, shape, made = InitSpec.parse(line), SHAPES.get(line, (8, 16)), []

    def draw(dtype):
        made.append(spec.to_keras(seed=seed, name="w"))
        return made[-1](shape, dtype)

    traced = tf.function(draw, jit_compile=xla)
    for dtype in ("bfloat16", "float64"):
        first, second = (np.asarray(traced(dtype)) for _ in range(2))
        assert np.array_equal(first, second) == (seed is not None or line in FIXED)
        if seed is not None:
            expected = spec.to_numpy("kernel... in out", seed=seed, name="w")(shape, dtype)
            np.testing.assert_array_equal(first, expected)
    if seed is None:  # it outlives its trace
        assert np.isfinite(made[-1](shape)).all()
    assert "AutoGraph" not in caplog.text


@pytest.mark.skipif(FRAMEWORK != "tensorflow", reason="tf.function is TensorFlow's")
@pytest.mark.parametrize("xla", [False, True])
def test_a_traced_program_holds_no_seeded_weight(xla):
    """It calls for the weight, or has it as an argument: as a constant it would end at 2 GB."""
    import tensorflow as tf

    init = InitSpec.he_normal().to_keras(seed=7)
    concrete = tf.function(lambda: init((512, 512)), jit_compile=xla).get_concrete_function()
    assert len(concrete.graph.as_graph_def().SerializeToString()) < 100_000


@pytest.mark.skipif(FRAMEWORK != "jax", reason="JAX' transformations")
@pytest.mark.parametrize("line", FAMILIES)
def test_jax_transformations_leave_it_whole(line):
    """Each run of a traced call draws, and later calls work, whatever traced before."""
    import jax

    spec, shape = InitSpec.parse(line), SHAPES.get(line, (8, 16))
    init = spec.to_keras()
    eager = [init(shape)]

    def times(x):
        return (init(shape) * x).sum()

    draw = jax.jit(lambda: init(shape))
    drawn = [draw(), draw()]
    assert jax.eval_shape(lambda: init(shape)).shape == shape
    drawn += list(jax.lax.scan(lambda carry, _: (carry, init(shape)), 0.0, np.arange(2))[1])
    for transformed in (jax.grad(times), jax.jit(jax.grad(times))):
        transformed(2.0)
        eager.append(init(shape))
    for transformed in (jax.vmap(times), jax.jit(jax.vmap(times))):
        transformed(np.ones(2))
        eager.append(init(shape))
    weights = [np.asarray(weight) for weight in (*drawn, *eager)]
    for i, weight in enumerate(weights):
        assert all(not np.array_equal(weight, other) for other in weights[:i])


@pytest.mark.skipif(FRAMEWORK != "jax", reason="jax.jit is JAX'")
@pytest.mark.parametrize("line", FAMILIES)
def test_made_in_jax_jit(line):
    """`to_keras` inside a jitted function: two runs are two draws, and it outlives its trace."""
    import jax

    spec, shape, made = InitSpec.parse(line), SHAPES.get(line, (8, 16)), []

    @jax.jit
    def draw():
        made.append(spec.to_keras())
        return made[-1](shape)

    assert not np.array_equal(draw(), draw())
    for _ in range(2):
        assert np.isfinite(made[0](shape)).all()


@pytest.mark.skipif(FRAMEWORK != "jax", reason="jax.jit is JAX'")
def test_a_traced_draw_takes_the_next_key():
    """The first run has the numbers of an eager call in its place; other runs have others."""
    import jax

    init, other = (
        InitSpecInitializer(InitSpec.normal(1.0), generator=seed_generator(3)) for _ in range(2)
    )
    draw = jax.jit(lambda: init((8, 16)))
    first, second, after = draw(), draw(), init((8, 16))
    np.testing.assert_array_equal(first, other((8, 16)))
    np.testing.assert_array_equal(after, other((8, 16)))
    assert abs(np.corrcoef(np.ravel(first), np.ravel(second))[0, 1]) < 0.5


@pytest.mark.skipif(FRAMEWORK != "jax", reason="jax.export is JAX'")
@pytest.mark.parametrize("line", ["he_normal", "orthogonal", "zeros"])
@pytest.mark.parametrize("mesh", [None, "Auto", "Explicit"])
def test_jax_export_says_what_to_do(line, mesh):
    """`jax.export` refuses the callback; a weight drawn in the trace is a part of the program."""
    import jax

    spec = InitSpec.parse(line)
    init = spec.to_keras(seed=7)
    program = jax.jit(lambda: init((8, 4)))
    kinds = mesh and (getattr(jax.sharding.AxisType, mesh),)
    with jax.set_mesh(jax.make_mesh((1,), "x", kinds)) if mesh else contextlib.nullcontext():
        with pytest.raises(TargetError, match="ensure_compile_time_eval"):
            jax.export.export(program)()
        assert program().shape == (8, 4)

    @jax.jit
    def drawn():
        with jax.ensure_compile_time_eval():
            weight = init((8, 4))
        return weight + 0

    exported = jax.export.export(drawn)().call()
    np.testing.assert_array_equal(exported, spec.to_numpy("in out", seed=7)((8, 4)))


@pytest.mark.skipif(FRAMEWORK != "torch", reason="torch.compile is torch's")
@pytest.mark.parametrize("line", [*FAMILIES, *FIXED])
def test_torch_compile(line):
    """Two runs of a compiled function are two draws, with a seed the portable weight."""
    import torch

    spec, shape = InitSpec.parse(line), SHAPES.get(line, (8, 16))
    for seed in (None, 7):
        init = spec.to_keras(seed=seed)
        compiled = torch.compile(lambda init=init: init(shape) * 1, backend="eager")
        first = compiled()
        if seed is not None:
            expected = spec.to_numpy("kernel... in out", seed=seed)(shape)
            np.testing.assert_array_equal(first, expected)
        elif line not in FIXED:
            assert not torch.equal(first, compiled())


@pytest.mark.skipif(FRAMEWORK != "torch", reason="torch's own modes")
@pytest.mark.parametrize("line", FAMILIES)
def test_made_in_a_mode_of_torch(line):
    """`to_keras` under torch.inference_mode or on the meta device gives what draws elsewhere."""
    import torch

    spec, shape = InitSpec.parse(line), SHAPES.get(line, (8, 16))
    for mode in (torch.inference_mode(), keras.device("meta")):
        with mode:
            init = spec.to_keras()
            init(shape)
        first, second = (keras.ops.convert_to_numpy(init(shape)) for _ in range(2))
        assert not np.array_equal(first, second)


@pytest.mark.usefixtures("optimized")
@pytest.mark.parametrize("shape", [(3, 5, 6, 8), (5, 6, 8), (12, 7)])
def test_how_it_is_drawn_changes_no_bit(shape):
    """A convolution is drawn flat on JAX: the numbers are those of keras.random all the same."""
    init = InitSpecInitializer(InitSpec.normal(1.0), generator=keras.random.SeedGenerator(7))
    expected = keras.random.normal(shape, seed=keras.random.SeedGenerator(7))
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(init(shape)), keras.ops.convert_to_numpy(expected)
    )


@pytest.mark.skipif(FRAMEWORK != "jax", reason="stateless calls are how Keras jits on JAX")
@each_spec
def test_stateless_scope_and_jit(spec, axes):
    """Under jax.jit in a StatelessScope the generator's state goes in and comes out."""
    import jax

    init = spec.to_keras(axes=axes)
    state = getattr(init, "seed", None) or init._generator

    @jax.jit
    def draw(value):
        with keras.StatelessScope(state_mapping=[(state.state, value)]) as scope:
            weight = init((8, 16))
        return weight, scope.get_current_value(state.state)

    before = state.state.value
    first, after = draw(before)
    second, _ = draw(after)
    assert not np.array_equal(first, second)
    assert np.array_equal(state.state.value, before)
    assert np.allclose(init((8, 16)), first, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(FRAMEWORK != "torch", reason="torch's own devices")
@each_spec
def test_meta_device(spec, axes):
    """On torch's meta device the shape comes without numbers."""
    with keras.device("meta"):
        assert spec.to_keras(axes=axes)((8, 16)).device.type == "meta"


@each_spec
def test_lazily_built_model(spec, axes):
    """A functional model builds its layers while Keras infers shapes symbolically."""
    inner = keras.Sequential([keras.layers.Dense(16, kernel_initializer=spec.to_keras(axes=axes))])
    inputs = keras.Input((8,))
    model = keras.Model(inputs, inner(inputs))
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 8)), np.ones((4, 16)), verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


@each_spec
def test_no_global_random_state(spec, axes):
    """Neither reads nor moves a global generator; Python's chooses the seed at construction."""
    init = spec.to_keras(axes=axes)

    def states():
        found = [repr(random.getstate()), repr(np.random.get_state())]
        if FRAMEWORK == "torch":
            import torch

            found.append(torch.get_rng_state().tolist())
        return found

    before = states()
    init((8, 16))
    backend.draw(spec, (8, 16), entropy=1)
    assert states() == before
    keras.utils.set_random_seed(1)
    first = init((8, 16))
    keras.utils.set_random_seed(1)
    assert not np.array_equal(*map(keras.ops.convert_to_numpy, (first, init((8, 16)))))


DISTRIBUTED = """
import itertools
import keras, jax, numpy as np
import keras.src.backend.jax.core as core
from initspec import InitSpec
devices = np.array(jax.devices()).reshape(2, 2)
mesh = keras.distribution.DeviceMesh((2, 2), ["batch", "model"], devices)
layout = keras.distribution.LayoutMap(mesh)
layout["dense.*kernel"] = (None, "model")
keras.distribution.set_distribution(keras.distribution.ModelParallel(layout_map=layout))
eager = core.should_shard_at_init
jitted = lambda layout, shape: len(shape) > 1  # as Keras does from 250 MiB on; not a seed's state
specs = (InitSpec.he_normal(), InitSpec.orthogonal(), InitSpec.sparse(0.5))
for core.should_shard_at_init, spec in itertools.product((eager, jitted), specs):
    init = spec.to_keras(axes="in (stack=4 out)")
    kernels = []
    for i in range(2):
        dense = keras.layers.Dense(16, name=f"dense_{i}", kernel_initializer=init)
        dense.build((None, 8))
        kernels.append(dense.kernel.value)
    assert len(kernels[0].sharding.device_set) == 4
    assert kernels[0].addressable_shards[0].data.shape == (8, 8)
    assert np.isfinite(kernels[0]).all() and not np.array_equal(*kernels)
print("distributed")
"""


@pytest.mark.skipif(FRAMEWORK != "jax", reason="Keras distributes on JAX")
def test_distribution(fresh):
    """Under ModelParallel a kernel comes sharded as its layout says, a second one with others."""
    flags = "--xla_force_host_platform_device_count=4"
    drawn = fresh(DISTRIBUTED, JAX_PLATFORMS="cpu", XLA_FLAGS=flags)
    assert drawn.split()[-1] == "distributed"
