"""The site in a real browser: no error, nothing fetched, nothing too wide, answers found."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(str(p.relative_to(DOCS).with_suffix(".html")) for p in DOCS.glob("**/*.md"))


_CUT = """[...document.querySelectorAll("pre > code")]
    .filter(code => code.scrollWidth > code.clientWidth)
    .map(code => code.textContent.split("\\n").sort((a, b) => b.length - a.length)[0])"""
"""The longest line of each block of code that is wider than its box."""


@pytest.fixture(
    scope="module", params=[(360, "dark"), (1400, "light")], ids=["360-dark", "1400-light"]
)
def window(request, browser):
    """A browser window of one width in one colour scheme."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    yield context, width, scheme
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_is_sound(window, site, name):
    """No console message of weight, no request beyond the site, nothing too wide or cut."""
    context, width, scheme = window
    page = context.new_page()
    said, fetched = [], []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: fetched.append(request.url))
    page.on("response", lambda r: said.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.goto(f"{site}/{name}", wait_until="load")
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    cut = page.evaluate(_CUT)
    shown = page.evaluate("document.body.getAttribute('data-md-color-scheme')")
    page.close()
    assert said == []
    assert [url for url in fetched if not url.startswith((site, "data:", "blob:"))] == []
    assert overflow <= 0, f"{overflow} px wider than {width}"
    assert width < 1400 or cut == []  # a phone scrolls code in its own box
    assert shown == {"light": "default", "dark": "slate"}[scheme]


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("depthwise", "axes.html"),
        ("truncated normal", "spec.html"),
        ("attention", "axes.html"),
        ("translate", "translate.html"),
        ("bfloat16 bias", "disagreements.html"),
        ("keras he_normal", "spec.html"),
        ("kaiming_uniform_", "translate.html"),
    ],
)
def test_search_finds(browser, site, query, page):
    """The page that answers is among the first three that the search field shows.

    The query comes in at once, as from the clipboard: the theme searches anew for every key, and
    shows what the first letters found until the last search is through, which may take long where
    many processes share a machine.
    """
    window = browser.new_page(viewport={"width": 1400, "height": 800})
    window.goto(site)
    window.fill("input.md-search__input", query)
    window.press("input.md-search__input", "End")  # a key, for which the theme listens
    window.wait_for_selector(".md-search-result__item", state="attached", timeout=60_000)
    found = window.eval_on_selector_all(
        ".md-search-result__item", "items => items.map(item => item.querySelector('a').href)"
    )
    window.close()
    shown = [urlsplit(address).path.strip("/") for address in found]
    assert page in shown[:3], shown


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "Which line of PyTorch equals my Keras",
            "InitSpec.he_truncated_normal().to_torch()(weight)",
        ),
        ("What is the fan of my depthwise kernel", "3 * 3 = 9, for fan_in and fan_out alike"),
        ("Why is my bfloat16 JAX weight biased", "its mean is half a cell too low"),
    ],
)
def test_question_on_the_home_page_leads_to_its_answer(browser, site, question, answer):
    """One click on the home page's question, and the answer is within two screens."""
    window = browser.new_page(viewport={"width": 1400, "height": 800}, reduced_motion="reduce")
    window.goto(site)
    window.click(f"a:has-text('{question}')")
    window.wait_for_load_state("load")
    tag = "code" if "(" in answer else "p"
    offset = window.locator(tag, has_text=answer).first.bounding_box(timeout=10_000)["y"]
    window.close()
    assert -100 < offset < 1600


def test_theme_toggle_changes_the_charts(browser, site):
    """The toggle turns the page dark, and the colour of a chart's lines with it."""
    window = browser.new_page(viewport={"width": 1400, "height": 800}, color_scheme="light")
    window.goto(f"{site}/disagreements.html")
    colour = "getComputedStyle(document.querySelector('figure > svg polyline')).stroke"
    before = window.evaluate(colour)
    window.click("label[title='Dark']")
    after = window.evaluate(colour)
    window.close()
    assert before != after


def test_formulas_are_set(site):
    """No TeX is left on the theory page: all of it became MathML."""
    text = urlopen(f"{site}/theory.html").read().decode()
    assert text.count("<math") > 40
    assert not re.search(r"arithmatex|\\frac|\\sqrt|\\mathrm", text)
