"""The pictures of the docs in a real browser: no text is cut, none lies on another."""

from __future__ import annotations

from pathlib import Path

import pytest

ASSETS = Path(__file__).resolve().parents[2] / "docs" / "assets"
PICTURES = sorted(path.relative_to(ASSETS).as_posix() for path in ASSETS.glob("*/*.svg"))

_FLAWS = """() => {
  const flaws = [], svg = document.querySelector("svg"), view = svg.viewBox.baseVal;
  const texts = [...svg.querySelectorAll("text")].map(t => [t.textContent, t.getBBox()]);
  for (const [words, box] of texts)
    if (box.x < 0 || box.x + box.width > view.width || box.y + box.height > view.height)
      flaws.push(`${words}: cut`);
  texts.forEach(([words, a], i) => texts.slice(i + 1).forEach(([others, b]) => {
    const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
    const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
    if (across > 0 && down > 3) flaws.push(`${words}: on ${others}`);
  }));
  return flaws;
}"""


@pytest.fixture(scope="module")
def flaws(browser):
    """Return what is wrong with the text of a picture; line boxes may touch by three units."""
    page = browser.new_page()

    def of(picture: str) -> list[str]:
        page.set_content(picture)
        return page.evaluate(_FLAWS)

    yield of
    page.close()


@pytest.mark.parametrize("name", PICTURES)
def test_text_can_be_read(flaws, name):
    """It lies within the picture, and nothing is written over it."""
    assert flaws((ASSETS / name).read_text("utf-8")) == []


def test_flaws_are_seen(flaws):
    """A word that runs out of the picture is seen, and one on another."""
    picture = '<svg viewBox="0 0 100 50" font-size="13">{}</svg>'
    word = '<text x="{}" y="20">word</text>'
    assert flaws(picture.format(word.format(10) + word.format(60))) == []
    assert flaws(picture.format(word.format(10) + word.format(90))) == ["word: cut"]
    assert flaws(picture.format(word.format(10) + word.format(20))) == ["word: on word"]
