"""Layers of Keras, with the axes of each, and the defects that are not to be inherited.

Standard deviations over n independent draws are held to 5 standard errors, 5 / sqrt(2 n).
"""

from __future__ import annotations

import math
import re

import keras
import numpy as np
import pytest
from initspec_keras import backend
from initspec_keras.initializer import InitSpecInitializer

from initspec import Axes, InitSpec, InitSpecError
from initspec.errors import AxesError, CallError, DtypeError, ShapeError

HE = InitSpec.he_normal()
GLOROT = InitSpec.glorot_normal()


def _has_std(weights, std):
    values = np.asarray(weights).astype(np.float64).ravel()
    assert abs(values.std() / std - 1) < 5 / math.sqrt(2 * values.size)


def test_dense_and_conv(array):
    """Dense and Conv2D need no axes."""
    dense = keras.layers.Dense(256, kernel_initializer=HE.to_keras())
    dense.build((None, 512))
    _has_std(array(dense.kernel), math.sqrt(2 / 512))
    conv = keras.layers.Conv2D(64, 3, kernel_initializer=HE.to_keras())
    conv.build((None, 8, 8, 32))
    _has_std(array(conv.kernel), math.sqrt(2 / 288))


def test_grouped_convolution(array):
    """Conv2D(groups=4), 32 to 64, 3x3: fan_out is 144, not Keras' 576 (pytorch#23854)."""
    spec = InitSpec.he_normal(mode="fan_out")
    init = spec.to_keras(axes="kernel kernel in (stack=4 out)")
    conv = keras.layers.Conv2D(64, 3, groups=4, kernel_initializer=init)
    conv.build((None, 8, 8, 32))
    _has_std(array(conv.kernel), math.sqrt(2 / 144))


def test_depthwise_convolution(array):
    """DepthwiseConv2D, 32 channels, 3x3: fan_in is 9, not Keras' 288, which is 5.7 times off."""
    init = HE.to_keras(axes="kernel kernel stack out")
    conv = keras.layers.DepthwiseConv2D(3, depthwise_initializer=init)
    conv.build((None, 8, 8, 32))
    _has_std(array(conv.kernel), math.sqrt(2 / 9))


@pytest.mark.parametrize("axes", ["kernel... out in", "kernel kernel out in"])
def test_transposed_convolution(axes, array):
    """Conv2DTranspose, 32 to 64, 3x3: fan_in is 288, not Keras' 576 (pytorch#7865)."""
    conv = keras.layers.Conv2DTranspose(64, 3, kernel_initializer=HE.to_keras(axes=axes))
    conv.build((None, 8, 8, 32))
    _has_std(array(conv.kernel), math.sqrt(2 / 288))


def test_attention(array):
    """The query kernel (64, 4, 16) has fans (64, 64), not (256, 1024); so has the output kernel."""
    spec = InitSpec.lecun_normal(mode="fan_out")
    attention = keras.layers.MultiHeadAttention(
        4, 16, kernel_initializer=spec.to_keras(axes="in out out")
    )
    attention.build((None, 5, 64), (None, 5, 64))
    kernels = [array(attention._query_dense.kernel), array(attention._key_dense.kernel)]
    assert kernels[0].shape == (64, 4, 16)
    assert not np.array_equal(*kernels)
    _has_std(kernels, math.sqrt(1 / 64))
    output = keras.layers.EinsumDense(
        "abcd,cde->abe", (None, 64), kernel_initializer=HE.to_keras(axes="in in out")
    )
    output.build((None, 5, 4, 16))
    assert output.kernel.shape == (4, 16, 64)
    _has_std(array(output.kernel), math.sqrt(2 / 64))


@pytest.mark.skipif(
    not hasattr(keras.layers.EinsumDense, "_update_kernel_initializer"),
    reason="before Keras 3.15 a layer says nothing of its kernel's axes",
)
@pytest.mark.parametrize(
    "init",
    [
        pytest.param(GLOROT.to_keras, id="a built-in"),
        pytest.param(lambda: InitSpecInitializer(GLOROT), id="ours"),
        pytest.param(
            lambda: InitSpec.he_truncated_normal(gain=0.5**0.5, lower=-3).to_keras(), id="of need"
        ),
        pytest.param(lambda: InitSpecInitializer(GLOROT, seed=7), id="seeded"),
    ],
)
@pytest.mark.filterwarnings("ignore::initspec.errors.InitSpecWarning")
def test_a_whole_attention_layer(init, array):
    """Without axes the layer says which they are: every kernel has the std of fans (256, 256)."""
    attention = keras.layers.MultiHeadAttention(4, 64, kernel_initializer=init())
    attention.build((None, 5, 256), (None, 5, 256))
    for name in ("query", "key", "value", "output"):
        _has_std(array(getattr(attention, f"_{name}_dense").kernel), 1 / 16)


def test_axes_that_were_given_stay(array):
    """What a layer says of its kernel is heeded only where nobody said it before."""
    told = InitSpecInitializer(HE, input_axes=[0, 2], output_axes=[1])
    assert str(told.axes) == "in out in"
    kept = InitSpecInitializer(HE, "stack in out", input_axes=[0], output_axes=[1, 2])
    assert str(kept.axes) == "stack in out"
    dense = keras.layers.EinsumDense("bec,ecd->bed", (8, 32), kernel_initializer=kept)
    dense.build((None, 8, 64))
    _has_std(array(dense.kernel), math.sqrt(2 / 64))


def test_lstm_gates_are_orthogonal(array):
    """Each gate of the recurrent kernel is orthogonal; Keras' own are not (error 0.8)."""
    init = InitSpec.orthogonal().to_keras(axes="in (stack=4 out)")
    lstm = keras.layers.LSTM(32, recurrent_initializer=init)
    lstm.build((None, 5, 8))
    kernel = array(lstm.cell.recurrent_kernel).astype(np.float64)
    for gate in np.split(kernel, 4, axis=1):
        assert np.abs(gate.T @ gate - np.eye(32)).max() < 1e-5


def test_embedding_norm_and_bias(array):
    """An embedding's fan_in is 1; gammas are ones; a bias may take its weight's fan."""
    table = keras.layers.Embedding(
        500, 64, embeddings_initializer=InitSpec.lecun_normal().to_keras(axes="stack out")
    )
    table.build((None,))
    _has_std(array(table.embeddings), 1.0)
    norm = keras.layers.BatchNormalization(gamma_initializer=InitSpec.ones().to_keras())
    norm.build((None, 16))
    assert np.array_equal(array(norm.gamma), np.ones(16))
    bias = InitSpec.lecun_normal().to_keras(axes="out [in=512]")
    dense = keras.layers.Dense(20_000, bias_initializer=bias)
    dense.build((None, 4))
    _has_std(array(dense.bias), math.sqrt(1 / 512))


def test_truncated_std_is_what_was_asked(array):
    """std=0.02 gives 0.0200, not Keras' 0.0176, and stays within two parent sigmas."""
    values = array(InitSpec.truncated_normal(0.02).to_keras()((1024, 1024))).astype(np.float64)
    # The kurtosis of the cut law is 2.06, so the standard error is smaller than a normal's.
    assert abs(values.std() / 0.02 - 1) < 5 / math.sqrt(2 * values.size)
    assert np.abs(values).max() <= 2 * 0.02 / 0.8796256610342398 * (1 + 1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16", "float16"])
def test_dtype_policies(policy, array):
    """A layer's own policy decides the dtype of the draw."""
    dense = keras.layers.Dense(
        256, dtype=policy, kernel_initializer=HE.to_keras(axes="in (stack=4 out)")
    )
    dense.build((None, 512))
    stored = keras.backend.standardize_dtype(dense.kernel.dtype)
    assert stored == ("float32" if policy.startswith("mixed") else policy)
    _has_std(array(keras.ops.cast(dense.kernel, "float32")), math.sqrt(2 / 512))


@pytest.mark.parametrize(
    ("spec", "axes", "shape", "dtype", "error"),
    [
        (HE, "in (stack=4 out)", (8, 10), "float32", AxesError),
        (HE, "in (stack=4 out)", (8,), "float32", AxesError),
        (InitSpec.sparse(0.5), None, (8,), "float32", AxesError),
        (HE, "in (stack=4 out)", (8, 8), "int32", DtypeError),
        (HE, "in (stack=4 out)", (8, 8), "complex64", DtypeError),
        (InitSpec.normal(1e5), "in (stack=4 out)", (8, 8), "float16", DtypeError),
        (InitSpec.delta_orthogonal(), None, (8, 16), "float32", ShapeError),
    ],
)
def test_bad_input(spec, axes, shape, dtype, error):
    """The subclass and `draw` refuse what does not fit."""
    with pytest.raises(error):
        backend.draw(spec, shape, axes=axes and Axes(axes), dtype=dtype)
    if dtype != "float16":
        with pytest.raises(InitSpecError):
            spec.to_keras(axes=axes)(shape, dtype=dtype)


@pytest.mark.parametrize("shape", [(0, 8), (8, 0)])
@pytest.mark.parametrize("axes", [None, "in (stack=4 out)"])
def test_zero_elements(axes, shape):
    """A weight without elements is fine."""
    for spec in (HE, InitSpec.orthogonal(), InitSpec.sparse(0.5)):
        assert tuple(spec.to_keras(axes=axes)(shape).shape) == shape


@pytest.mark.parametrize(
    "init",
    [HE, HE.to_keras, InitSpec.he_normal, InitSpec],
    ids=["the spec", "the method", "the constructor", "the class"],
)
def test_what_is_not_yet_an_initializer(init):
    """A spec, `to_keras` or a constructor given to a layer: the error has what to pass."""
    with pytest.raises(CallError, match=re.escape("InitSpec.he_normal().to_keras()")):
        keras.layers.Dense(4, kernel_initializer=init).build((None, 8))


@pytest.mark.parametrize("spec", [HE, InitSpec.sparse(0.5)], ids=["a built-in", "none"])
@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("sizes", [(3, 3), (3, 3, 2, 4)])
def test_sizes_of_a_shape_one_after_the_other(sizes, seed, spec):
    """`init(3, 3)`: they stand together in one tuple."""
    init = spec.to_keras(seed=seed)
    with pytest.raises(CallError, match="sizes") as caught:
        init(*sizes)
    line = str(caught.value).rpartition("write ")[2]
    assert tuple(eval(line, {"init": init}).shape) == sizes
    with pytest.raises(CallError, match="3 arguments"):
        init(sizes, "float32", 5)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
def test_scalars_are_numbers(dtype):
    """A tensor of rank 0, or a variable, is a number."""
    value = keras.ops.convert_to_tensor(3, dtype)
    assert InitSpec.orthogonal(value) == InitSpec.orthogonal(3.0)
    assert InitSpec.constant(keras.Variable(value, trainable=False)) == InitSpec.constant(3.0)
