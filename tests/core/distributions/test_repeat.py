"""Repeated families: which can be, and which mean the same."""

import pytest

from initspec import InitSpec
from initspec.distributions import FAMILIES
from initspec.errors import SpecError

COMPUTED = {
    "ramp": InitSpec.ramp(0.0, 1.0, along="in"),
    "sinusoidal": InitSpec.sinusoidal(),
    "rotary": InitSpec.rotary(),
    "hippo_legs": InitSpec.hippo_legs(matrix="B"),
}


@pytest.mark.parametrize("name", [name for name, kind in FAMILIES.items() if kind.computed])
@pytest.mark.parametrize("along", ["out", "stack"])
def test_computed_entries_are_not_repeated(name, along):
    """Their places would be those of another weight: refused when the spec is made."""
    with pytest.raises(SpecError, match=r"computed from their places.*leave the repeat out"):
        InitSpec.repeat(COMPUTED[name], 2, along=along)


def test_order_where_all_are_equal():
    """There is one order then: specs that draw the same bits are equal."""
    he = InitSpec.he_normal()
    assert InitSpec.repeat(he, order="tiled") == InitSpec.repeat(he)
    assert InitSpec.parse("repeat(of=he_normal, order=tiled)") == InitSpec.repeat(he)
    assert InitSpec.repeat(he, 2, order="tiled") != InitSpec.repeat(he, 2)
    with pytest.raises(SpecError, match="order"):
        InitSpec.repeat(he, order="tile")
