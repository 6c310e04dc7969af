"""What a notebook shows: well-formed, escaped, and with the right numbers in it."""

from __future__ import annotations

import dataclasses
import io
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from initspec import Axes, InitSpec, Sparse
from initspec.cli.pages.compare import show
from initspec.compare.comparison import Row, compare
from initspec.display.comparison import COLUMNS, LEGEND, heading, notes, rows
from initspec.display.drawing import draw_axes, draw_density

SPECS = [
    InitSpec.he_normal(),
    InitSpec.he_truncated_normal(mode="fan_geo_avg"),
    InitSpec.glorot_uniform(),
    InitSpec.uniform(-0.1, 0.3),
    InitSpec.truncated_normal(0.02, mean=1.0, lower=-1, upper=3, corrected=False),
    InitSpec.normal(1e-20, mean=3e5),
    InitSpec.sparse(0.9),
    InitSpec(Sparse(0.5), "he"),
    InitSpec.orthogonal(),
    InitSpec.dirac(),
    InitSpec.constant(0.5),
]


def _parse(html):
    return ElementTree.fromstring(html)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_spec_shows_its_line(spec):
    """The representation is well-formed and starts with the canonical line."""
    assert _parse(spec._repr_html_()).find(".//code").text == str(spec)


def test_unequal_members_are_drawn_by_size():
    """A box and a label for each size, and the fans of each, alone and with a shape."""
    axes = Axes("(stack out=128+32+32) in")
    for text in (axes._repr_html_(), draw_axes(axes, (192, 64))):
        svg = _parse(text)
        texts = [node.text for node in svg.iter("{http://www.w3.org/2000/svg}text")]
        assert texts[1:4] == ["out 128", "out 32", "out 32"]
    assert "fan_out = 128, 32" in texts
    assert "3 of them" in texts
    assert "192" in texts


def test_density_is_drawn_where_there_is_one():
    """Families of independent entries have a drawing, the others none."""
    for spec in SPECS:
        drawn = _parse(spec._repr_html_()).find(".//{http://www.w3.org/2000/svg}svg") is not None
        assert drawn == (spec.variance is not None)


@pytest.mark.parametrize(
    ("line", "drawn"),
    [
        ("log_uniform(low=0.001, high=0.1)", True),
        ("uniform(low=1.0, high=16.0, through=log)", True),
        ("InitSpec(mapped(normal, exp), he)", False),  # its shape depends on sigma
        ("uniform(low=1e9, high=1000000100.0, through=log)", False),
        ("repeat(of=uniform(low=1e9, high=1000000100.0, through=log), times=2)", False),
    ],
)
def test_density_through_a_function(line, drawn):
    """A picture of the weights, where one has the units of the weight."""
    assert ("<svg" in InitSpec.parse(line)._repr_html_()) == drawn


def test_density_is_that_of_scipy():
    """The curve of a truncated normal has the heights that scipy's density has."""
    spec = InitSpec.truncated_normal(1.0, lower=-1.0, upper=2.0, corrected=False)
    text = draw_density(spec.law(), "weight")
    points = re.search(r'<polyline points="([^"]*)"', text)[1].split()
    x, y = np.array([[float(v) for v in point.split(",")] for point in points]).T
    law = spec.law()
    low, high = law.low - 0.4 * law.std, law.high + 0.4 * law.std
    where = low + (x - 6) / (340 - 12) * (high - low)
    height = (116 - y) / (116 - 12)
    expected = stats.truncnorm(-1, 2).pdf(where)
    middle = (where > -0.95) & (where < 1.95)  # x is rounded to a tenth: not at the cuts
    assert middle.sum() > 300
    assert np.allclose(height[middle], expected[middle] / expected.max(), atol=0.02)
    assert height[where < -1.05].max() == 0


@pytest.mark.parametrize(
    "line", ["out in", "(stack=4 out) in kernel kernel", "out [in=512]", "kernel... in out"]
)
def test_axes_without_a_shape(line):
    """Every role of the line is written in its drawing."""
    root = _parse(Axes(line)._repr_html_())
    assert root.find(".//code").text == line
    words = " ".join(root.itertext())
    assert all(role in words for role in re.findall("in|out|kernel|stack", line))


def test_axes_drawing_of_every_weight(weight):
    """The drawing holds the sizes of the shape and the fans that were typed by hand."""
    root = _parse(draw_axes(Axes(weight.axes), weight.shape))
    words = " ".join(root.itertext())
    assert f"fan_in = {weight.fans[0]}" in words
    assert f"fan_out = {weight.fans[1]}" in words
    assert all(str(size) in words.split() for size in weight.shape)


def test_comparison_is_a_table_with_verdicts():
    """A comparison shows a row for the law and one for each backend."""
    root = _parse(compare(InitSpec.he_normal(), (64, 32), backends=["numpy"])._repr_html_())
    table = [[cell.text for cell in row] for row in root.findall(".//tbody/tr")]
    assert [row[0] for row in table] == ["expected", "numpy"]
    assert table[1][8] == "agrees"


@pytest.mark.parametrize("seed", [None, 3])
def test_terminal_and_notebook_show_the_same_comparison(seed):
    """The same words in the same cells; the legend stands under both tables."""
    result = compare(InitSpec.orthogonal(), (64, 32), backends=["numpy"], seed=seed)
    root = _parse(result._repr_html_())
    table = [[cell.text or "" for cell in row] for row in root.findall(".//tr")]
    assert [tuple(row[: len(COLUMNS)]) for row in table] == [COLUMNS, *rows(result)]
    assert table[0][len(COLUMNS) :] == ([] if seed is None else ["sha256"])
    assert table[-1][len(COLUMNS) :] == ([] if seed is None else [result.rows[0].sha256[:12]])
    console = Console(file=io.StringIO(), width=120)
    show(result, console)
    terminal = console.file.getvalue()
    for row in table:
        words = [word for word in row[: len(COLUMNS)] if word]
        assert any(line.split() == words for line in terminal.splitlines()), words
    words = " ".join(root.itertext())
    for sentence in (LEGEND, *heading(result), *notes(result)):
        assert sentence in words
        assert sentence in terminal


def test_whatever_a_stranger_says_is_escaped():
    """Names, versions and reasons of a stranger's backend cannot become markup."""
    evil = "<script>alert(1)</script>&\"'"
    row = Row(evil, evil, evil, 1, math.nan, 0.0, 0.0, 0.0, None, False, (evil,), evil)
    result = compare(InitSpec.he_normal(), (4, 4), backends=["numpy"])
    result = dataclasses.replace(
        result,
        spec=evil,
        axes=evil,
        dtype=evil,
        seed=3,
        name=evil,
        rows=(row,),
        left_out={evil: evil},
    )
    html = result._repr_html_()
    _parse(html)
    assert "<script" not in html
