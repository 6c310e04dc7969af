"""The SVG writer: what lies where, how numbers are written, what is escaped."""

from __future__ import annotations

import base64
import io
import itertools
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from initspec.display import svg

SVG = "{http://www.w3.org/2000/svg}"


def _parse(*body):
    return ElementTree.fromstring(svg.svg(100, 50, "label", body))


@given(
    st.floats(-1e9, 1e9),
    st.floats(1e-9, 1e9),
    st.integers(2, 12),
)
def test_ticks_are_round_numbers(low, width, most):
    """They lie between the ends, are evenly spaced, and their words are those numbers."""
    high = low + width
    if width < 1e-9 * max(abs(low), abs(high)):
        return  # float64 has no round numbers there
    labels = svg.ticks(low, high, most)
    values = np.array(list(labels))
    assert len(values) <= most
    step = np.diff(values)
    if len(values) > 1:
        assert step == pytest.approx(step[0], rel=1e-4)
        assert round(step[0] / 10 ** np.floor(np.log10(step[0] * (1 + 1e-6)))) in (1, 2, 5)
    assert (values >= low - 1e-6 * width).all()
    assert (values <= high + 1e-6 * width).all()
    assert len(set(labels.values())) == len(labels)
    for value, words in labels.items():
        assert float(words) == pytest.approx(value, abs=1e-4 * width)


@given(st.floats(-1e3, 1e3), st.floats(0.01, 1e3), st.integers(4, 12))
def test_ticks_are_not_few(low, width, most):
    """At least a third of those allowed: the steps are 1, 2 and 5."""
    assert len(svg.ticks(low, low + width, most)) >= most / 3


def test_ticks_as_they_are_written():
    """As few digits as the step has; powers of ten where zeros would be many."""
    assert list(svg.ticks(-1, 1, 5).values()) == ["-1.0", "-0.5", "0", "0.5", "1.0"]
    assert list(svg.ticks(0, 2e-7, 3).values()) == ["0", "1e-7", "2e-7"]
    assert list(svg.ticks(2.9e6, 3.1e6, 3).values()) == ["2.9e6", "3.0e6", "3.1e6"]
    assert list(svg.ticks(0.2, 2.3, 9, whole=True).values()) == ["1", "2"]


def test_scale():
    """The ends lie at the ends; the geometric mean is in the middle of a logarithmic scale."""
    linear, log = svg.Scale(2, 4, 100, 0), svg.Scale(1, 100, 0, 10, log=True)
    assert [linear(2), linear(3), linear(4)] == [100, 50, 0]
    assert [log(1), log(10), log(100)] == pytest.approx([0, 5, 10])
    assert svg.points(linear, log, [(3, 10)]) == [pytest.approx((50, 5))]


def test_bars_stand_on_the_axis():
    """The outline goes up at each edge, and comes down to the low end of the scale."""
    x, y = svg.Scale(0, 2, 0, 20), svg.Scale(0, 1, 100, 0)
    assert svg.bars(x, y, [0, 1, 2], [0.5, 1]) == [
        *((0, 100), (0, 50), (10, 50)),
        *((10, 0), (20, 0), (20, 100)),
    ]


def test_axis_has_its_ticks_where_the_values_lie():
    """Each tick has its words under it, the unit in the middle."""
    root = _parse(*svg.axis(svg.Scale(0, 4, 10, 90), 20, "seconds", {1: "one", 3: "three"}))
    assert [float(line.get("x1")) for line in root.findall(f"{SVG}line")] == [10, 30, 70]
    words = {text.text: float(text.get("x")) for text in root.findall(f"{SVG}text")}
    assert words == {"one": 30, "three": 70, "seconds": 50}
    root = _parse(*svg.side_axis(svg.Scale(0, 4, 40, 0), 10, {1: "one"}, across=90))
    (line,) = root.findall(f"{SVG}line")
    assert (line.get("y1"), line.get("x2"), line.get("stroke-opacity")) == ("30", "90", "0.2")


@pytest.mark.parametrize("reach", [1, 0.024, 3.3e-7, 24_000])
@pytest.mark.parametrize("width", [134, 330])
def test_words_of_an_axis_have_room(reach, width):
    """Long numbers are fewer; at least two are there."""
    root = _parse(*svg.axis(svg.Scale(-reach, reach, 0, width), 20))
    words = [(float(t.get("x")), len(t.text)) for t in root.findall(f"{SVG}text")]
    assert len(words) >= 2
    for (x, length), (after, other) in itertools.pairwise(words):
        assert after - x > 7.3 * (length + other) / 2


def test_legend_shows_each_look():
    """An area is a rectangle, a line a line with its dashes; rows or columns."""
    entries = [(svg.fill("blue", 0.5), "area"), (svg.stroke("green", 2, "4 3"), "line")]
    root = _parse(*svg.legend(5, 10, entries))
    assert root.find(f"{SVG}rect").get("fill") == "var(--is-blue,#0072B2)"
    assert root.find(f"{SVG}line").get("stroke-dasharray") == "4 3"
    texts = root.findall(f"{SVG}text")
    assert [(t.text, t.get("x"), t.get("y")) for t in texts] == [
        ("area", "37", "14"),
        ("line", "37", "33"),
    ]
    texts = _parse(*svg.legend(5, 10, entries, across=60)).findall(f"{SVG}text")
    assert [(t.get("x"), t.get("y")) for t in texts] == [("37", "14"), ("97", "14")]


def test_curves_differ_in_colour_and_dashes():
    """Of each colour there is a curve, and no two have the same dashes."""
    looks = [svg.curve(name) for name in svg.PALETTE]
    assert len({look["stroke"] for look in looks}) == len(looks)
    assert len({look.get("stroke-dasharray") for look in looks}) == len(looks)


def test_words_and_labels_are_escaped():
    """Nothing that is written becomes markup."""
    evil = "<script>alert(1)</script>&\"'"
    picture = svg.svg(10, 10, evil, [svg.text(0, 0, evil)])
    root = ElementTree.fromstring(picture)
    assert "<script" not in picture
    assert root.get("aria-label") == root.find(f"{SVG}text").text == evil


def test_numbers_are_short():
    """One decimal for places, none where it is 0, and no minus before a zero."""
    corners = [(0.04, -0.04), (1.06, 20.0)]
    assert 'points="0,0 1.1,20"' in svg.path(corners, svg.stroke())
    assert 'd="M1 2h3v4h-3z"' in svg.boxes([(1, 2, 3, 4)], svg.fill())


def test_image_holds_its_pixels():
    """matplotlib's reader finds the same colours."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 4), np.uint8)
    root = _parse(svg.image(1, 2, 30, 40, pixels))
    kind, _, data = root.find(f"{SVG}image").get("href").partition(",")
    assert kind == "data:image/png;base64"
    found = imread(io.BytesIO(base64.b64decode(data)), "png")
    np.testing.assert_array_equal(np.round(found * 255), pixels)
    with pytest.raises(ValueError, match=r"float64 \(2, 2\): take uint8 \[rows, columns, 4\]"):
        svg.image(0, 0, 1, 1, np.zeros((2, 2)))
