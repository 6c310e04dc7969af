"""The fans of Keras layers, counted without knowledge of the layer, by automatic differentiation.

fan_in is the number of weights that touch one inner element of the output, fan_out that of those
that one inner element of the input touches. The gates of a recurrent layer are that many layers.
"""

import keras
import numpy as np
import pytest
from keras import layers as L  # noqa: N812 - as Keras' own pages have it

from initspec import parameters
from tests.keras.engine import one_engine

pytestmark = one_engine


def same(kind, *arguments, **settings):
    """Return a convolution that gives as many taps as it takes."""
    return lambda: getattr(L, kind)(*arguments, padding="same", **settings)


LINEAR = {
    "dense": (lambda: L.Dense(7), (5,)),
    "sequence": (lambda: L.Dense(7), (3, 5)),
    "einsum": (lambda: L.EinsumDense("abc,cde->abde", (None, 2, 3)), (4, 5)),
    "merged": (lambda: L.EinsumDense("abcd,cde->abe", (None, 7)), (4, 2, 3)),
    "batched": (lambda: L.EinsumDense("abc,bcd->abd", (4, 3)), (4, 5)),
    "elided": (lambda: L.EinsumDense("...x,xy->...y", 7), (4, 5)),
    "conv1d": (same("Conv1D", 6, 3), (9, 4)),
    "conv2d": (same("Conv2D", 6, (3, 5)), (11, 11, 4)),
    "conv3d": (same("Conv3D", 2, 3), (7, 7, 7, 3)),
    "dilated": (same("Conv2D", 6, 3, dilation_rate=2), (11, 11, 4)),
    "grouped": (same("Conv2D", 6, 3, groups=2), (9, 9, 4)),
    "grouped1d": (same("Conv1D", 6, 3, groups=3), (9, 6)),
    "depthwise1d": (same("DepthwiseConv1D", 3, depth_multiplier=2), (9, 4)),
    "depthwise2d": (same("DepthwiseConv2D", 3), (9, 9, 4)),
    "transposed1d": (same("Conv1DTranspose", 6, 3), (9, 4)),
    "transposed2d": (same("Conv2DTranspose", 6, 3), (9, 9, 4)),
    "transposed3d": (same("Conv3DTranspose", 2, 3), (7, 7, 7, 3)),
}
"""Linear layers with one kernel, and the shape of an input without its batch."""


def gradient(function, variable):
    """Return the gradient of a scalar function of nothing with respect to a variable."""
    backend = keras.config.backend()
    if backend == "torch":
        variable.value.grad = None
        function().backward()
        return variable.value.grad.numpy()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = function()
        return np.asarray(tf.convert_to_tensor(tape.gradient(value, variable.value)))
    import jax

    def of(value):
        with keras.StatelessScope([(variable, value)]):
            return function()

    return np.asarray(jax.grad(of)(variable.value))


def touched(call, variable, inputs, cotangent):
    """Return how many entries of a variable the output, weighted, depends on."""
    x, weights = map(keras.ops.convert_to_tensor, (inputs, cotangent))
    return int(np.count_nonzero(gradient(lambda: keras.ops.sum(call(x) * weights), variable)))


def inner(shape):
    """Return an array of zeros but for its inner entry, in the first channel."""
    array = np.zeros((1, *shape), "float32")
    array[(0, *(size // 2 for size in shape[:-1]), 0)] = 1
    return array


def check(call, parameter, variable, shape, gates=1):
    """Hold the fans of a parameter against what its entries touch."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(0.5, 1, (1, *shape)).astype("float32")
    output = np.asarray(keras.ops.convert_to_numpy(call(keras.ops.convert_to_tensor(inputs))))
    cotangent = rng.uniform(0.5, 1, output.shape).astype("float32")
    fans = parameter.axes.layout(parameter.shape).fans
    fan_in = touched(call, variable, inputs, inner(output.shape[1:]))
    fan_out = touched(call, variable, inner(shape), cotangent)
    assert (fans.fan_in * gates, fans.fan_out * gates) == (fan_in, fan_out), parameter.path


@pytest.mark.parametrize("name", LINEAR)
def test_linear_layers(name):
    """Groups, depths, dilations and what an einsum shares are counted as they act."""
    make, shape = LINEAR[name]
    layer = make()
    layer.build((1, *shape))
    kernel = parameters(layer)[0]
    check(layer, kernel, layer.weights[0], shape)


@pytest.mark.parametrize(
    ("kind", "shape"), [("SeparableConv1D", (9, 4)), ("SeparableConv2D", (9, 9, 4))]
)
def test_separable_convolutions(kind, shape):
    """Each of the two kernels, with the other one at ones: the first per channel of its own."""
    layer = getattr(L, kind)(6, 3, padding="same", use_bias=False)
    layer.build((1, *shape))
    depthwise, pointwise = parameters(layer)
    # A channel's sum over the outputs of the second kernel is one output of the first.
    layer.pointwise_kernel.assign(np.eye(4, 6).reshape(layer.pointwise_kernel.shape))
    check(layer, depthwise, layer.depthwise_kernel, shape)
    taps = np.zeros(layer.depthwise_kernel.shape, "float32")
    taps[tuple(size // 2 for size in taps.shape[:-2])] = 1
    layer.depthwise_kernel.assign(taps)
    check(layer, pointwise, layer.pointwise_kernel, shape)


@pytest.mark.parametrize("make", [lambda: L.MultiHeadAttention(2, 3, value_dim=4, output_shape=7),
                                  lambda: L.GroupQueryAttention(3, 4, 2)])  # fmt: skip
def test_attention(make):
    """Each projection alone: heads are outputs of the first three, and inputs of the last."""
    layer = make()
    layer.build((1, 6, 5), (1, 6, 5))
    by_path = {p.path: p for p in parameters(layer)}
    for projection in layer._flatten_layers(include_self=False, recursive=False):
        if projection.weights:
            parameter = by_path[f"{projection.name}.kernel"]
            heads = by_path["value.kernel"].shape[1:]
            if isinstance(layer, L.GroupQueryAttention):
                heads = (4, 3)
            shape = (6, *heads) if projection.name == "attention_output" else (6, 5)
            check(projection, parameter, projection.weights[0], shape)


@pytest.mark.parametrize(
    ("make", "gates"),
    [
        (lambda: L.SimpleRNNCell(3), 1),
        (lambda: L.LSTMCell(3), 4),
        (lambda: L.GRUCell(3), 3),
        (lambda: L.LSTMCell(6), 4),
    ],
)
def test_recurrent_cells(make, gates):
    """The kernel of the inputs and that of the state, after one step from a state."""
    cell = make()
    cell.build((1, 5))
    units = cell.units
    rng = np.random.default_rng(1)
    other = rng.uniform(0.5, 1, (1, units)).astype("float32")
    kernel, recurrent = parameters(cell)[:2]

    def step(x, h):
        state = [h, keras.ops.convert_to_tensor(other)] if gates == 4 else [h]
        return cell(x, state)[0]

    state = keras.ops.convert_to_tensor(other)
    check(lambda x: step(x, state), kernel, cell.kernel, (5,), gates)
    x = keras.ops.convert_to_tensor(rng.uniform(0.5, 1, (1, 5)).astype("float32"))
    check(lambda h: step(x, h), recurrent, cell.recurrent_kernel, (units,), gates)


def test_a_convolutional_cell():
    """ConvLSTM's cell: four convolutions of the input, and four of the state."""
    cell = L.ConvLSTM1D(3, 3, padding="same").cell
    cell.build((1, 9, 4))
    rng = np.random.default_rng(1)
    state = keras.ops.convert_to_tensor(rng.uniform(0.5, 1, (1, 9, 3)).astype("float32"))
    x = keras.ops.convert_to_tensor(rng.uniform(0.5, 1, (1, 9, 4)).astype("float32"))
    kernel, recurrent, _ = parameters(cell)
    check(lambda x: cell(x, [state, state])[0], kernel, cell.kernel, (9, 4), 4)
    check(lambda h: cell(x, [h, state])[0], recurrent, cell.recurrent_kernel, (9, 3), 4)


def test_embeddings():
    """A row is one member: an output element is touched by one entry, a token by its row."""
    layer = L.ReversibleEmbedding(9, 4, tie_weights=False)
    layer.build()
    table, reverse = parameters(layer)
    token = np.array([[3]], "int32")
    fans = table.axes.layout(table.shape).fans
    assert touched(layer, layer.embeddings, token, inner((1, 4))) == fans.fan_in == 1
    assert (
        touched(layer, layer.embeddings, token, np.ones((1, 1, 4), "float32")) == fans.fan_out == 4
    )
    check(lambda x: layer(x, reverse=True), reverse, layer.reverse_embeddings, (5, 4))
