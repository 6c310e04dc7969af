"""The digits start from the same weights in every framework, and learn as the page shows."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest

from docs.measured.files import load
from docs.measured.propagation.pictures import PATH
from examples.digits.problem import SPECS, digits, first_loss

FRAMEWORKS = ("torch", "keras", "jax")


@pytest.mark.parametrize("label", SPECS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_first_losses_agree(framework, label):
    """Each framework's first full-batch loss is NumPy's in float64 to 1e-5, and so the others'."""
    pytest.importorskip(framework)
    program = importlib.import_module(f"examples.digits.with_{framework}")
    curve = program.train(SPECS[label], steps=10)
    assert abs(curve[0] - first_loss(SPECS[label])) < 1e-5
    # Rounding alone tells the frameworks apart, here and on the machine that drew the page.
    np.testing.assert_allclose(curve, load(PATH)["curves"][framework][label][:11], rtol=2e-3)


def test_committed_curves_show_what_the_page_says():
    """He's first losses agree to 1e-5; a std of 0.01 learns nothing, He more than Xavier."""
    curves = load(PATH)["curves"]
    assert set(curves) == set(FRAMEWORKS)
    for label, spec in SPECS.items():
        for framework in FRAMEWORKS:
            assert abs(curves[framework][label][0] - first_loss(spec)) < 1e-5
    for one in curves.values():
        assert abs(one["std 0.01"][-1] - math.log(10)) < 1e-3
        assert one["He"][-1] < one["Xavier"][-1] < 0.5


def test_data_is_what_the_page_says():
    """1,797 digits of 64 pixels, standardized."""
    x, labels = digits()
    assert x.shape == (1797, 64)
    assert set(labels) == set(range(10))
    assert abs(x.mean()) < 1e-6
    assert abs(x.std() - 1) < 1e-6
