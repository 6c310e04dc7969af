"""torch's table of gains against `calculate_gain` itself."""

from __future__ import annotations

import inspect
import re

import pytest
from initspec_torch.vocabulary.gains import TORCH_GAINS
from torch.nn import init

from initspec import gain


@pytest.mark.parametrize("name", [*TORCH_GAINS, "leaky_relu"])
def test_entry_is_torch_s_own(name):
    """Every entry equals `calculate_gain`, to the bit."""
    assert gain(name, convention="torch") == init.calculate_gain(name)


@pytest.mark.parametrize("slope", [0.0, 0.3, -2.0, 1])
def test_slope_is_torch_s_own(slope):
    """The slope of a leaky ReLU, and the one it has unless told."""
    found = gain("leaky_relu", convention="torch", negative_slope=slope)
    assert found == init.calculate_gain("leaky_relu", slope)


def test_no_entry_is_missing():
    """Every name that torch's source mentions and takes is in our table."""
    taken = set()
    for name in re.findall(r'"([a-z_0-9]+)"', inspect.getsource(init)):
        try:
            init.calculate_gain(name)
        except ValueError:
            continue
        taken.add(name)
    assert taken == {*TORCH_GAINS, "leaky_relu"}
