"""Which native object a spec becomes, and that the fans of each built-in are right."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from initspec_keras.exact import exact_dtypes
from initspec_keras.initializer import InitSpecInitializer
from keras.src.initializers.random_initializers import compute_fans

from initspec import Axes, InitSpec, TruncatedNormal
from initspec.errors import DtypeError
from tests.laws import EPS

FRAMEWORK = keras.backend.backend()
I = keras.initializers  # noqa: E741
CUTS = InitSpecInitializer if FRAMEWORK == "torch" else None


HALF = ("float16", "bfloat16")
DTYPES = (*HALF, "float32", "float64")


@pytest.fixture
def policy():
    """Set a global dtype policy and floatx, and put the old ones back."""
    before, floatx = keras.config.dtype_policy(), keras.config.floatx()

    def use(name):
        keras.config.set_dtype_policy(name)
        if name in DTYPES:
            keras.config.set_floatx(name)

    yield use
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(
    ("spec", "axes", "expected"),
    [
        (InitSpec.he_normal(), None, I.VarianceScaling),
        (InitSpec.he_normal(), "kernel... in out", I.VarianceScaling),
        (InitSpec.he_normal(), "kernel... out in", I.VarianceScaling),
        (InitSpec.he_normal(), "in out out", I.VarianceScaling),
        (InitSpec.he_normal(), "kernel kernel stack out", I.VarianceScaling),
        (InitSpec.glorot_uniform(gain=2.0), None, I.VarianceScaling),
        (InitSpec.he_truncated_normal(), None, CUTS or I.VarianceScaling),
        (InitSpec(TruncatedNormal(corrected=False), "he"), None, CUTS or I.VarianceScaling),
        (InitSpec.truncated_normal(), None, CUTS or I.TruncatedNormal),
        (InitSpec.truncated_normal(lower=-3), None, InitSpecInitializer),
        (InitSpec.normal(), None, I.RandomNormal),
        (InitSpec.uniform(), None, I.RandomUniform),
        (InitSpec("uniform", 2.0), None, I.VarianceScaling),
        (InitSpec.normal(1e-35), None, InitSpecInitializer),
        (InitSpec.he_normal(mode="fan_geo_avg"), None, InitSpecInitializer),
        (InitSpec.variance_scaling(power=-1), None, InitSpecInitializer),
        (InitSpec.he_normal(), "kernel kernel in (stack=4 out)", InitSpecInitializer),
        (InitSpec.he_normal(), "in out kernel...", InitSpecInitializer),
        (InitSpec.he_normal(), "out [in=512]", InitSpecInitializer),
        (InitSpec.sparse(0.5), None, InitSpecInitializer),
        (InitSpec.orthogonal(), None, I.Orthogonal),
        (InitSpec.orthogonal(), "kernel... in out", I.Orthogonal),
        (InitSpec.orthogonal(), "in in out", I.Orthogonal),
        (InitSpec.orthogonal(), "out out in", I.Orthogonal),
        (InitSpec.orthogonal(), "in out out", InitSpecInitializer),
        (InitSpec.orthogonal(), "stack in out", InitSpecInitializer),
        (InitSpec.orthogonal(), "kernel... out in", InitSpecInitializer),
        (InitSpec.delta_orthogonal(), None, InitSpecInitializer),
        (InitSpec.dirac(), None, InitSpecInitializer),
        (InitSpec.identity(2.0), None, I.Identity),
        (InitSpec.identity(), "stack in out", InitSpecInitializer),
        (InitSpec.identity(noise=0.01), None, InitSpecInitializer),
        (InitSpec.repeat(InitSpec.he_normal(), 4), None, InitSpecInitializer),
        (InitSpec.constant(0.1), None, I.Constant),
        (InitSpec.zeros(), None, I.Zeros),
        (InitSpec.ones(), None, I.Ones),
    ],
    ids=str,
)
def test_native_object(spec, axes, expected, policy):
    """A spec becomes the built-in that can say it, else the subclass, whatever the policy is."""
    init = spec.to_keras(axes=axes)
    assert isinstance(init, expected)
    assert isinstance(init, InitSpecInitializer) == (expected is InitSpecInitializer)
    policy("bfloat16")
    assert type(spec.to_keras(axes=axes)) is type(init)


SPECS = [
    (InitSpec.he_normal(), None),
    (InitSpec.he_normal(), "out in"),
    (InitSpec.lecun_normal(mode="fan_out"), "kernel... out in"),
    (InitSpec.glorot_uniform(gain=2.0), None),
    (InitSpec.he_truncated_normal(), None),
    (InitSpec(TruncatedNormal(corrected=False), "he"), None),
    (InitSpec.truncated_normal(), None),
    (InitSpec.normal(0.3, mean=1.0), None),
    (InitSpec.uniform(-0.1, 0.3), None),
    (InitSpec.orthogonal(gain=3.0), None),
    (InitSpec.identity(gain=2.0), None),
    (InitSpec.constant(0.1), None),
]


def _twin(kind, init):
    """Return an initializer of another class with the arguments and the seed of a built-in."""
    config = init.get_config()
    seed = {"seed": keras.random.SeedGenerator(5)} if "seed" in config else {}
    return kind(**config | seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("spec", "axes"), SPECS, ids=str)
def test_each_dtype(spec, axes, dtype, array):
    """Keras' own numbers where these are exact, else those of the subclass for the same spec."""
    init = spec.to_keras(axes=axes)
    if isinstance(init, InitSpecInitializer):
        assert FRAMEWORK == "torch"
        assert isinstance(spec.distribution, TruncatedNormal)
        return
    native = _twin(getattr(I, type(init).__name__), init)
    if dtype not in exact_dtypes(type(init).__name__, init.get_config()):
        native = InitSpecInitializer(spec, axes, generator=keras.random.SeedGenerator(5))
        assert dtype != "float32"
    drawn, expected = (array(i((24, 16), dtype=dtype)) for i in (_twin(type(init), init), native))
    assert drawn.dtype == expected.dtype
    wide = (values.astype(np.float64) for values in (drawn, expected))
    # A scale that is a float64, where the spec has a gain and a rule, is one rounding away.
    np.testing.assert_allclose(*wide, rtol=EPS[drawn.dtype.name])


def _lstm(**k):
    return keras.layers.LSTM(8, recurrent_initializer=k["kernel_initializer"], **k)


LAYERS = {
    "alone": lambda **k: keras.layers.Dense(8, **k),
    "attention": lambda **k: keras.layers.MultiHeadAttention(2, 4, **k),
    "gates": _lstm,
    "wrapped": lambda **k: keras.layers.Bidirectional(_lstm(**k)),
}


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_layers_own_half_precision(layer, dtype, tmp_path, array):
    """It is drawn, cloned, saved and loaded; a copy that Keras makes holds the spec, too."""
    spec = InitSpec.orthogonal()
    made = LAYERS[layer](dtype=dtype, kernel_initializer=spec.to_keras())
    inputs = keras.Input((3, 16))
    model = keras.Model(inputs, made(*[inputs] * (1 + (layer == "attention"))))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for each in (model, keras.models.clone_model(model), loaded):
        kernels = [w for w in each.weights if w.path.endswith("kernel")]
        assert kernels
        for kernel in kernels:
            values = array(keras.ops.cast(kernel, "float32"))
            matrix = values.reshape(-1, values.shape[-1])
            if len(matrix) < matrix.shape[1]:
                matrix = matrix.T
            error = np.abs(matrix.T @ matrix - np.eye(matrix.shape[1]))
            assert error.max() < 4 * EPS[dtype]
            assert np.unique(matrix).size > matrix.size / 4


@pytest.mark.skipif(FRAMEWORK != "tensorflow", reason="TensorFlow's tracing")
@pytest.mark.parametrize("spec", [InitSpec.he_normal(), InitSpec.orthogonal()], ids=str)
def test_half_precision_in_a_tf_function(spec, array):
    """AutoGraph leaves alone what it cannot read; each run is a draw of its own."""
    import tensorflow as tf

    init = spec.to_keras()
    traced = tf.function(lambda: init((8, 8), dtype="bfloat16"))
    first, second = (array(tf.cast(traced(), "float32")) for _ in range(2))
    assert not np.array_equal(first, second)


def test_too_small_for_the_dtype_of_the_call():
    """What is refused under a policy is refused for a layer: no kernel of zeros."""
    for spec in (InitSpec.normal(1e-12), InitSpec.constant(1e-12), InitSpec.identity(gain=1e-12)):
        with pytest.raises(DtypeError, match="float16 starts at"):
            spec.to_keras()((8, 8), dtype="float16")
    with pytest.raises(DtypeError):
        InitSpec.normal().to_keras()((8, 8), dtype="int32")


def test_default_dtype_is_floatx(policy):
    """dtype None is keras.config.floatx()."""
    policy("bfloat16")
    value = InitSpec.he_normal().to_keras()((4, 5))
    assert keras.backend.standardize_dtype(value.dtype) == "bfloat16"


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        (None, (7, 5)),
        (None, (3, 2, 7, 5)),
        ("in out", (7, 5)),
        ("out in", (7, 5)),
        ("kernel... out in", (3, 2, 7, 5)),
        ("kernel kernel out in", (3, 2, 7, 5)),
        ("kernel kernel stack out", (3, 3, 32, 1)),
        ("in out out", (64, 4, 16)),
        ("in in out", (4, 16, 64)),
        ("stack out", (1000, 64)),
        ("stack in out", (8, 7, 5)),
        ("out in kernel", (7, 5, 3)),
    ],
)
def test_fans_of_variance_scaling(axes, shape, mode):
    """A VarianceScaling reads the fans of our axes from the shape, by Keras' own function."""
    init = InitSpec.lecun_normal(mode=mode).to_keras(axes=axes)
    assert isinstance(init, I.VarianceScaling)
    assert not isinstance(init, InitSpecInitializer)
    fan_in, fan_out = compute_fans(shape, init.input_axes, init.output_axes)
    theirs = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[init.mode]
    ours = Axes(axes or "kernel... in out").fans(shape).of(mode)
    assert theirs == ours


@pytest.mark.parametrize(
    ("spec", "read"),
    [
        (InitSpec.he_normal(gain=2.0), {"scale": 8.0, "mode": "fan_in"}),
        (InitSpec.he_normal(), {"distribution": "untruncated_normal"}),
        (InitSpec.glorot_uniform(), {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform"}),
        (InitSpec.lecun_truncated_normal(), {"distribution": "truncated_normal"}),
        (InitSpec.normal(0.3, mean=1.0), {"mean": 1.0, "stddev": 0.3}),
        (InitSpec.uniform(-0.1, 0.3), {"minval": -0.1, "maxval": 0.3}),
        (InitSpec.truncated_normal(0.02, corrected=False), {"mean": 0.0, "stddev": 0.02}),
        (InitSpec.orthogonal(gain=3.0), {"gain": 3.0}),
        (InitSpec.delta_orthogonal(gain=3.0), {"gain": 3.0}),
        (InitSpec.dirac(gain=2.0), {"gain": 2.0}),
        (InitSpec.identity(gain=2.0), {"gain": 2.0}),
        (InitSpec.constant(0.1), {"value": 0.1}),
        (InitSpec.ones(), {"value": 1.0}),
    ],
    ids=str,
)
def test_attributes(spec, read):
    """Code that reads a built-in's attributes finds them on a seeded draw and its copies."""
    for seed in (None, 7):
        init = spec.to_keras(seed=seed)
        if seed is None and isinstance(init, I.Ones):
            continue  # Keras' own, which has none
        for each in (init, init.clone(), I.get(I.serialize(init))):
            assert {name: getattr(each, name) for name in read} == read


def test_no_attribute_without_a_meaning():
    """A law that Keras has no words for has none of them."""
    for spec in (InitSpec.he_normal(mode="fan_geo_avg"), InitSpec.truncated_normal(lower=-3)):
        init = spec.to_keras()
        assert not any(hasattr(init, name) for name in ("scale", "mode", "stddev", "distribution"))
