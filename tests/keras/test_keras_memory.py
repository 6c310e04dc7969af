"""A seeded draw is the memory of the tensor, not copied into it; on whichever framework it runs."""

import keras
import numpy as np
import pytest
from initspec_keras import seeded

from initspec import InitSpec


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
    tensor = spec.to_keras(seed=7)((64, 32))
    for seed in range(100):
        spec.to_keras(seed=seed)((64, 32))
    expected = spec.to_numpy("in out", seed=7)((64, 32))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(tensor), expected)
