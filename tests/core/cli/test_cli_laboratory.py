"""`initspec recommend` and `initspec propagate`."""

from __future__ import annotations

import json
import re
import shlex
import sys

import pytest
from typer.testing import CliRunner

from initspec import InitSpec, propagate
from initspec.cli.app import app
from initspec.errors import InitSpecError


def _run(*arguments):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})


@pytest.mark.parametrize(
    ("activation", "spec", "paper"),
    [
        ("selu", "lecun_normal", "Klambauer et al. (2017)"),
        ("relu", "he_normal", "He et al. (2015)"),
        ("tanh", "glorot_normal", "Glorot & Bengio (2010)"),
        ("leaky_relu(negative_slope=1)", "lecun_normal", "He et al. (2015)"),
        ("gelu(approximate=tanh)", "lecun_normal(gain=1.533580521666147)", "LeCun"),
    ],
)
def test_recommend(activation, spec, paper):
    """The spec, the reason and the paper, as text and as JSON."""
    said = _run("recommend", "--activation", activation).output
    assert spec in said
    assert paper in said
    found = json.loads(_run("recommend", "--activation", activation, "--json").output)
    assert found["spec"] == spec
    assert found["paper"].startswith(paper)
    assert found["reason"]
    assert eval(found["python"]) == InitSpec.parse(spec)
    assert found["python"] in said.replace("\n", " ") or len(found["python"]) > 60
    lines = {row["framework"]: row for row in found["meanings"]}
    assert lines["torch"]["initspec"] == f"{found['python']}.to_torch()(w)"
    assert "torch.nn.init" in lines["torch"]["code"]
    assert "torch.nn.init" in said


def test_recommend_takes_distribution_and_mode():
    """Both reach the spec."""
    arguments = ("recommend", "--activation", "gelu", "--distribution", "uniform")
    found = json.loads(_run(*arguments, "--mode", "fan_out", "--json").output)
    expected = InitSpec.for_activation("gelu", "uniform", "fan_out")
    assert InitSpec.parse(found["spec"]) == expected


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("leaky_relu",), "he_normal(negative_slope=0.01)"),
        (("prelu", "--distribution", "uniform"), "he_uniform(negative_slope=0.25)"),
        (("prelu", "--mode", "fan_out"), "he_normal(negative_slope=0.25, mode=fan_out)"),
    ],
)
def test_recommend_says_the_slope(arguments, line):
    """A leaky ReLU's rule is read by its slope; it is the same law as the canonical line."""
    said = _run("recommend", "--activation", *arguments)
    assert line in said.output
    found = json.loads(_run("recommend", "--activation", *arguments, "--json").output)
    assert InitSpec.parse(line) == InitSpec.parse(found["spec"])


def test_one_layer_and_one_input_are_singular():
    """As a sentence has them."""
    said = _run("propagate", "he_normal", "--depth", "1", "--samples", "1").output
    assert "1 layer of 100, 1 input," in said
    assert "1 layer of 100:" in str(propagate(InitSpec.he_normal(), depth=1))


def test_propagate_shows_every_layer_and_the_verdict():
    """A histogram and the numbers of each layer; the same as the function's."""
    said = _run("propagate", "normal(std=1.0)", "--activation", "sigmoid").output
    expected = propagate(InitSpec.normal(1.0), "sigmoid")
    assert expected.verdict in " ".join(said.split())
    rows = [line for line in said.splitlines() if "[" in line]
    assert len(rows) == 5
    for row, layer in zip(rows, expected.layers, strict=True):
        assert row.split()[:3] == [str(layer.index), f"{layer.mean:.3g}", f"{layer.std:.3g}"]
        # Piled up at both ends: the highest blocks.
        bars = row[row.index("[") + 1 : row.index("]")]
        assert len(bars) == 20
        assert "█" in (bars[0], bars[-1])
        assert "█" not in bars[1:-1]


def test_propagate_prints_json():
    """Everything that the function finds, overflow included."""
    said = _run("propagate", "normal(std=10)", "--depth", "60", "--samples", "20", "--json")
    found = json.loads(said.output)
    assert len(found["layers"]) == 60
    assert found["layers"][-1]["std"] is None
    assert found["verdict"].startswith("exploding")
    arguments = (
        "--kernel",
        "3,3",
        "--size",
        "4",
        "--residual",
        "0.5",
        "--width",
        "8",
        "--depth",
        "2",
    )
    found = json.loads(_run("propagate", "he_normal", *arguments, "--json").output)
    assert found["kernel"] == [3, 3]
    assert found["residual"] == 0.5


def test_propagate_writes_a_picture(tmp_path):
    """A PNG where it was asked for, and the verdict in the terminal."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "out.png"
    said = _run("propagate", "he_normal", "--plot", str(path)).output
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "healthy" in said


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_pages_fit_the_terminal(columns):
    """No number is cut off, no line too long, and what has no room beside stands below."""
    for spec in ("normal(std=0.01)", "he_normal", "normal(std=3.0)"):
        arguments = ["propagate", spec, "--depth", "15", "--samples", "50"]
        said = CliRunner().invoke(app, arguments, env={"COLUMNS": str(columns)}).output
        assert "…" not in said
        assert max(map(len, said.splitlines())) <= columns
        histograms = [line for line in said.splitlines() if "[" in line]
        assert len(histograms) == 12
        if columns >= 80:  # beside the numbers of its layer
            assert all("%" in line for line in histograms)
        for one in propagate(InitSpec.parse(spec), depth=15, samples=50).layers[::14]:
            for value in (one.mean, one.std, one.gradient_std):
                assert re.sub("e([+-])0*", lambda e: "e" + e[1].strip("+"), f"{value:.3g}") in said
        assert any(line.endswith("rms  predicted") for line in said.splitlines())


def test_a_common_network_is_one_table_at_80_columns():
    """The histograms give way, so that measured and predicted rms stand beside the rest."""
    arguments = ["propagate", "he_normal"]
    said = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"}).output
    (head,) = (line for line in said.splitlines() if line.startswith("layer"))
    assert head.split()[-3:] == ["outputs", "rms", "predicted"]


def test_the_legend_is_of_the_columns_that_are_there(tmp_path):
    """With a plot the histograms are in that, and their column and its legend are left out."""
    pytest.importorskip("matplotlib")
    for options, histograms in ([], 1), (["--plot", str(tmp_path / "plot.svg")], 0):
        arguments = ["propagate", "he_normal", "--depth", "1", *options]
        said = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}).output
        assert said.count("outputs  ") == said.count("outputs: ") == histograms


def test_a_terminal_too_narrow_for_a_number_breaks_lines():
    """Every digit is printed, wherever the line ends."""
    arguments = ["propagate", "normal(std=0.01)", "--depth", "2", "--samples", "50"]
    narrow, wide = (
        CliRunner().invoke(app, arguments, env={"COLUMNS": columns}).output
        for columns in ("12", "40")
    )
    for number in re.findall(r"-?\d\.\S+", wide.partition("sigma_w")[0]):
        assert number in narrow.replace("\n", "")


def test_recommend_ends_with_a_command_that_runs():
    """One line, which every shell takes; the rest keeps to the terminal."""
    said = CliRunner().invoke(app, ["recommend", "--activation", "elu(alpha=0.5)"]).output
    page, _, command = said.partition("See what it does:\n")
    assert max(map(len, page.splitlines())) <= 80
    assert command.count("\n") == 1
    program, *arguments = shlex.split(command)
    assert program == "initspec"
    assert "healthy" in _run(*arguments, "--samples", "50").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("propagate", "he_normal", "--activation", "rellu"), "did you mean 'relu'"),
        (("propagate", "he_normal", "--activation", "relu(3)"), "too many parameters"),
        (("propagate", "he_normal", "--activation", "elu(alpha=x)"), "real number"),
        (("propagate", "he_normal", "--depth", "0"), "at least 1"),
        (("propagate", "dirac"), "kernel"),
        (("propagate", "he_normal", "--kernel", "3,x"), "--kernel '3,x': write one size"),
        (("propagate", "he_normal", "--seed", "x"), "--seed"),
        (("recommend", "--activation", "softmax"), "not elementwise"),
    ],
)
def test_bad_input(arguments, said):
    """The errors of the library, and exit status 2 from the program."""
    result = _run(*arguments)
    assert isinstance(result.exception, InitSpecError)
    assert said in str(result.exception)


def test_a_run_that_does_not_fit_says_so_at_once():
    """The sizes, the memory and what to lower, by every way in: width, depth and samples."""
    for option, size in (("--width", 1_000_000), ("--depth", 10**9), ("--samples", 10**9)):
        result = _run("propagate", "he_normal", option, str(size))
        assert isinstance(result.exception, InitSpecError)
        assert "do not fit into memory; lower the width" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("propagate", "he_normal", "--plot", "{}/no/such/out.png"), "no folder"),
        (("propagate", "he_normal", "--plot", "{}"), "is a folder"),
        (("propagate", "he_normal", "--plot", "{}/out.txt"), "end the file's name in .png"),
        (("propagate", "he_normal", "--plot", "{}/out"), "end the file's name in .png"),
        (
            ("sample", "he_normal", "--shape", "8,8", "--seed=7", "-o", "{}/no/such/w.npy"),
            "no folder",
        ),
        (("sample", "he_normal", "--shape", "8,8", "--seed=7", "-o", "{}/{}.npy"), "too long"),
        (("conformance", "numpy", "--html", "{}/no/such/r.html"), "no folder"),
        (("conformance", "numpy", "--json", "{}"), "is a folder"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_first(tmp_path, monkeypatch, arguments, says):
    """Before anything is drawn."""
    monkeypatch.setattr("initspec.stream.draw.fill", None)  # a draw would be a TypeError
    long = "w" * 260
    given = [word.replace("{}", str(tmp_path), 1).replace("{}", long) for word in arguments]
    result = _run(*given)
    assert isinstance(result.exception, InitSpecError), result.exception
    assert says in str(result.exception)


def test_a_missing_library_is_said_first(tmp_path, monkeypatch):
    """matplotlib for a picture, jinja2 for a page: before anything is drawn."""
    monkeypatch.setattr("initspec.stream.draw.fill", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = _run("propagate", "he_normal", "--plot", str(tmp_path / "out.png"))
    assert "initspec[plot]" in str(result.exception)
    monkeypatch.setattr("initspec_conformance.cli.find_spec", lambda name: name != "jinja2" or None)
    result = _run("conformance", "numpy", "--html", str(tmp_path / "r.html"))
    assert "initspec[conformance]" in str(result.exception)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_picture_that_fails_leaves_the_numbers(tmp_path, monkeypatch, more):
    """A disk that fills up meanwhile, say."""
    pytest.importorskip("matplotlib")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    result = _run("propagate", "he_normal", "--plot", str(tmp_path / "out.png"), *more)
    assert isinstance(result.exception, InitSpecError)
    assert "No space left" in str(result.exception)
    assert "healthy" in result.output


@pytest.mark.parametrize("std", [0.1, 1e30], ids=["finite", "overflow"])
def test_progress_counts_to_its_end(std):
    """Steps go from 1 to the number that is said from the first on."""
    steps = []
    propagate(InitSpec.normal(std), depth=3, samples=9, progress=lambda *step: steps.append(step))
    assert steps[:6] == [(i, 10) for i in range(1, 7)]
    assert steps[-1] == (10, 10)
