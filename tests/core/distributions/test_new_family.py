"""A family is one file and its line in the registry: one that initspec lacks walks every door."""

import json
import math

import jsonschema
import pytest
from scipy import stats
from typer.testing import CliRunner

from initspec import InitSpec
from initspec.cli.app import app
from initspec.distributions import FAMILIES, base
from initspec.spec import document
from initspec.spec.formula import formula
from initspec.translate import meanings, translate
from tests.new_family import HalfNormal

LINE = "InitSpec(distribution=half_normal, variance=he)"
SHAPE = (512, 256)
LAW = "W ~ s |Z|, Z ~ N(0, 1), independent entries, s = sigma / 0.6028, sigma = sqrt(2 / fan_in)"


@pytest.fixture
def family(monkeypatch):
    """Add the page's line to the registry."""
    monkeypatch.setitem(FAMILIES, "half_normal", HalfNormal)


def test_text_and_documents(family):
    """A spec of it is text, JSON that its schema takes, and reads itself back."""
    spec = InitSpec("half_normal", "he")
    assert str(spec) == LINE
    assert InitSpec.parse(LINE) == spec == InitSpec.from_json(spec.to_json())
    jsonschema.validate(spec.to_dict(), document.schema())
    fixed = InitSpec("half_normal", 2.0, gain=1.5, mode="fan_out")
    assert InitSpec.parse(str(fixed)) == fixed


def test_law(family):
    """Its numbers are SciPy's."""
    spec = InitSpec("half_normal", "he")
    law = spec.law(SHAPE)
    expected = stats.halfnorm(0, math.sqrt(2 / 256) / stats.halfnorm.std())
    assert law.std == pytest.approx(math.sqrt(2 / 256)) == expected.std()
    assert law.mean == pytest.approx(expected.mean())
    assert law.kurtosis == pytest.approx(3 + float(expected.stats("k")))
    x = expected.ppf([0.01, 0.5, 0.99])
    assert law.cdf(x) == pytest.approx([0.01, 0.5, 0.99])


def test_its_own_formula(family):
    """What is printed of it is its own law and paper, nowhere another family's."""
    spec = InitSpec("half_normal", "he")
    assert formula(spec).law == LAW
    assert formula(spec).short == "half-normal of variance 2 / fan_in"
    page = spec._repr_html_()
    assert LAW in page
    assert "<svg" in page
    result = CliRunner().invoke(app, ["explain", LINE, "--shape", "512,256", "--json"])
    assert result.exit_code == 0, result.output
    explained = json.loads(result.stdout)
    assert explained["distribution"] + ", sigma = sqrt(2 / fan_in)" == LAW
    assert explained["paper"] == HalfNormal.paper
    assert all("N(0, " not in text.replace("Z ~ N(0, 1)", "") for text in (page, result.stdout))


def test_lines_of_the_frameworks(family):
    """Each framework has a line for it, or a sentence that names it."""
    lines = meanings(InitSpec("half_normal", "he"), shape=SHAPE)
    assert len(lines) >= 3
    for line in (*lines, *translate(LINE, shape=SHAPE).lines):
        assert line.code is None
        assert any("half_normal" in note or "has no" in note for note in line.notes), line


def test_contrast(family):
    """Beside the line of another family it is told apart by its name."""
    assert HalfNormal().contrast(FAMILIES["normal"]()) == "half normal"


def test_a_family_without_a_formula_prints_none(monkeypatch):
    """No other family's formula stands in for one that is missing."""

    class Bare(base.Elementwise, frozen=True, tag="bare"):
        @property
        def variate(self):
            return FAMILIES["normal"]().variate

    monkeypatch.setitem(FAMILIES, "bare", Bare)
    with pytest.raises(NotImplementedError, match="bare has no formula"):
        formula(InitSpec("bare", "he"))
