"""The pictures of the teaching page: drawn from the numbers, and the numbers measured again."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from docs.measured.files import DOCS, ROOT, load
from docs.measured.propagation.measure import CASES, SWEEPS, histograms, sweeps
from docs.measured.propagation.pictures import PATH, WORDS, files

COMMITTED = load(PATH)
PAGES = {
    "en": DOCS / "initialization.md",
    "ko": DOCS / "ko" / "initialization.md",
}


def test_pictures_are_those_of_the_numbers():
    """`python -m docs.measured.propagation --page` changes nothing, and no picture is left over."""
    found = files(COMMITTED)
    for path, text in found.items():
        assert path.read_text("utf-8") == text, f"{path.relative_to(ROOT)}: draw it again"
    assert set(next(iter(found)).parent.iterdir()) == set(found)


def test_histograms_are_measured_again():
    """The portable seed gives the same numbers everywhere, but for the rounding of a product."""
    again = histograms()
    assert set(again) == set(CASES)
    for name, case in again.items():
        committed = COMMITTED["histograms"][name]
        assert case["verdict"].partition(":")[0] == committed["verdict"].partition(":")[0]
        for found, known in zip(case["layers"], committed["layers"], strict=True):
            for key in ("low", "high", "std", "saturated", "gradient", "spread"):
                assert found[key] == pytest.approx(known[key], rel=2e-3, abs=1e-6)
            np.testing.assert_allclose(found["shares"], known["shares"], atol=2e-3)


def test_sweeps_are_measured_again():
    """Within 0.02 of a factor of ten: a chaotic network turns rounding into more than rounding."""
    again = sweeps()
    assert set(again) == set(SWEEPS)
    for name, found in again.items():
        known = COMMITTED["sweeps"][name]
        assert found["edge"] == known["edge"]
        np.testing.assert_allclose(found["log10"], known["log10"], atol=0.02)


def test_sweeps_show_the_edge():
    """Left of the edge the deep end vanishes, right of it it explodes."""
    for name in SWEEPS:
        sweep = COMMITTED["sweeps"][name]
        deep = np.array(sweep["log10"])[:, -1]
        sigma = np.array(sweep["sigma"])
        assert (deep[sigma < 0.7 * sweep["edge"]] < -2).all()
        assert (deep[sigma > 1.6 * sweep["edge"]] > 0.3).all()


@pytest.mark.parametrize("language", WORDS)
def test_pictures_are_well_formed_and_labelled(language):
    """XML with a label, text of at least 13 units of 420, in colours that follow the theme."""
    own = [
        t for p, t in files(COMMITTED).items() if p.name.endswith(".ko.svg") == (language == "ko")
    ]
    assert len(own) == len(CASES) + len(SWEEPS) + 1
    for text in own:
        root = ElementTree.fromstring(text)
        assert root.get("aria-label")
        assert "var(--is-" in text
        assert min(int(size) for size in re.findall(r'font-size="(\d+)"', text)) >= 13


@pytest.mark.parametrize("language", PAGES)
def test_every_picture_is_on_the_page(language):
    """The English page shows each English picture, the Korean page each Korean one."""
    page = PAGES[language].read_text("utf-8")
    shown = set(re.findall(r'--8<-- "(docs/assets/propagation/[\w.-]+)"', page))
    own = {
        path.relative_to(ROOT).as_posix()
        for path in files(COMMITTED)
        if path.name.endswith(".ko.svg") == (language == "ko")
    }
    assert shown == own


def test_pages_have_the_same_sections():
    """Both languages have the same anchors, in the same order, and the same formulas."""
    pages = [path.read_text("utf-8") for path in PAGES.values()]
    anchors = [re.findall(r"\{#(\w+)\}", page) for page in pages]
    assert anchors[0] == anchors[1]
    formulas = [re.findall(r"\\\[(.*?)\\\]", page, re.S) for page in pages]
    assert formulas[0] == formulas[1]


def test_table_of_gains_is_computed():
    """The numbers in the page's table are those of `gain`."""
    from initspec import gain
    from initspec.activations import NAMES

    page = PAGES["en"].read_text("utf-8").partition("{#gains}")[2]
    numbers = set(re.findall(r"\b\d\.\d{8}\b", page))
    expected = {f"{gain(name):.8f}" for name in NAMES if name not in ("leaky_relu", "prelu")}
    expected |= {f"{gain('gelu', approximate='tanh'):.8f}"}
    assert numbers == {number for number in expected if number != "1.00000000"}
    assert Path(PAGES["ko"]).exists()
