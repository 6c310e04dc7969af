"""The memory of a tensor: its own, and for a seeded draw that which was drawn to."""

import keras
import numpy as np
import pytest
from initspec_keras import backend, seeded

from initspec import InitSpec
from initspec.backend import axes_of, float_type


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_tensor_takes_the_memory_as_it_is(dtype, monkeypatch):
    """What is written to the drawn memory afterwards shows in the tensor."""
    drawn = []
    original = seeded.aligned
    monkeypatch.setattr(seeded, "aligned", lambda *a: drawn.append(original(*a)) or drawn[-1])
    tensor = InitSpec.he_normal().to_keras(seed=7)((64, 32), dtype=dtype)
    if "cpu" not in str(tensor.device).lower():
        pytest.skip("the tensor lies on a device with memory of its own")
    drawn[0][0, 0] = 42.0
    assert float(keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32"))[0, 0]) == 42.0


def test_memory_outlives_what_drew_it():
    """The tensor keeps its memory: a hundred more draws do not change it."""
    spec = InitSpec.he_normal()
    tensor = spec.to_keras(seed=7, name="w")((64, 32))
    for seed in range(100):
        spec.to_keras(seed=seed)((64, 32))
    expected = spec.to_numpy("in out", seed=7, name="w")((64, 32))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(tensor), expected)


LINES = [
    *("he_normal", "he_uniform", "he_truncated_normal(lower=-3)", "orthogonal", "sparse(0.5)"),
    *("zeros", "ones", "constant(0.3)", "constant(2.0)", "identity", "dirac", "delta_orthogonal"),
]


@pytest.mark.skipif(keras.config.backend() != "torch", reason="others write to no tensor")
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("axes", [None, "{}in (stack=4 out)"])
def test_torch_tensors_can_be_written(line, dtype, seed, axes):
    """Each number has a place of its own, in the order of the shape, and no other tensor's."""
    kernel = line in ("dirac", "delta_orthogonal")
    shape = (3, 3, 2, 8) if kernel else (8, 16)
    spec = InitSpec.parse(line)
    compiled = [
        backend.compile_for(
            spec,
            shape,
            axes_of(axes and axes.format("kernel kernel " if kernel else "")),
            seed,
            "w",
            float_type(dtype),
            None,
        )
        for _ in range(2)
    ]
    tensor, other = (init(shape, dtype=dtype) for init in compiled)
    assert tensor.data_ptr() != other.data_ptr()
    assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
    if type(compiled[0]) is not keras.initializers.Orthogonal:  # whose columns lie in a row
        assert tensor.is_contiguous()
    tensor.zero_()
    assert not tensor.any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("line", ["constant(0.3)", "identity(gain=0.3)"])
def test_weights_can_be_set_and_trained(line, dtype):
    """What is no float32 becomes a float64 weight like another."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        init = InitSpec.parse(line).to_keras()
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(4, kernel_initializer=init)]
        )
        start = model.get_weights()
        model.set_weights([weight + 1 for weight in start])
        model.compile("sgd", "mse")
        model.fit(np.ones((8, 4)), np.zeros((8, 4)), verbose=0)
        assert not np.allclose(model.get_weights()[0], start[0] + 1)
    finally:
        keras.config.set_dtype_policy(policy)
