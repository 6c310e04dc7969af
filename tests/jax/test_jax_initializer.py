"""The initializer as JAX code uses it: the protocol, keys, transformations, dtypes, bad input."""

from __future__ import annotations

import copy
import functools
import pickle
import types
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from initspec_jax.initializer import JaxInitializer

from initspec import Axes, InitSpec
from initspec.errors import AxesError, CallError, DtypeError, ShapeError, SpecError, TargetError

KEY = jax.random.key(1)
SHAPE = (6, 10)
INIT = InitSpec.he_normal().to_jax()
FAMILIES = {
    "normal": INIT,
    "truncated": InitSpec.he_truncated_normal().to_jax(),
    "orthogonal": InitSpec.orthogonal().to_jax(),
    "sparse": InitSpec.sparse(0.5).to_jax(),
    "noise": InitSpec.identity(noise=0.1).to_jax(),
    "repeat": InitSpec.repeat(InitSpec.orthogonal(), 2).to_jax(),
    "constant": InitSpec.constant(0.5).to_jax(),
    "computed": InitSpec.ramp(0.1, step=0.3, along="in").to_jax(),
}


def test_protocol():
    """It is a jax.nn.initializers.Initializer, and lists are shapes too."""
    assert isinstance(INIT, jax.nn.initializers.Initializer)
    draws = INIT(KEY, [6, 10])
    assert isinstance(draws, jax.Array)
    assert (draws.shape, draws.dtype) == (SHAPE, jnp.float32)
    assert INIT(KEY, SHAPE, None).dtype == jnp.float32


@pytest.mark.parametrize("name", list(FAMILIES))
def test_transformations(name):
    """jit, vmap over keys and eval_shape agree with eager calls."""
    init = FAMILIES[name]
    eager = init(KEY, SHAPE)
    np.testing.assert_allclose(jax.jit(lambda key: init(key, SHAPE))(KEY), eager, atol=1e-6)
    keys = jnp.stack([KEY, jax.random.key(2)])
    batch = jax.vmap(lambda key: init(key, SHAPE))(keys)
    np.testing.assert_allclose(batch[0], eager, atol=1e-6)
    assert not init.spec.distribution.random or not np.array_equal(batch[0], batch[1])
    abstract = jax.eval_shape(functools.partial(init, shape=SHAPE, dtype=jnp.bfloat16), KEY)
    assert (abstract.shape, abstract.dtype) == (SHAPE, jnp.bfloat16)


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg"])
@pytest.mark.parametrize("shape", [(3, 5, 6, 8), (64, 3, 7, 7), (2, 3, 5, 6, 4), (33, 17)])
def test_how_it_is_drawn_changes_no_bit(shape, impl):
    """A convolution is drawn flat, a matrix is not where it is traced: the numbers are JAX' own."""
    key = jax.random.key(3, impl=impl)
    init = InitSpec.normal(1.0).to_jax()
    expected = jax.random.normal(key, shape)
    np.testing.assert_array_equal(init(key, shape), expected)
    np.testing.assert_array_equal(jax.jit(lambda key: init(key, shape))(key), expected)


@pytest.mark.parametrize("name", ["normal", "truncated"])
@pytest.mark.parametrize(("shape", "flat"), [((3, 5, 6, 8), True), ((48, 64), False)])
def test_a_convolution_is_drawn_flat(name, shape, flat):
    """XLA takes seconds to compile loops over four axes; a traced matrix may be sharded."""
    program = jax.jit(lambda key: FAMILIES[name](key, shape)).lower(KEY).as_text()
    own = "x".join(map(str, shape))
    reached = [line for line in program.splitlines() if f"-> tensor<{own}xf32>" in line]
    drawn = [line for line in program.splitlines() if f"tensor<{own}xui32>" in line]
    assert any("stablehlo.reshape" in line for line in reached) == flat
    assert bool(drawn) != flat


def test_two_keys_two_draws():
    """One initializer on two keys gives two draws; on one key, one."""
    first, second, again = INIT(KEY, SHAPE), INIT(jax.random.key(2), SHAPE), INIT(KEY, SHAPE)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, again)


def test_legacy_keys():
    """PRNGKey gives the draw of key, eager, as a NumPy array, and under vmap."""
    legacy, typed = jax.random.PRNGKey(1), INIT(KEY, SHAPE)
    assert np.array_equal(INIT(legacy, SHAPE), typed)
    assert np.array_equal(INIT(np.asarray(legacy), SHAPE), typed)
    batch = jax.vmap(lambda key: INIT(key, SHAPE))(legacy[None])
    np.testing.assert_allclose(batch[0], typed, atol=1e-6)


def test_equality():
    """Equal where spec, axes, seed and name are; so it is a static argument and a dict key."""
    same = InitSpec.kaiming_normal().to_jax()
    assert same == INIT
    assert hash(same) == hash(INIT)
    spec = INIT.spec
    others = {
        InitSpec.he_normal(gain=2.0).to_jax(),
        InitSpec.he_normal().to_jax("out in"),
        JaxInitializer(spec, None, 3, ""),
        JaxInitializer(spec, None, None, "w"),
    }
    assert len(others | {INIT}) == 5
    traced = []

    @functools.partial(jax.jit, static_argnums=0)
    def draw(init, key):
        traced.append(init)
        return init(key, SHAPE)

    draw(INIT, KEY), draw(same, KEY)
    assert len(traced) == 1


def test_pickle_and_copy():
    """It survives pickle and deepcopy, and cannot be changed."""
    init = JaxInitializer(InitSpec.glorot_uniform(), Axes("out in"), 3, "w")
    assert pickle.loads(pickle.dumps(init)) == init
    assert copy.deepcopy(init) == init
    assert repr(init) == "JaxInitializer('glorot_uniform')"
    with pytest.raises(AttributeError):
        init.name = "v"


def test_float64_is_canonicalised_as_jax_does():
    """Without x64 a float64 request gives float32 and JAX' warning; with it, 64 bits."""
    theirs = jax.nn.initializers.normal()
    for dtype in (np.float64, "float64", float):
        with warnings.catch_warnings(record=True) as ours_said:
            warnings.simplefilter("always")
            assert INIT(KEY, SHAPE, dtype).dtype == jnp.float32
        with warnings.catch_warnings(record=True) as they_said:
            warnings.simplefilter("always")
            theirs(KEY, SHAPE, dtype)
        assert {w.category for w in ours_said} == {w.category for w in they_said}
    with jax.enable_x64(True):
        for dtype in (np.float64, float, None):
            wide = np.asarray(INIT(KEY, SHAPE, dtype))
            assert wide.dtype == np.float64
            assert not np.any(wide == wide.astype(np.float32))
        assert INIT(KEY, SHAPE, jnp.float32).dtype == jnp.float32
        assert INIT(KEY, SHAPE).dtype == jnp.float32
    # What is checked is the dtype that comes out.
    with (
        pytest.warns(UserWarning, match="float64"),
        pytest.raises(DtypeError, match="float32 ends at"),
    ):
        InitSpec.constant(1e39).to_jax()(KEY, SHAPE, np.float64)
    # The wide draw must not have stayed in a cache.
    assert INIT(KEY, SHAPE).dtype == jnp.float32


@pytest.mark.parametrize("dtype", [jnp.int32, jnp.complex64, bool, "float8_e4m3fn", "flaot32", []])
def test_other_dtypes(dtype):
    """Integers, complex numbers and unknown names are a DtypeError."""
    with pytest.raises(DtypeError, match="float16, bfloat16, float32, float64"):
        INIT(KEY, SHAPE, dtype)


BAD_KEYS = [
    (None, r"key=None: JAX has no global .* pass jax.random.key\(0\)"),
    (0, r"builtins.int, not a key of jax.random: pass jax.random.key\(0\)"),
    (jnp.zeros(2), r"an array of float32\[2\], not a key"),
    (jnp.uint32(3), "not a key"),
    (nnx.Rngs(0), r"Rngs, not a key of jax.random: pass rngs.params\(\)"),
    (jnp.zeros(3, jnp.uint32), "3 uint32 words"),
    (jax.random.split(jax.random.key(0), 3), r"a batch of keys, \(3,\).*vmap"),
    (jax.random.split(jax.random.PRNGKey(0), 3), r"a batch of keys, \(3,\).*vmap"),
]


@pytest.mark.parametrize(("key", "message"), BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_bad_keys(key, message):
    """What is no single key is a TargetError that says what to do, for fixed weights too."""
    for init in (INIT, FAMILIES["constant"]) if key is not None else (INIT,):
        with pytest.raises(TargetError, match=message):
            init(key, SHAPE)


@pytest.mark.parametrize("seed", [None, 7])
def test_calls_without_a_key(seed):
    """Haiku calls w_init(shape, dtype): the message has the function to give it, and that works."""
    init = InitSpec.he_normal().to_jax(seed=seed)
    with pytest.raises(TargetError, match=r"key=\(6, 4\) is a shape") as caught:
        init((6, 4), jnp.float32)
    with pytest.raises(TargetError, match="is a shape"):
        init([6, 4])
    line = str(caught.value).rpartition("w_init=")[2]
    names = {"init": init, "hk": types.SimpleNamespace(next_rng_key=lambda: KEY)}
    assert eval(line, names)((6, 4), jnp.float32).shape == (6, 4)
    with pytest.raises(AxesError, match="shape=None: pass a tuple"):
        init(KEY)


@pytest.mark.parametrize(("keys", "seed"), [((), None), ((KEY,), None), ((None,), 7)])
@pytest.mark.parametrize("sizes", [(3, 3), (3, 3, 3), (1, 1, 2, 4)])
def test_sizes_of_a_shape_one_after_the_other(sizes, keys, seed):
    """`init(key, 3, 3)`: they stand together in one tuple, after the key."""
    init = InitSpec.he_normal().to_jax(seed=seed)
    with pytest.raises(CallError, match="sizes") as caught:
        init(*keys, *sizes)
    line = str(caught.value).rpartition("write ")[2]
    assert eval(line, {"init": init, "jax": jax, "key": KEY}).shape == sizes
    with pytest.raises(CallError, match="4 arguments"):
        init(KEY, sizes, jnp.float32, None, 5)


@pytest.mark.parametrize(
    "value", [jnp.sqrt(2.0), jnp.float32(1.5), jnp.bfloat16(1.5), jnp.array(3), np.array(1.5)]
)
def test_arrays_of_rank_0_are_numbers(value):
    """A number that JAX computed is one, exactly."""
    assert InitSpec.orthogonal(value).gain == float(value)
    assert InitSpec.normal(0.5, mean=value) == InitSpec.normal(0.5, mean=float(value))


def test_a_traced_number_has_no_value_yet():
    """It is refused in our words."""
    with pytest.raises(SpecError, match=r"without a value.*pass a Python float"):
        jax.jit(lambda gain: InitSpec.orthogonal(gain).to_jax()(KEY, SHAPE))(2.0)
    with pytest.raises(SpecError, match="pass a real number"):
        InitSpec.orthogonal(jnp.array(True))


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("size", [6, np.int64(6), np.array(6), jnp.array(6)])
def test_integers_in_shapes(size, seed):
    """An integer is the shape of a vector, as in JAX; one of an array is an integer too."""
    for init in (InitSpec.normal(1.0).to_jax(seed=seed), InitSpec.zeros().to_jax(seed=seed)):
        assert init(KEY, size).shape == (6,)
        assert InitSpec.normal(1.0).to_jax(seed=seed)(KEY, (size, 2)).shape == (6, 2)
    for bad in (True, 6.0, np.array(6.0)):
        with pytest.raises(AxesError, match="pass a tuple"):
            InitSpec.zeros().to_jax(seed=seed)(KEY, bad)


@pytest.mark.parametrize("line", ["zeros", "ones", "constant(0.5)", "identity", "dirac"])
def test_fixed_weights_need_no_key(line):
    """`init(None, shape)` is how JAX code calls zeros; eager and jitted."""
    init, shape = InitSpec.parse(line).to_jax(), (3, 3, 4, 4) if line == "dirac" else (4, 4)
    np.testing.assert_array_equal(init(None, shape), init(KEY, shape))
    np.testing.assert_array_equal(jax.jit(lambda: init(None, shape))(), init(KEY, shape))


def test_bad_shapes():
    """Shapes that are none, lack axes, or do not carry the family raise before any draw."""
    with pytest.raises(AxesError, match="pass a tuple"):
        jax.jit(INIT)(KEY, SHAPE)  # a traced shape
    with pytest.raises(AxesError, match=r"in=512"):
        INIT(KEY, (6,))
    with pytest.raises(AxesError, match="name 3 axes"):
        InitSpec.he_normal().to_jax("in out out")(KEY, SHAPE)
    with pytest.raises(ShapeError, match="kernel axis"):
        InitSpec.dirac().to_jax()(KEY, SHAPE)
    with pytest.raises(DtypeError, match="float16 ends at"):
        InitSpec.constant(1e6).to_jax()(KEY, SHAPE, jnp.float16)


@pytest.mark.parametrize("name", FAMILIES)
def test_empty_weights(name):
    """Zero elements are fine."""
    empty = FAMILIES[name](KEY, (0, 4), jnp.bfloat16)
    assert (empty.shape, empty.dtype) == ((0, 4), jnp.bfloat16)


def test_strict_configurations(fresh):
    """It runs where JAX is set to reject reused keys, leaks, and implicit promotions."""
    code = (
        "import jax\n"
        "from initspec import InitSpec\n"
        "for option, value in [('jax_debug_key_reuse', True), ('jax_check_tracer_leaks', True),\n"
        "    ('jax_numpy_dtype_promotion', 'strict'), ('jax_numpy_rank_promotion', 'raise'),\n"
        "    ('jax_debug_nans', True)]:\n"
        "    jax.config.update(option, value)\n"
        "lines = 'he_normal', 'he_uniform', 'he_truncated_normal', 'sparse(0.5)', 'orthogonal',\\\n"
        "    'identity', 'zeros', 'truncated_normal(lower=4.0, upper=6.0)'\n"
        "for line in lines:\n"
        "    InitSpec.parse(line).to_jax()(jax.random.key(0), (4, 6), 'bfloat16')\n"
        "print('fine')"
    )
    assert fresh(code, XLA_FLAGS="--xla_backend_optimization_level=0") == "fine"


def test_importing_the_backend_imports_no_jax(fresh):
    """`import initspec_jax` and asking whether it is usable leave JAX unimported."""
    code = (
        "import sys, initspec_jax\n"
        "initspec_jax.backend.why_unusable(); initspec_jax.backend.default_axes(2)\n"
        "print('jax' in sys.modules)"
    )
    assert fresh(code) == "False"


def test_no_memory_beyond_jax():
    """Under jit a weight needs the scratch memory of jax.random itself, to a few words."""

    def scratch(init):
        compiled = jax.jit(lambda key: init(key, (512, 512))).lower(KEY).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    ours, theirs = InitSpec.glorot_uniform().to_jax(), jax.nn.initializers.glorot_uniform()
    assert scratch(ours) <= scratch(theirs) + 1024
