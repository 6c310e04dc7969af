"""Where the frameworks disagree: measured again on what is installed, and the page as committed."""

from __future__ import annotations

import re
from functools import cache

import pytest

from docs.measured.disagreements.measure import MEASURED, measure
from docs.measured.disagreements.page import files
from docs.measured.disagreements.results import PATH, of_row
from docs.measured.disagreements.rows import ROWS
from docs.measured.files import DOCS, ROOT, load
from docs.measured.places import PLACES

COMMITTED = load(PATH)
_CASES = [(place, row) for row in ROWS for place in MEASURED if row.id in COMMITTED.get(place, {})]


@cache
def _measured(place):
    return measure(place)


@pytest.mark.parametrize(
    ("framework", "row"), _CASES, ids=lambda x: x if isinstance(x, str) else x.id
)
def test_verdict_holds_here(framework, row):
    """The framework that is installed does what the page says of it."""
    if reason := PLACES[framework].why_not_here():
        pytest.skip(f"{framework}: {reason}")
    assert row.contradictions(framework, _measured(framework)[row.id]) == []


@pytest.mark.parametrize(("place", "row"), _CASES, ids=lambda x: x if isinstance(x, str) else x.id)
def test_verdict_holds_of_the_committed_numbers(place, row):
    """The numbers on the page bear out the claims beside them."""
    assert row.contradictions(place, COMMITTED[place][row.id]) == []


@pytest.mark.parametrize(("place", "row"), _CASES, ids=lambda x: x if isinstance(x, str) else x.id)
def test_verdict_can_fail(place, row):
    """Numbers of a framework that does it right, or otherwise wrong, are not borne out."""
    other = {
        "std": 1.2, "most": 3.0, "distinct": 7, "mean_in_standard_errors": 9.0,
        "counts": [100] * 72, "values": 7200, "fans": [10.0, 10.0], "errors": [0.1] * 4,
        "equal": False, "float16": "works", "bfloat16": "works", "float32": "works", "moved": 0,
        "outside": 0 if place == "keras-torch" else 3,
    }  # fmt: skip
    assert row.contradictions(place, COMMITTED[place][row.id] | other) != []


def test_page_and_pictures_are_those_of_the_numbers():
    """`python -m docs.measured.disagreements --page` changes nothing."""
    for path, text in files(COMMITTED).items():
        assert path.read_text("utf-8") == text, f"{path.relative_to(ROOT)}: run it again"


def test_every_row_is_on_the_page_with_picture_code_and_remedy():
    """A row has numbers, a picture, code that shows it, and the line that is right."""
    page = (DOCS / "disagreements.md").read_text("utf-8")
    for row in ROWS:
        section = page.partition(f"{{#{row.id}}}")[2].partition("\n## ")[0]
        assert of_row(COMMITTED, row.id)
        assert f"assets/disagreements/{row.id}.svg" in section
        assert "```python" in section
        assert "InitSpec." in section.partition("The right line:")[2]


def test_pictures_are_well_formed_and_labelled():
    """Each picture is XML with a label, in colours that follow the theme."""
    from xml.etree import ElementTree

    for path, text in files(COMMITTED).items():
        if path.suffix == ".svg":
            root = ElementTree.fromstring(text)
            assert root.get("aria-label")
            assert "var(--is-" in text
            sizes = [float(size) for size in re.findall(r'font-size="(\d+)"', text)]
            assert min(sizes) >= 13, "readable at half size: 420 units wide"
