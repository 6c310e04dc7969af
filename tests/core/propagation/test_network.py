"""The network itself: its weights, its convolution, its gradients and its Jacobian."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import correlate

from initspec import InitSpec, propagate
from initspec.activations import activation_of
from initspec.propagation.network import Linear, Network


def test_weights_are_the_portable_draws():
    """The same network by hand, from `to_numpy` with the seed and the documented names."""
    found = propagate(InitSpec.he_normal(), "tanh", 3, 20, 50, seed=7, bias_std=0.5)
    x = InitSpec.normal(1.0).to_numpy(seed=7, name="inputs")((50, 20))
    for layer in range(1, 4):
        w = InitSpec.he_normal().to_numpy(seed=7, name=f"layers.{layer}.weight")((20, 20))
        b = InitSpec.normal(0.5).to_numpy("out", seed=7, name=f"layers.{layer}.bias")((20,))
        h = x @ w.T + b
        x = np.tanh(h)
        one = found.layers[layer - 1]
        assert one.mean == pytest.approx(x.mean(), rel=1e-4)
        assert one.std == pytest.approx(x.std(), rel=1e-5)
        assert one.length == pytest.approx(np.square(h).mean(), rel=1e-5)
        assert one.saturated == pytest.approx((np.abs(x) > 0.9).mean())
        assert sum(one.histogram.counts) == x.size
        assert (one.histogram.low, one.histogram.high) == (x.min(), x.max())
        u = x / np.linalg.norm(x, axis=1, keepdims=True)
        cosines = (u @ u.T)[~np.eye(50, dtype=bool)]
        assert one.correlation == pytest.approx(cosines.mean(), rel=1e-4, abs=1e-6)
        eigenvalues = np.linalg.eigvalsh(np.cov(x.T))
        rank = eigenvalues.sum() ** 2 / np.square(eigenvalues).sum()
        assert one.rank == pytest.approx(rank, rel=1e-4)


@pytest.mark.parametrize("kernel", [(3,), (3, 3), (2, 4)])
def test_convolution_is_scipy_s(kernel):
    """Against scipy.ndimage.correlate on a torus, channel by channel; the adjoint too."""
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(3, 2, *kernel))
    x = rng.normal(size=(4, *(5,) * len(kernel), 2))
    y = Linear(weight)(x)
    # scipy centres an even size on size // 2, initspec on (size - 1) // 2.
    origin = [0 if size % 2 else -1 for size in kernel]
    for sample, o in ((0, 0), (3, 2)):
        expected = sum(
            correlate(x[sample, ..., i], weight[o, i], mode="wrap", origin=origin) for i in range(2)
        )
        np.testing.assert_allclose(y[sample, ..., o], expected, atol=1e-12)
    other = rng.normal(size=y.shape)
    assert np.vdot(other, y) == pytest.approx(np.vdot(Linear(weight).adjoint(other), x))


@pytest.mark.parametrize("residual", [None, 0.7])
@pytest.mark.parametrize("kernel", [(), (3,)])
def test_jacobian_and_gradient_are_finite_differences(residual, kernel):
    """The Jacobian by moving each input; the gradient by moving each bias."""
    rng = np.random.default_rng(1)
    shape = (4,) * len(kernel) + (5,)
    layers = [
        Linear(rng.normal(size=(5, 5, *kernel)) / 2, rng.normal(size=5) / 2) for _ in range(3)
    ]
    network = Network(tuple(layers), activation_of("tanh"), residual)
    x = rng.normal(size=(1, *shape))

    def run(inputs, net=network):
        return [state.output for state in net.forward(inputs)][-1]

    slopes = [state.slope for state in network.forward(x)]
    step = 1e-6
    moved = x + step * np.eye(x.size).reshape(-1, *shape)
    back = x - step * np.eye(x.size).reshape(-1, *shape)
    expected = ((run(moved) - run(back)) / (2 * step)).reshape(x.size, -1)
    jacobian = network.jacobian([slope[0] for slope in slopes])
    np.testing.assert_allclose(jacobian, expected, atol=1e-8)

    top = rng.normal(size=slopes[-1].shape)
    deltas = list(network.backward(top, slopes))[::-1]
    scale = 1.0 if residual is None else residual
    for index, layer in enumerate(layers):
        for unit in range(5):
            change = np.zeros(5)
            change[unit] = step
            losses = []
            for sign in (1, -1):
                bent = Linear(layer.weight, layer.bias + sign * change)
                net = Network(
                    (*layers[:index], bent, *layers[index + 1 :]), network.activation, residual
                )
                losses.append(np.vdot(top, run(x, net)))
            slope = (losses[0] - losses[1]) / (2 * step)
            # A bias moves h by the branch's factor, at every place of the image.
            assert scale * deltas[index][..., unit].sum() == pytest.approx(slope, abs=1e-7)


def test_dynamical_isometry():
    """Orthogonal linear networks keep every singular value at 1, dense and convolutional."""
    found = propagate(InitSpec.orthogonal(), "linear", 50, 64, 10, dtype="float64")
    np.testing.assert_allclose(found.singular_values, 1, atol=1e-9)
    found = propagate(
        InitSpec.delta_orthogonal(), "linear", 10, 16, 10, kernel=(3, 3), size=4, dtype="float64"
    )
    assert found.singular_values.shape == (256,)
    np.testing.assert_allclose(found.singular_values, 1, atol=1e-9)
    # A Gaussian network of the same variance does not: Saxe et al. (2014).
    gaussian = propagate(InitSpec.lecun_normal(), "linear", 50, 64, 10).singular_values
    assert gaussian[0] / gaussian[len(gaussian) // 2] > 1e3


def test_sum_of_squared_singular_values_is_chi():
    """Over 32 networks the mean of their squares is chi^depth: 5 standard errors, 6e-6."""
    depth, chi = 4, 1.5**2 / 2
    spec = InitSpec.lecun_normal(gain=1.5)
    means = [
        np.square(propagate(spec, "relu", depth, 64, 2, seed=seed).singular_values).mean()
        for seed in range(32)
    ]
    error = np.std(means, ddof=1) / math.sqrt(32)
    assert abs(np.mean(means) - chi**depth) < 5 * error


def test_residual_depth_scaling():
    """He in plain blocks doubles the mean square in each; 1 / sqrt(depth) bounds it by e."""
    plain = propagate(InitSpec.he_normal(), "relu", 20, 256, 64, residual=1.0)
    scaled = propagate(InitSpec.he_normal(), "relu", 20, 256, 64, residual=20**-0.5)
    assert plain.state == "exploding"
    assert scaled.state == "healthy"
    assert plain.layers[-1].prediction.mean_square == pytest.approx(2**20, rel=0.05)
    assert scaled.layers[-1].prediction.mean_square == pytest.approx(1.05**20, rel=0.05)
    for found in (plain, scaled):
        for layer in found.layers:
            assert layer.mean_square == pytest.approx(layer.prediction.mean_square, rel=0.7)
            assert layer.gradient_std == pytest.approx(layer.prediction.gradient_std, rel=0.5)
