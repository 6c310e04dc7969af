"""Whole models of Keras are filled: the same bits on each framework, or nothing at all."""

import hashlib

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import InitSpec, InitSpecWarning, Recipe, Rule, initialize, parameters, recipe
from initspec.backend.parameter import Filling
from initspec.errors import InitSpecError, TargetError
from initspec.models.owner import owner
from tests.keras.engine import one_engine

KINDS = Recipe(
    [
        Rule("ones", role="bias", layer="LSTM", part="stack[1]"),
        Rule("zeros", role="embedding", part="[0]"),
        Rule("normal(std=0.5)", role="embedding", part="[2]"),
        Rule("glorot_truncated_normal", role="kernel", layer="Dense"),
        Rule("constant(value=0.1)", role="bias", layer="Dense"),
        Rule("sparse(sparsity=0.5)", layer="EinsumDense", role="kernel", optional=True),
    ]
) + recipe("he")


def model(dtype="float32"):
    """Return a model with an embedding, a recurrent layer, attention, norms and a head."""
    x = keras.Input((6,), dtype="int32")
    y = L.Embedding(11, 8, dtype=dtype)(x)
    # Keras' own orthogonal has no QR of 16 bits.
    lstm = L.LSTM(4, recurrent_initializer="zeros", return_sequences=True, dtype=dtype)
    y = L.Bidirectional(lstm, dtype=dtype)(y)
    y = L.LayerNormalization(dtype=dtype)(y + L.MultiHeadAttention(2, 4, dtype=dtype)(y, y))
    y = L.Conv1D(6, 3, groups=2, dtype=dtype)(y)
    return keras.Model(x, L.Dense(3, dtype=dtype)(L.Flatten(dtype=dtype)(y)))


def values(model):
    """Return a model's weights by path, as arrays."""
    variables = {id(v): v for v in model.weights}
    paths = [p.path for p in parameters(model)]
    trained = [v for v in variables.values() if v.trainable]
    return {
        path: np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(v.value, "float64")))
        for path, v in zip(paths, trained, strict=True)
    }


def bits(model):
    """Return a hash of a model's weights."""
    digest = hashlib.sha256()
    for path, value in values(model).items():
        digest.update(path.encode() + value.astype("<f8").tobytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float32", "904e703748701065"),
        ("bfloat16", "719975d1b58b010c"),
        ("float16", "279c8044e5187542"),
    ],
)
def test_seeded_bits(dtype, expected):
    """One seed, one model, on TensorFlow, PyTorch and JAX, in each dtype; a second build, too."""
    # The last bits of an orthogonal matrix depend on LAPACK.
    rules = Recipe([Rule("normal(std=0.1)", role="recurrent_kernel")]) + KINDS
    assert bits(initialize(model(dtype), rules, seed=7)) == expected
    assert bits(initialize(model(dtype), rules, seed=7)) == expected


def test_each_weight_is_the_draw_of_its_spec():
    """The bits of `to_numpy` under the path's name; a part is the block of its own spec's draw."""
    filled = initialize(model(), KINDS, seed=7)
    assigned = {p.path: p for p in parameters(filled)}
    drawn = values(filled)

    def draw(spec, path):
        axes, shape = str(assigned[path].axes), assigned[path].shape
        return InitSpec.parse(spec).to_numpy(axes, seed=7, name=path)(shape, dtype="float32")

    def equal(path, array):
        np.testing.assert_array_equal(drawn[path].astype("float32"), array, path)

    equal("dense.kernel", draw("glorot_truncated_normal", "dense.kernel"))
    equal("dense.bias", np.full(3, 0.1, "float32"))
    equal("conv1d.kernel", draw("he_normal", "conv1d.kernel"))
    query = "multi_head_attention.query.kernel"
    equal(query, draw("sparse(sparsity=0.5)", query))
    recurrent = "bidirectional.backward_lstm.lstm_cell.recurrent_kernel"
    np.testing.assert_allclose(drawn[recurrent], draw("orthogonal", recurrent), atol=1e-6)
    equal("bidirectional.forward_lstm.lstm_cell.bias", np.repeat([0, 1, 0, 0], 4))
    table = draw("normal(std=0.02)", "embedding.embeddings")
    table[0] = 0
    table[2] = draw("normal(std=0.5)", "embedding.embeddings")[2]
    equal("embedding.embeddings", table)


def test_float64():
    """Where the framework has it; on JAX without x64 a variable is a float32 one by any name."""
    layer = L.Dense(3, dtype="float64")
    layer.build((None, 4))
    initialize(layer, "he", seed=7)
    dtype = parameters(layer)[0].dtype
    assert dtype == ("float32" if keras.config.backend() == "jax" else "float64")
    expected = InitSpec.he_normal().to_numpy("in out", seed=7, name="kernel")((4, 3), dtype=dtype)
    np.testing.assert_array_equal(values(layer)["kernel"], expected.astype("float64"))


def test_seeded_calls_move_no_random_state():
    """Keras' global generator goes on as if nothing had been drawn."""
    built = model()
    keras.utils.set_random_seed(3)
    first = keras.ops.convert_to_numpy(keras.random.normal((4,)))
    second = keras.ops.convert_to_numpy(keras.random.normal((4,)))
    keras.utils.set_random_seed(3)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(keras.random.normal((4,))), first)
    state = np.random.get_state()[1].copy()
    initialize(built, KINDS, seed=7)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(keras.random.normal((4,))), second)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_without_a_seed():
    """Keras' global generator draws: other numbers each time, but for `set_random_seed`."""
    built = model()
    keras.utils.set_random_seed(3)
    initialize(built, KINDS)
    once = values(built)
    initialize(built, KINDS)
    again = values(built)
    keras.utils.set_random_seed(3)
    initialize(built, KINDS)
    for path, value in values(built).items():
        np.testing.assert_array_equal(value, once[path])
        if path.endswith("kernel"):
            assert (value != again[path]).any()
    np.testing.assert_array_equal(
        once["bidirectional.forward_lstm.lstm_cell.bias"], np.repeat([0, 1, 0, 0], 4)
    )
    table = once["embedding.embeddings"]
    assert not table[0].any()
    assert np.abs(table[2]).mean() > 5 * np.abs(table[3:]).mean()
    kernel = np.concatenate([once["conv1d.kernel"][..., :3], once["conv1d.kernel"][..., 3:]])
    assert 0.3 < kernel.std() / np.sqrt(2 / 12) < 1.7


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(seed, dtype):
    """Both ways fill variables of 16 bits, parts included."""
    filled = values(initialize(model(dtype), KINDS, seed))
    np.testing.assert_array_equal(
        filled["bidirectional.forward_lstm.lstm_cell.bias"], np.repeat([0, 1, 0, 0], 4)
    )
    assert all(np.isfinite(value).all() for value in filled.values())
    assert 0.05 < filled["conv1d.kernel"].std() < 2


def test_ties_are_written_once_and_only_what_is_asked_for():
    """A tied weight has the stream of its first path; `only` leaves the rest alone."""

    class Block(L.Layer):
        def __init__(self, dense):
            super().__init__()
            self.dense = dense

        def call(self, x):
            return self.dense(x)

    x = keras.Input((4,))
    dense = L.Dense(4)
    tied = keras.Model(x, Block(dense)(Block(dense)(x)))
    before = values(tied)
    initialize(tied, "he", seed=1, only="block_1.dense.kernel")
    after = values(tied)
    expected = InitSpec.he_normal().to_numpy("in out", seed=1, name="block.dense.kernel")((4, 4))
    np.testing.assert_array_equal(after["block.dense.kernel"].astype("float32"), expected)
    np.testing.assert_array_equal(after["block.dense.bias"], before["block.dense.bias"])


def test_moving_statistics_stay():
    """They are not parameters."""
    built = keras.Sequential([keras.Input((4,)), L.BatchNormalization()])
    norm = built.layers[0]
    norm.moving_mean.assign([1, 2, 3, 4])
    initialize(built, [Rule("constant(value=2)", role="scale"), Rule("ones", role="shift")])
    assert [v.numpy().tolist() for v in norm.weights] == [[2] * 4, [1] * 4, [1, 2, 3, 4], [1] * 4]


def test_a_scale_at_zero_is_warned_of():
    """A layer that starts its scale at 0 adds 1 to it."""
    built = keras.Sequential([keras.Input((4,)), L.RMSNormalization()])
    built.layers[0].scale.assign([0] * 4)
    with pytest.warns(InitSpecWarning, match="rms_normalization.scale"):
        initialize(built, "he")


@pytest.mark.parametrize(
    ("rules", "arguments", "message"),
    [
        ([Rule("zeros", role="bias")], {}, "1 parameter has no rule"),
        ([Rule("he_normal", role="kernel"), Rule("zeros", "bias2")], {}, "matches no parameter"),
        ("he", {"device": "cpu"}, "device='cpu': the weights of a Keras model have a device"),
        ("he", {"seed": -1}, "seed"),
        ("he", {"seed": 1, "names": lambda _: 3}, "name"),
        ([Rule("delta_orthogonal", role="kernel"), Rule("zeros", role="bias")], {}, "kernel"),
        ([Rule("normal(std=1e30)", role="bias"), Rule("he_normal", role="kernel")],
         {"dtype": "float16"}, "float16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("seed", [None, 7])
def test_after_an_error_nothing_is_touched(rules, arguments, message, seed):
    """Whatever is wrong is seen before the first weight is written."""
    arguments = {"seed": seed, **arguments}
    layer = L.Dense(3, dtype=arguments.pop("dtype", "float32"))
    layer.build((None, 4))
    before = values(layer)
    with pytest.raises(InitSpecError, match=message):
        initialize(layer, rules, **arguments)
    for path, value in values(layer).items():
        np.testing.assert_array_equal(value, before[path])


def test_a_weight_that_is_gone_is_seen_first():
    """The fillings of another model do not fit, and write nothing."""
    layer, other = L.Dense(3), L.Dense(2)
    layer.build((None, 4))
    other.build((None, 4))
    before = values(layer)
    bias, kernel = (
        Filling(p, InitSpec.ones(), p.axes, p.path)
        for p in (parameters(layer)[1], parameters(other)[0])
    )
    with pytest.raises(TargetError, match="is not a weight of the model any more"):
        owner(layer).write(layer, [bias, kernel], None)
    np.testing.assert_array_equal(values(layer)["bias"], before["bias"])


@one_engine
@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "EfficientNetB0"])
def test_models_that_nobody_here_wrote(name):
    """Assigned in whole by a plain recipe, drawn, and finite in a forward pass."""
    built = getattr(keras.applications, name)(weights=None, input_shape=(32, 32, 3), classes=10)
    trained = sum(int(np.prod(v.shape)) for v in built.trainable_variables)
    assert sum(int(np.prod(p.shape)) for p in parameters(built)) == trained
    assert {p.role for p in parameters(built)} == {"kernel", "bias", "scale", "shift"}
    initialize(built, "he", seed=1)
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    outputs = keras.ops.convert_to_numpy(built(images))
    assert np.isfinite(outputs).all()
    assert outputs.shape == (2, 10)
    drawn = values(built)
    for p in [p for p in parameters(built) if p.layer == "DepthwiseConv2D"][:2]:
        # 288 to 864 entries: the std wanders by 4 % at most, one sigma.
        assert 0.8 < drawn[p.path].std() / np.sqrt(2 / np.prod(p.shape[:2])) < 1.2


@one_engine
@pytest.mark.slow
def test_convnext():
    """Its layer scales are of no table: an error names each, and one rule settles them."""
    built = keras.applications.ConvNeXtTiny(weights=None, input_shape=(32, 32, 3), classes=10)
    with pytest.raises(InitSpecError, match=r"stage_0_block_0_layer_scale.gamma \(96,\), other"):
        initialize(built, "he")
    rule = Rule("constant(value=1e-6)", layer="LayerScale")
    initialize(built, recipe("he") + Recipe([rule]), seed=1)
    outputs = keras.ops.convert_to_numpy(built(np.ones((1, 32, 32, 3), "float32")))
    assert np.isfinite(outputs).all()
