"""The HTML report in a real browser: verdict, pictures, filter, keyboard, widths, schemes."""

import re
from dataclasses import replace

import numpy as np
import pytest
from initspec_conformance import Finding, Report, audit_callable, run
from initspec_conformance.reports.html import html_report

from initspec import InitSpec
from initspec.backend import usable
from tests.docs.windows import overflow, sticking_out

CELLS = "*/float32"
NAME = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class FaultyBackend:
    """NumPy's backend, wrong in another way for each family; its name and errors are HTML."""

    name = NAME
    dtypes = ("float32",)
    known_deviations = ()

    def __init__(self):
        self._right = usable("numpy")
        self.compile, self.default_axes = self._right.compile, self._right.default_axes

    def version(self):
        return "<b>1</b> " + "x" * 300

    def why_unusable(self):
        return None

    def draw(self, spec, shape, **how):
        weight = self._right.draw(spec, shape, **how)
        match str(spec).partition("(")[0]:
            case "he_normal":
                return (weight * 1.1).astype(weight.dtype)
            case "orthogonal":
                return (weight + 0.001).astype(weight.dtype)
            case "identity":
                return weight[::-1].copy()
            case "sparse":
                weight = weight.copy()
                weight.flat[::1001] = 0.01
                return weight
            case "lecun_uniform":
                raise ValueError("</script><i>no kernel</i> \udc80\0 " + "y" * 300)
        return weight


@pytest.fixture(scope="module")
def report():
    """A run of a right and a wrong backend over every family."""
    return run(["numpy", FaultyBackend()], level="quick", only=CELLS)


@pytest.fixture(scope="module")
def html(report):
    """The page of that run."""
    return html_report(report)


def shown(page):
    """Return the titles of the rows that can be seen."""
    return [row.text_content() for row in page.locator(".row .title b").all() if row.is_visible()]


def test_verdict_failures_and_every_cell(opened, report, html):
    """The page says what the report says: the verdict, each failure, each cell, each number."""
    page = opened(html)
    count = len(report.failures)
    assert page.locator("h1").inner_text() == f"{count} of {len(report.checks)} checks fail"
    assert page.locator("header.fail").count() == 1
    assert page.locator(".failure .found > div").count() == count
    cells = {(f.backend, f.cell) for f in report.checks}
    assert page.locator(".cell:not(.none)").count() == len(cells)
    failing = {(f.backend, f.cell) for f in report.failures}
    assert page.locator(".cell.fail").count() == page.locator(".failure").count() == len(failing)
    text = page.locator("#failures").evaluate("e => e.textContent")
    for failure in report.failures:
        if "\udc80" not in failure.message:
            assert failure.message in text
        assert failure.reproduce in text
    variance = next(f for f in report.failures if f.check == "variance")
    assert f"would have seen {variance.min_discrepancy:.2g} {variance.unit}" in text
    first, second = (f"{p:.2g}" if p else "< 1e-300" for p in variance.p_values)
    assert f"p = {first}, then {second} over {variance.n:,} samples" in text


def test_pictures_show_what_was_drawn(opened, report, html):
    """Each cell with draws has its picture; bars differ from the law where the draw is wrong."""
    page = opened(html)
    # The cells of lecun_uniform were never drawn, on however many weights it is.
    raised = {f.cell for f in report.failures if "no kernel" in f.message}
    assert raised
    assert page.locator("svg.thumb").count() == len(report.sketches) - len(raised)
    heights = """row => [...document.querySelectorAll(`.row[data-text^="${row}"]`)].slice(0, 1)
        .flatMap(r => [...r.querySelectorAll(".thumb")]).map(t => {
            const drawn = [...t.querySelectorAll("polygon, polyline")];
            const [bars, line] = drawn.map(p => p.getBBox().height);
            return bars / line;
        })"""
    right, wrong = page.evaluate(heights, "he_normal ")
    assert right == pytest.approx(1, abs=0.02)
    assert wrong == pytest.approx(1 / 1.1, abs=0.02)
    captions = page.locator("figcaption").all_text_contents()
    for words in (
        "24 not as the spec fixes them",
        "467 to 468 in",
        "where rounding explains 3.8e-06",
        "First entry of each matrix",
    ):
        assert any(words in caption for caption in captions), words
    page.locator(".failure summary").first.click()
    page.locator(".row summary").first.click()
    # Each `use` finds what it shows again, and shows it.
    lost = "[...document.querySelectorAll('use')].filter(u => !document.querySelector("
    assert page.evaluate(lost + "u.getAttribute('href'))).length") == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(set(ids)) == len(ids)
    size = page.locator(".row[open] figure use").first.bounding_box()
    assert size["width"] > 100
    assert size["height"] > 50


def test_filter(opened, report, html):
    """By text over spec, weight, dtype and check; by backend; only failures; all at once."""
    page = opened(html)
    everything = shown(page)
    text, output = page.get_by_role("searchbox"), page.locator("output")
    named = [title for title in everything if "identity" in title]
    assert 2 <= len(named) < len(everything)
    text.fill("identity")
    assert shown(page) == named
    assert output.inner_text() == f"{len(named)} rows"
    assert page.locator(".failure:visible").count() == len(named)
    text.fill("ZEROS linear")
    assert {title.partition("(")[0] for title in shown(page)} == {"sparse"}
    text.fill("")
    page.get_by_label("only failures").check()
    failing = shown(page)
    assert len(failing) == len({f.cell for f in report.failures})
    assert len(failing) < len(everything)
    page.get_by_role("combobox").select_option("numpy")
    assert shown(page) == []
    assert page.get_by_text("No row matches the filter.").is_visible()
    assert page.locator(".failure:visible").count() == 0
    page.get_by_label("only failures").uncheck()
    assert shown(page) == everything
    assert page.locator(".cell:visible").count() == len(everything)
    assert page.locator(".cell.fail:visible").count() == 0


def test_keyboard(opened, html):
    """Tab reaches the rows, Enter opens one, a check's name leads to what it asserts."""
    page = opened(html)
    page.get_by_role("searchbox").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.row > summary')")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    row = page.locator(".row").first
    assert row.get_attribute("open") is not None
    assert row.locator("table.checks").first.is_visible()
    page.keyboard.press("Tab")
    name = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    entry = page.locator(f"#check-{name}")
    entry.wait_for(state="visible")
    assert page.locator("#glossary").get_attribute("open") is not None


def test_the_bar_hides_no_focus(opened, html):
    """Shift+Tab upwards: what has the focus is below the bar, however high its names make it."""
    page = opened(html.replace("numpy", "a_long_name_of_a_backend_" * 4))
    rows = page.locator(".row > summary:visible")
    rows.nth(24).focus()
    hidden = """() => document.activeElement.getBoundingClientRect().top <
        document.querySelector('.bar').getBoundingClientRect().bottom"""
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.matches('.row > summary')")
        assert not page.evaluate(hidden)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_overflows(opened, html, width, scheme):
    """All opened, on a phone and on a desk, light and dark; names and messages are long."""
    page = opened(html, width, scheme)
    assert overflow(page) <= 0
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_function("document.querySelector('.row figure use').getBBox().width > 0")
    assert overflow(page) <= 0
    assert sticking_out(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(opened, html, scheme):
    """Text has a contrast of 4.5 to the page, and what is drawn one of 1.5 at least."""
    page = opened(html, 1400, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    colour = "getComputedStyle(document.querySelector('{}')).{}"
    card = page.evaluate(colour.format(".row[open]", "backgroundColor"))
    for place in (".row b", ".tally", ".cell.fail .tally", ".numbers", "figcaption", ".checks a"):
        assert contrast(page.evaluate(colour.format(place, "color")), card) >= 4.5, place
    for place in (".cell.pass .thumb polygon", ".cell.fail .thumb polygon"):
        assert contrast(page.evaluate(colour.format(place, "fill")), card) >= 1.5, place
    line = colour.format(".thumb polyline", "stroke")
    assert contrast(page.evaluate(line), card) >= 7
    hint = "getComputedStyle(document.querySelector('input[type=search]'), '::placeholder').color"
    assert contrast(page.evaluate(hint), card) >= 4.5
    for control in ("input[type=search]", "select", ".copy"):
        edge = page.evaluate(colour.format(control, "borderTopColor"))
        assert contrast(edge, card) >= 3, control


def contrast(one, other):
    """Return the contrast of two colours: WCAG 2.2, relative luminance."""

    def luminance(text):
        share = np.array([int(number) for number in re.findall(r"\d+", text)[:3]]) / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_copy(opened, report, html):
    """The button copies the snippet that repeats the failure."""
    page = opened(html)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".failure .copy").first.click()
    page.get_by_text("Copied").wait_for()
    snippet = page.locator(".failure code").first.inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == snippet
    assert snippet in {failure.reproduce for failure in report.failures}


def test_names_are_escaped(opened, html):
    """A backend that calls itself a script is shown by that name, and nothing of it runs."""
    assert NAME not in html
    assert html.count("<script") == 1
    page = opened(html)
    assert page.locator(".backends b").all_inner_texts() == ["numpy", NAME]
    assert page.locator("img, i:not(.glossary i)").count() == 0
    assert "\ufffd" in html  # a NUL; half a surrogate pair is a question mark


def test_policy_stops_a_script(html, browser, tmp_path):
    """The page's policy lets nothing run that is not its own, were it not escaped."""
    forged = html.replace("</main>", "<script>window.ran = true</script></main>")
    file = tmp_path / "forged.html"
    file.write_text(forged, "utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.evaluate("window.ran") is None
    assert page.locator(".filter").is_visible()  # its own does run
    page.close()


def test_interrupted(opened, report):
    """A stopped run says so first, even where all that was found passes."""
    right = tuple(f for f in report.checks if f.backend == "numpy")[:40]
    page = opened(html_report(replace(report, checks=right, interrupted=True)))
    assert "Interrupted" in page.locator("h1").inner_text()
    assert page.locator("header.fail").count() == 1
    assert page.get_by_text("A run that was stopped has not passed").is_visible()
    assert page.locator("#failures").count() == 0


def test_a_right_run(opened, report):
    """A run without failures, of one backend, has no list of them and one column."""
    right = tuple(f for f in report.checks if f.backend == "numpy")
    page = opened(html_report(replace(report, checks=right, versions={"numpy": "2"})), 360)
    assert page.locator("h1").inner_text() == "The backend matches"
    assert page.locator("header.pass").count() == 1
    assert page.locator("#failures").count() == 0
    assert overflow(page) <= 0


def test_three_backends_fit_on_a_phone(opened, report):
    """No column of the properties is out of sight, where a phone shows no scroll bar."""
    right = [f for f in report.checks if f.backend == "numpy"]
    names = ("numpy", "torch", "jax")
    checks = tuple(replace(f, backend=name) for name in names for f in right)
    page = opened(html_report(Report(checks, "quick", 0, 1, dict.fromkeys(names, "1"))), 360)
    assert page.locator(".summary th").count() > 3
    assert (
        page.evaluate("(e => e.scrollWidth - e.clientWidth)(document.querySelector('.wide'))") <= 0
    )


def test_without_pictures_and_without_checks(opened, report):
    """No pictures, no cells at all, and a callable without a name: the page is still whole."""
    page = opened(html_report(replace(report, sketches={})))
    assert page.locator("svg").count() == 0
    assert page.locator(".cell:not(.none)").count() == len(
        {(f.backend, f.cell) for f in report.checks}
    )
    page = opened(html_report(Report((), "quick", 0, 0)))
    assert page.locator("h1").inner_text() == "Nothing was checked"
    assert page.get_by_text("This run has no cells.").is_visible()

    def draw(shape, dtype, seed):
        return np.zeros(shape, dtype)

    audit = audit_callable(draw, InitSpec.he_normal(), (512, 520), level="quick")
    page = opened(html_report(audit))
    assert "checks fail" in page.locator("h1").inner_text()
    assert page.locator(".backends b").inner_text() == "the callable"


def test_known_deviations_are_told_apart(opened):
    """A declared failure is neither a pass nor a failure, and has its reason."""
    found = Finding(
        check="mean",
        message="mean 1",
        statistic=9.0,
        p_values=(1e-20, 1e-30),
        n=100,
        min_discrepancy=0.1,
        reproduce="run()",
        passed=False,
        unit="sigma",
        backend="mine",
        cell="he_normal/w 2x3/float32",
        deviation="it rounds, https://example.org/issue/1",
    )
    page = opened(html_report(Report((found,), "quick", 7, 1, {"mine": "1"})))
    assert page.locator("h1").inner_text() == "The backend matches"
    assert page.locator(".cell.known").count() == 1
    assert page.get_by_text("fresh; seed=7 repeats them").is_visible()
    page.locator(".row summary").click()
    assert page.get_by_text("known deviation: it rounds").is_visible()


def test_a_report_is_small(report, html):
    """Below 12 kB a cell: the default level, 123 cells each of four backends, stays below 6 MB."""
    cells = {(f.backend, f.cell or f.check) for f in report.checks}
    assert len(cells) > 100
    assert len(html.encode()) < 12_000 * len(cells)
