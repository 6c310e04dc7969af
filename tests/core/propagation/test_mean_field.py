"""Mean-field theory against closed forms, mpmath and the numbers of the papers."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.special import erf

from initspec.activations import NAMES, activation_of
from initspec.propagation.mean_field import LengthLaw, MeanField, edge_of_chaos, next_length

LENGTHS = [1e-8, 0.03, 1.0, 7.0, 1e6]


@pytest.mark.parametrize("q", LENGTHS)
def test_erf_has_closed_forms(q):
    """E[erf^2] = 2 / pi * asin(2q / (1 + 2q)), Williams (1997); the slope's is elementary."""
    field = MeanField(activation_of(erf), 1.3, 0.2)
    expected = 1.69 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + 0.04
    assert field.length(q) == pytest.approx(expected, rel=1e-10)
    # The derivative of a callable is a central difference.
    slope = 1.69 * 4 / (math.pi * math.sqrt(1 + 4 * q))
    assert field.chi(q) == pytest.approx(slope, rel=1e-4 if q > 1e3 else 1e-8)


@pytest.mark.parametrize("q", LENGTHS)
def test_relu_is_homogeneous(q):
    """E[relu^2] = q / 2 and chi = sigma_w^2 / 2 at every length."""
    field = MeanField(activation_of("leaky_relu", negative_slope=0.5), 0.7)
    assert field.length(q) == pytest.approx(0.49 * 0.625 * q, rel=1e-12)
    assert field.chi(q) == pytest.approx(0.49 * 0.625, rel=1e-12)


@pytest.mark.parametrize("q", LENGTHS[:4])
def test_tanh_against_mpmath(q):
    """Length and chi by an independent quadrature."""
    root = mpmath.sqrt(q)
    points = [-30, -8, -3, -1, 0, 1, 3, 8, 30]

    def moment(f):
        density = mpmath.sqrt(2 * mpmath.pi)
        return mpmath.quad(lambda z: f(root * z) ** 2 * mpmath.exp(-z * z / 2) / density, points)

    field = MeanField(activation_of("tanh"), 1.5, 0.3)
    assert field.length(q) == pytest.approx(float(2.25 * moment(mpmath.tanh) + 0.09), rel=1e-10)
    slope = moment(lambda x: mpmath.sech(x) ** 2)
    assert field.chi(q) == pytest.approx(float(2.25 * slope), rel=1e-10)


def test_edge_of_chaos_is_that_of_the_papers():
    """tanh with sigma_b^2 = 0.05: sigma_w^2 = 1.76 (Schoenholz et al. 2017); He's 2."""
    edge = edge_of_chaos(activation_of("tanh"), math.sqrt(0.05))
    assert edge.weight_std**2 == pytest.approx(1.76, abs=5e-3)
    assert edge_of_chaos(activation_of("tanh")) == (1.0, 0.0)
    assert edge_of_chaos(activation_of("relu")).weight_std == pytest.approx(math.sqrt(2), rel=1e-12)
    assert edge_of_chaos(activation_of("linear")).weight_std == pytest.approx(1, rel=1e-12)
    slope = 2 / math.sqrt(math.pi)
    assert edge_of_chaos(activation_of(erf)).weight_std == pytest.approx(1 / slope, rel=1e-6)
    assert edge_of_chaos(activation_of("relu"), 0.1) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bias_std", [0.0, 0.3])
def test_edge_is_a_fixed_point_with_chi_one(name, bias_std):
    """What the edge promises, put back into the maps that define it."""
    f = activation_of(name)
    edge = edge_of_chaos(f, bias_std)
    if edge is None or edge.length == 0:
        return
    field = MeanField(f, edge.weight_std, bias_std)
    assert field.length(edge.length) == pytest.approx(edge.length, rel=1e-9)
    assert field.chi(edge.length) == pytest.approx(1, rel=1e-9)


def test_fixed_points():
    """SELU's is 1 (Klambauer et al. 2017); a ReLU network shrinks, stays or grows."""
    selu = MeanField(activation_of("selu"), 1.0)
    assert selu.fixed_point(0.1) == pytest.approx(1, rel=1e-9)
    assert selu.fixed_point(10.0) == pytest.approx(1, rel=1e-9)
    relu = activation_of("relu")
    assert MeanField(relu, 1.0).fixed_point() == 0
    assert MeanField(relu, 2.0).fixed_point() == math.inf
    assert MeanField(relu, math.sqrt(2)).fixed_point(3.0) == pytest.approx(3.0)


@pytest.mark.parametrize("width", [50, 512])
def test_blur_of_relu_is_hanin_and_nica_s_product(width):
    """E[q^2] / E[q]^2 = (1 + 5 / n)^layers; 1 + 2 / n for a linear network."""
    for name, each in (("relu", 5), ("linear", 2)):
        field = MeanField(activation_of(name), math.sqrt(2) if name == "relu" else 1.0)
        law = LengthLaw(3.0, 0.0)
        for _ in range(20):
            law, square = next_length(field, law, width)
        assert law.mean == pytest.approx(3, rel=1e-9)
        assert square == pytest.approx(1.5 if name == "relu" else 3, rel=1e-9)
        assert 1 + law.variation == pytest.approx((1 + each / width) ** 20, rel=1e-4)


def test_an_orthogonal_linear_network_does_not_blur():
    """The norm is kept exactly, so that no width matters."""
    law = LengthLaw(1.0, 0.0)
    for _ in range(20):
        law, _ = next_length(MeanField(activation_of("linear"), 1.0), law, 10, keeps_norm=True)
    assert law.mean == pytest.approx(1)
    assert law.variation < 1e-12


def test_blur_of_one_layer_is_that_of_samples():
    """Mean and variance of the next length, over a million layers of 16 tanh units.

    Five standard errors: false alarms 6e-7 each.
    """
    rng = np.random.default_rng(0)
    q = np.exp(rng.normal(-0.125, 0.5, 1_000_000))
    h = rng.normal(size=(1_000_000, 16)) * np.sqrt(q)[:, None]
    after = 1.5**2 * np.square(np.tanh(h)).mean(1) + 0.01
    law = LengthLaw(1.0, math.expm1(0.25))
    found, _ = next_length(MeanField(activation_of("tanh"), 1.5, 0.1), law, 16)
    assert abs(found.mean - after.mean()) < 5 * after.std() / 1000
    deviations = np.square(after / after.mean() - 1)
    assert abs(found.variation - deviations.mean()) < 5 * deviations.std() / 1000
