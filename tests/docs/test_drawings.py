"""The drawings of the axes page are those that its script makes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCRIPT = runpy.run_path(str(DOCS / "scripts" / "axes_drawings.py"))


def test_drawings_are_up_to_date():
    """Running the script changes nothing."""
    for path, text in SCRIPT["files"]().items():
        assert path.read_text("utf-8") == text, "run python docs/scripts/axes_drawings.py"


@pytest.mark.parametrize("name", SCRIPT["ROWS"])
def test_page_shows_the_row(name):
    """The page has the drawing, under the line that is drawn."""
    page = (DOCS / "axes.md").read_text("utf-8")
    before, found, _ = page.partition(f"assets/axes/{name}.svg")
    assert found
    assert f"`{SCRIPT['ROWS'][name][0]}`" in before[-160:]
