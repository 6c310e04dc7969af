"""The page of a model's audit in a real browser: findings, rows, pictures, widths, schemes."""

import re

import pytest
from initspec_conformance import audit_model

from tests.audited import NAME, RECIPE, fake_framework, faulty
from tests.docs.windows import overflow, sticking_out


@pytest.fixture(scope="module")
def audit():
    """The audit of a model with faults, whose names are HTML."""
    with fake_framework():
        return audit_model(faulty(), RECIPE)


@pytest.fixture(scope="module")
def html(audit):
    """Its page."""
    return audit.to_html()


def test_findings_lead_to_their_rows(opened, audit, html):
    """The verdict, each finding once, the gravest first; its row opens, with the picture."""
    page = opened(html)
    assert page.locator("h1").inner_text() == f"{len(audit.findings)} findings"
    kinds = page.locator(".failure .which").all_inner_texts()
    assert kinds[0] == "not finite"
    assert {finding.kind for finding in audit.findings} == set(kinds)
    card = page.locator(".failure", has_text="h.{0..2}.proj.weight x 3")
    assert "the residual scaling 1/sqrt(2 * 3) is missing" in card.text_content()
    card.evaluate("card => card.open = true")
    card.locator("figure use").wait_for(state="visible")
    card.get_by_text("Its row").click()
    row = page.locator(".row[open]")
    assert row.locator("b").first.inner_text() == "h.{0..2}.proj.weight x 3"
    assert row.locator("figure").count() == 2
    assert row.locator("tr.fail").first.is_visible()
    # The scaled weight is wider than its law, whose line is then the higher of the two.
    bars, line = row.locator(".thumb").evaluate(
        "t => [...t.querySelectorAll('polygon, polyline')].map(p => p.getBBox().height)"
    )
    assert bars / line == pytest.approx(6**-0.5, abs=0.1)


def test_filter(opened, html):
    """By path, also of one block of a row, by kind, and failures alone; findings follow."""
    page = opened(html)
    text, rows = page.get_by_role("searchbox"), page.locator(".row:visible")
    everything = rows.count()
    text.fill("h.1.proj.weight")
    assert rows.count() == 1
    text.fill("value")
    assert page.locator(".failure:visible .which").all_inner_texts() == ["value"]
    text.fill("")
    page.get_by_label("only failures").check()
    assert 0 < rows.count() < everything


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_overflows(opened, html, width, scheme):
    """All opened, on a phone and on a desk, light and dark; names are long, and only text."""
    page = opened(html, width, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_function("document.querySelector('.row figure use').getBBox().width > 0")
    assert overflow(page) <= 0
    assert sticking_out(page) == []
    assert page.locator("img").count() == 0
    shown = re.sub(r"[\x1b\n]", "\ufffd", NAME)
    assert f"{shown}.weight" in page.locator("#grid").text_content()
