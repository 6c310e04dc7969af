"""The committed comparison of `calibrate`: the tables, and what the page says of the numbers."""

from __future__ import annotations

import pytest

from docs.measured.calibration.page import OURS, PATH, files, near
from docs.measured.files import load

NETS = load(PATH)["nets"]


@pytest.mark.parametrize("page", files(load(PATH)), ids=lambda page: page.parts[-3])
def test_tables_are_those_of_the_numbers(page) -> None:
    """In English and in Korean."""
    assert page.read_text("utf-8") == files(load(PATH))[page]


@pytest.mark.parametrize("net", NETS)
def test_what_the_page_says(net: str) -> None:
    """All layers are within the tolerance, in less time than passes for each layer take."""
    rows = NETS[net]
    assert near(rows[OURS]["variances"]) == len(rows[OURS]["variances"])
    assert rows[OURS]["ratio"] == 1
    assert rows["AnyInit, empirical"]["ratio"] > 1
    assert rows["`lsuv`"]["ratio"] > (0.8 if "linear" in net else 2)
