"""Which native object a spec becomes, and that the fans of each built-in are right."""

from __future__ import annotations

import keras
import pytest
from initspec_keras.initializer import InitSpecInitializer
from keras.src.initializers.random_initializers import compute_fans

from initspec import Axes, InitSpec, TruncatedNormal

FRAMEWORK = keras.backend.backend()
I = keras.initializers  # noqa: E741
CUTS = InitSpecInitializer if FRAMEWORK == "torch" else None


@pytest.fixture
def policy():
    """Set a global dtype policy and floatx, and put the old ones back."""
    before, floatx = keras.config.dtype_policy(), keras.config.floatx()

    def use(name):
        keras.config.set_dtype_policy(name)
        if name in ("float16", "bfloat16", "float64"):
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
        (InitSpec.constant(0.1), None, I.Constant),
        (InitSpec.zeros(), None, I.Zeros),
        (InitSpec.ones(), None, I.Ones),
    ],
    ids=str,
)
def test_native_object(spec, axes, expected):
    """Under float32 a spec becomes the built-in where that is exact, else the subclass."""
    assert type(spec.to_keras(axes=axes)) is expected


def test_policies(policy):
    """A half policy takes the subclass, a mixed one (float32 variables) the built-in."""
    policy("mixed_bfloat16")
    assert type(InitSpec.he_normal().to_keras()) is I.VarianceScaling
    for half in ("float16", "bfloat16"):
        policy(half)
        assert type(InitSpec.he_normal().to_keras()) is InitSpecInitializer
        assert type(InitSpec.orthogonal().to_keras()) is InitSpecInitializer
        assert type(InitSpec.ones().to_keras()) is I.Ones
        assert keras.layers.Dense(3, kernel_initializer=InitSpec.he_normal().to_keras())
    policy("float64")
    uniform = type(InitSpec.glorot_uniform().to_keras())
    assert uniform is (InitSpecInitializer if FRAMEWORK == "tensorflow" else I.VarianceScaling)
    assert type(InitSpec.constant(0.1).to_keras()) is InitSpecInitializer
    assert type(InitSpec.constant(0.5).to_keras()) is I.Constant


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
    assert type(init) is I.VarianceScaling
    fan_in, fan_out = compute_fans(shape, init.input_axes, init.output_axes)
    theirs = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[init.mode]
    ours = Axes(axes or "kernel... in out").fans(shape).of(mode)
    assert theirs == ours
