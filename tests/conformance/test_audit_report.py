"""The report of an audit: text, JSON, HTML, and the command that writes them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from initspec_conformance import audit_model
from initspec_conformance.models.findings import KINDS, ModelFinding, ParameterAudit
from initspec_conformance.models.report import ModelAudit
from initspec_conformance.models.rows import MEANINGS, places_of, rows_of
from typer.testing import CliRunner

from initspec import Rule
from initspec.cli.app import app
from initspec.errors import RecipeError, TargetError
from tests.audited import RECIPE, Model, fake_framework, faulty, right

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module", autouse=True)
def framework():
    with fake_framework():
        yield


@pytest.fixture(scope="module")
def audit():
    return audit_model(faulty(), RECIPE)


def test_findings_are_folded_and_the_gravest_is_first(audit):
    """Blocks are one place with their numbers; kinds are in the order of KINDS."""
    places = [(place.path, place.kind) for place in places_of(audit.findings)]
    assert [kind for _, kind in places] == sorted((k for _, k in places), key=KINDS.index)
    assert places[0][1] == "not finite"
    assert ("h.{0..2}.proj.weight x 3", "std") in places
    assert ("h.1.proj.bias", "value") in places
    text = str(audit)
    assert text.startswith(f"FAILED: {len(audit.findings)} findings; ")
    assert "looks like: the residual scaling 1/sqrt(2 * 3) is missing" in text
    # Nothing of a path paints the terminal, or begins a line.
    assert "\x1b" not in text + audit.table()
    assert not any(line.startswith("xxx") for line in (text + audit.table()).splitlines())


def test_rows_are_folded_by_what_they_came_to(audit):
    """A block that differs has a row of its own, with its kinds; each parameter is in one row."""
    rows = {row.path: row for row in rows_of(audit.findings, audit.parameters)}
    assert rows["h.{0..2}.proj.weight x 3"].kinds == ("std",)
    assert rows["h.{0,2}.proj.bias x 2"].kinds == ()
    assert rows["h.1.proj.bias"].kinds == ("value",)
    assert rows["frozen.weight"].cells == ("keep", "16", "not judged: its rule keeps it")
    assert sum(len(row.parameters) for row in rows.values()) == len(audit.parameters)


def test_a_pooled_finding_is_of_its_parameters():
    """A glob is of the parameters whose numbers it stands for; a rule's is of none."""
    row = ParameterAudit("h.0.w", "zeros", 4, 1, 0.1, 0.1)
    parameters = (row, ParameterAudit("h.1.w", "zeros", 4, 1, 0.1, 0.1))
    pooled = ModelFinding("h.*.w", "std", "off")
    (folded,) = rows_of([pooled, ModelFinding("the rule 'kernel'", "mean", "off")], parameters)
    assert (folded.path, folded.kinds) == ("h.{0..1}.w x 2", ("std",))
    assert rows_of([ModelFinding("h.1.w stack[1]", "part", "off")], parameters)[1].kinds == (
        "part",
    )
    # Two findings of one path and kind are two lines.
    assert len(places_of([pooled, pooled])) == 2


def test_json_has_what_the_report_has(audit):
    """Every finding, every parameter, the p-value of every check."""
    document = json.loads(json.dumps(audit.to_dict()))
    assert (document["version"], document["passed"]) == (1, False)
    assert len(document["findings"]) == len(audit.findings)
    checks = {row["path"]: row["checks"] for row in document["parameters"]}
    assert checks["h.0.proj.weight"]["variance"] < 1e-6
    assert checks["h.1.proj.bias"] == {"fixed": None}
    tiny = ParameterAudit("w", "normal(std=1.0)", 1, 1, math.inf, math.inf)
    (row,) = ModelAudit((), (tiny,), "", 1).to_dict()["parameters"]
    assert (row["sees_mean"], row["sees_std"]) == (None, None)


def test_every_kind_has_a_meaning():
    """In the report, and on the page in both languages."""
    assert tuple(MEANINGS) == KINDS
    for page in ("models/audit.md", "ko/models/audit.md"):
        text = (DOCS / page).read_text("utf-8")
        assert [kind for kind in KINDS if f"\n| {kind} |" not in text] == []


def test_html_is_escaped_and_small(audit):
    """Names are text, and pictures are few: those of one parameter a row."""
    html = audit.to_html()
    assert html.count("<script") == 1
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "\x1b" not in html
    assert html.count('class="thumb"') == len({"h.weight", "h.1.bias", "recurrent"})
    assert len(html) < 100_000
    passed = audit_model(right(), RECIPE).to_html()
    assert "As the recipe mine says" in passed
    assert 'id="failures"' not in passed


def test_a_picture_has_the_rows_of_zeros():
    """They are judged apart from the rest, and its picture is of all values."""
    model = right()
    model.arrays["h.0.proj.weight"][20:] = 0
    audit = audit_model(model, RECIPE)
    assert {finding.kind for finding in audit.findings} == {"zero rows"}
    assert audit.sketches["h.0.proj.weight"].heights.max() > 0.5
    assert audit.sketches["h.1.proj.weight"].heights.max() < 0.1


def test_a_model_without_parameters_has_not_passed():
    """There is nothing to audit; and a page of nothing is a page."""
    with pytest.raises(TargetError, match="no parameters"):
        audit_model(Model([]), [Rule("zeros")])
    assert "This model has no parameters." in ModelAudit((), (), "", 0).to_html()


def test_a_recipe_of_another_architecture_names_those_that_fit():
    """After the rules that match nothing; a wrong path in only= is no fault of the recipe."""
    with pytest.raises(RecipeError, match=r"rule \d+, .*\n.*these fit: .*'he'"):
        audit_model(right(), "gpt2-nanogpt")
    with pytest.raises(RecipeError) as error:
        audit_model(right(), "he", only="absent")
    assert "these fit" not in str(error.value)


@pytest.fixture
def run(tmp_path, monkeypatch):
    RECIPE.save(tmp_path / "mine.toml")
    monkeypatch.chdir(tmp_path)

    def invoke(name: str, *options: str, columns: int = 80):
        arguments = ["audit", f"tests.audited:{name}", "--recipe", "mine.toml", *options]
        return CliRunner().invoke(app, arguments, env={"COLUMNS": str(columns)})

    return invoke


@pytest.mark.parametrize("columns", [40, 80, 1000])
def test_the_page_fits_the_terminal(run, columns):
    """Exit status 1; lines fit, but for a name; the verdict and one next step are last."""
    done = run("faulty", columns=columns)
    assert done.exit_code == 1
    lines = [line for line in done.output.splitlines() if "xxx" not in line]
    assert max(map(len, lines)) <= columns
    assert "\x1b" not in done.output
    words = " ".join(done.output.split())
    assert words.index("not judged: its rule keeps it") < words.index("FAILED: ")
    assert words.endswith("next: --html report.html shows the values beside their law")


def test_a_right_model_exits_with_0(run):
    """And the next step is the line for its tests; with the seed, bit by bit."""
    done = run("right", "--seed", "3")
    assert done.exit_code == 0, done.output
    assert done.output.endswith("in your tests: assert_model_initialized(build(), 'mine')\n")
    assert run("right", "--seed", "4").exit_code == 1


def test_json_is_clean_and_html_is_written(run, tmp_path):
    """Nothing but JSON is printed, and the page is there."""
    done = run("faulty", "--json", "--html", "r.html")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["passed"] is False
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!doctype html>")
    assert "wrote r.html" in run("faulty", "--html", "r.html").output


@pytest.mark.parametrize("path", ["absent/r.html", "."])
def test_a_path_that_cannot_be_written_is_refused_before(run, monkeypatch, path):
    """The model is not even built."""
    monkeypatch.setattr("tests.audited.faulty", lambda: pytest.fail("it was built"))
    done = run("faulty", "--html", path)
    assert "cannot be written" in str(done.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ("tests.audited:right",),
        ("tests.audited:right", "--recipe", "hee"),
        ("tests.audited:right", "--recipe", "absent.toml"),
        ("tests.audited:right", "--recipe", "he", "--set", "depth"),
        ("tests.audited:right", "--recipe", "he", "--set", "depth=3"),
        ("tests.audited:absent", "--recipe", "he"),
        ("tests.audited:contextmanager", "--recipe", "he"),
        ("tests.absent:right", "--recipe", "he"),
        ("tests.audited", "--recipe", "he"),
    ],
)
def test_bad_input_is_what_it_is_of_assign(arguments):
    """The same error, which ends both commands with 2."""
    other, done = (CliRunner().invoke(app, [name, *arguments]) for name in ("assign", "audit"))
    assert (done.exit_code, type(done.exception)) == (other.exit_code, type(other.exception))
    assert done.exit_code
    assert str(done.exception) == str(other.exception)
