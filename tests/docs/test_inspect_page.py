"""The page of an inspection in a real browser: findings, rows, pictures, widths, schemes."""

import numpy as np
import pytest
from initspec_conformance import inspect

from tests.docs.windows import overflow, sticking_out

NAME = "<img src=x onerror=alert(1)>\x1b[31m" + "y" * 200


@pytest.fixture(scope="module")
def html():
    """Blocks of which one is odd, and a name that is HTML."""
    rng = np.random.default_rng(0)
    arrays = {f"h.{i}.fc.weight": rng.normal(0, 0.02, (64, 64)) for i in range(6)}
    arrays["h.3.fc.weight"][:9] = 0
    return inspect(arrays | {f"{NAME}.weight": rng.normal(0, 0.02, (64, 64))}).to_html()


def test_what_is_odd_leads_to_its_row(opened, html):
    """The finding opens the row, which has the pictures and the numbers."""
    page = opened(html)
    assert page.locator(".failure .which").all_inner_texts() == ["zero rows"]
    page.get_by_text("Its row").click()
    row = page.locator(".row[open]")
    assert row.locator("b").first.inner_text() == "h.3.fc.weight"
    row.locator("figure use").first.wait_for(state="visible")
    assert page.locator(".overview polyline").count() == 1
    assert page.locator(".overview svg").bounding_box()["width"] > 300
    page.get_by_role("searchbox").fill("h.5")
    assert page.locator(".row:visible").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_overflows(opened, html, width, scheme):
    """All opened, on a phone and on a desk; names are long, and only text."""
    page = opened(html, width, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert overflow(page) <= 0
    assert sticking_out(page) == []
    assert page.locator("img").count() == 0
