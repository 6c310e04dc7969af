"""That docs/translate.md has the lines that `translate` writes."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from initspec import Axes, InitSpec
from initspec.translate import NoEqualError, meanings, translate
from tests.vocabularies import OWN

DOCS = Path(__file__).resolve().parents[3] / "docs" / "translate.md"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading of docs/translate.md, code unquoted."""
    text = DOCS.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    assert lines, heading
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]


def test_page_says_the_same_law_everywhere() -> None:
    """Each row of the first table holds what `meanings` writes."""
    for spec, *cells in rows("The same law in each"):
        lines = {line.framework: line.code for line in meanings(InitSpec.parse(spec))}
        expected = [lines[name] or "-" for name in ("torch", "keras", "jax")]
        short = [
            code.replace("torch.nn.init.", "").replace("keras.initializers.", "")
            for code in expected
        ]
        assert cells == [code.replace("jax.nn.initializers.", "") for code in short], spec


@pytest.mark.parametrize("framework", OWN, ids=lambda one: one.name)
def test_page_lists_every_function(framework: object) -> None:
    """Each function of a framework stands in its table, with the spec that `translate` finds."""
    entries = framework.entries  # type: ignore[attr-defined]
    titles = {"torch": "torch.nn.init", "keras": "keras.initializers", "jax": "jax.nn.initializers"}
    listed = rows(titles[framework.name])  # type: ignore[attr-defined]
    told = set()
    for line, spec, *_ in listed:
        for one in line.split("`, `"):
            told.add(one.partition("(")[0])
            if spec == "no equal":
                with pytest.raises(NoEqualError):
                    translate(f"{framework.module}.{one}")  # type: ignore[attr-defined]
            else:
                found = translate(f"{framework.module}.{one}").spec  # type: ignore[attr-defined]
                assert found == InitSpec.parse(spec), one
    assert told == set(entries)


@pytest.mark.parametrize("heading", ["Methods of a tensor", "Libraries beside them"])
def test_page_says_what_other_lines_are(heading: str) -> None:
    """Each line of the tables of methods and libraries is the spec beside it."""
    for lines, spec in rows(heading):
        for line in lines.replace("` and the like", "").split("`, `"):
            if spec == "no equal":
                with pytest.raises(NoEqualError):
                    translate(line)
            else:
                assert translate(line).spec == InitSpec.parse(spec), line


def test_page_lists_every_library() -> None:
    """Each name that is read of a library stands on the page."""
    text = DOCS.read_text("utf-8")
    for words in OWN:
        for library in words.libraries:
            names = [name for name, entry in library.entries.items() if entry.reader is not None]
            assert [name for name in names if f".{name}(" not in text] == []


def test_page_axes_are_readable() -> None:
    """Axes lines that the page shows can be read."""
    for line in re.findall(r'axes="([^"]+)"', DOCS.read_text("utf-8")):
        Axes(line)


def test_scales_of_the_page() -> None:
    """torch's gains, squared, are the scales that the page lists."""
    for name, scale in rows("torch's gains"):
        spec = translate(f"kaiming_normal_(w, nonlinearity={name!r})").spec
        product = Fraction(spec.gain) ** 2 * Fraction(spec.variance.scale)  # type: ignore[union-attr]
        assert float(product) == pytest.approx(float(Fraction(scale)), rel=1e-15)
