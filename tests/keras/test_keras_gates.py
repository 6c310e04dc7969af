"""Gates that Keras and torch order differently: the same layer, from the same names.

Needs torch beside Keras, as in the session of Keras on torch.
"""

import keras
import numpy as np
import pytest

from initspec import InitSpec

torch = pytest.importorskip("torch")
GLOROT, ORTHOGONAL = InitSpec.glorot_uniform(), InitSpec.orthogonal()
INPUTS, UNITS = 5, 8
X = np.random.default_rng(20260101).standard_normal((2, 6, INPUTS)).astype(np.float32)


def _set(layer, kernel, recurrent):
    layer.build((None, None, INPUTS))
    zeros = np.zeros(layer.cell.bias.shape, np.float32)
    layer.set_weights([kernel, recurrent, zeros])


def _filled(module):
    """Fill a torch layer of one level as a whole, gate i under the name `N[i]`."""
    gates = module.weight_ih_l0.shape[0] // UNITS
    axes = f"(stack={gates} out) in"
    GLOROT.to_torch(axes, seed=7, name="input")(module.weight_ih_l0)
    ORTHOGONAL.to_torch(axes, seed=7, name="state")(module.weight_hh_l0)
    torch.nn.init.zeros_(module.bias_ih_l0)
    torch.nn.init.zeros_(module.bias_hh_l0)
    return module


def test_gru_gates_are_permuted():
    """torch has reset, update, new; Keras update, reset, new: drawn gate by gate, by name."""
    module = _filled(torch.nn.GRU(INPUTS, UNITS, batch_first=True))
    order = (1, 0, 2)  # Keras' gates by their numbers in torch

    def gates(spec, inputs, name):
        shape = (inputs, UNITS)
        return np.concatenate(
            [
                keras.ops.convert_to_numpy(spec.to_keras(seed=7, name=f"{name}[{i}]")(shape))
                for i in order
            ],
            axis=1,
        )

    layer = keras.layers.GRU(UNITS, return_sequences=True)  # reset_after, as in torch
    kernel, recurrent = gates(GLOROT, INPUTS, "input"), gates(ORTHOGONAL, UNITS, "state")
    _set(layer, kernel, recurrent)
    fused = module.weight_ih_l0.detach().numpy()
    for place, i in enumerate(order):
        gate = kernel[:, place * UNITS : (place + 1) * UNITS]
        np.testing.assert_array_equal(gate.T, fused[i * UNITS : (i + 1) * UNITS])
    # The two layers compute the same; with any other order they do not.
    there = module(torch.from_numpy(X))[0].detach().numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(X)), there, atol=1e-5)


def test_lstm_gates_have_one_order():
    """input, forget, cell, output in both: the fused weights are transposes."""
    module = _filled(torch.nn.LSTM(INPUTS, UNITS, batch_first=True))
    axes, layer = "in (stack=4 out)", keras.layers.LSTM(UNITS, return_sequences=True)
    kernel = GLOROT.to_keras(axes, seed=7, name="input")((INPUTS, 4 * UNITS))
    recurrent = ORTHOGONAL.to_keras(axes, seed=7, name="state")((UNITS, 4 * UNITS))
    kernel, recurrent = map(keras.ops.convert_to_numpy, (kernel, recurrent))
    np.testing.assert_array_equal(kernel.T, module.weight_ih_l0.detach().numpy())
    np.testing.assert_array_equal(recurrent.T, module.weight_hh_l0.detach().numpy())
    _set(layer, kernel, recurrent)
    there = module(torch.from_numpy(X))[0].detach().numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(X)), there, atol=1e-5)
