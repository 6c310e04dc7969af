"""`list`, `explain` and `translate` as a user meets them."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from initspec import InitSpec
from initspec.cli.app import app
from initspec.spec.constructors import CONSTRUCTORS
from initspec.translate import vocabularies


def run(*arguments: str, width: int = 100) -> str:
    """Return what a command prints; it must succeed."""
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": str(width)})
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def flat(text: str) -> str:
    """Return text without its line breaks."""
    return " ".join(text.split())


def test_list_names_every_spec() -> None:
    """Each constructor stands there with its law, aliases by their prefix."""
    said = run("list")
    for name in CONSTRUCTORS:
        if not name.startswith(("xavier", "kaiming")):
            assert name in said
    assert "N(0, 2 / fan_in)" in said
    assert "U(-b, b), b = sqrt(6 / (fan_in + fan_out))" in run("list", width=80)
    assert "kaiming_* is he_*" in said
    rows = json.loads(run("list", "--json"))
    assert [InitSpec.parse(row["spec"]) is not None for row in rows] == [True] * len(CONSTRUCTORS)
    assert {row["same_as"] for row in rows if row["spec"] == "kaiming_normal"} == {"he_normal"}


def test_explain_puts_the_numbers_in() -> None:
    """Fans, the formula with numbers, std, bounds, kurtosis, paper, and the frameworks."""
    said = flat(run("explain", "he_normal(gain=1.5)", "--shape", "512,256"))
    for part in (
        "fan_in 256, fan_out 512",
        "1.5 * sqrt(2 / fan_in) = 1.5 * sqrt(2 / 256) = 0.1326",
        "bounds -inf to inf",
        "kurtosis 3",
        "He et al. (2015)",
        "stack 1, out 512, in 256, kernel none",
        "torch.nn.init.normal_(w, std=math.sqrt(4.5 / w[0].numel()))",
        "Not keras.initializers.HeNormal(): that is he_truncated_normal, cut at -2 and 2",
        "InitSpec.he_normal(gain=1.5).to_jax()",
        "shape 256,512",
    ):
        assert part in said, part


def test_explain_follows_the_axes() -> None:
    """The axes decide fans and the logical shape, and go into every line."""
    axes = "(stack=4 out) in kernel kernel"
    said = flat(run("explain", "he_uniform", "--shape", "64,8,3,5", "--axes", axes))
    assert "fan_in 120, fan_out 240" in said
    assert "stack 4, out 16, in 8, kernel 3 x 5" in said
    assert f".to_torch('{axes}')(w)" in said
    bound = math.sqrt(6 / 120)
    assert f"bounds {-bound:.4g} to {bound:.4g}" in said


def test_explain_shows_each_part() -> None:
    """Members of unequal size have a line each; in JSON the numbers of each."""
    arguments = ("--shape", "192,64", "--axes", "(stack out=128+32+32) in")
    text = flat(run("explain", "he_normal(mode=fan_out)", *arguments))
    assert "sigma sqrt(2 / fan_out) part 0" in text  # no number: each part has its own
    assert "out 32, in 64, kernel none; fan_in 64, fan_out 32; std 0.25" in text
    data = json.loads(run("explain", "glorot_uniform", *arguments, "--json"))
    assert data["logical"] is data["fan_in"] is data["fan_out"] is None
    assert [(part["out"], part["fan_out"]) for part in data["parts"]] == [
        (128, 128),
        (32, 32),
        (32, 32),
    ]
    alone = [InitSpec.glorot_uniform().std((part["out"], 64)) for part in data["parts"]]
    assert [part["std"] for part in data["parts"]] == alone
    assert json.loads(run("explain", "he_normal", "--shape", "8,8", "--json"))["parts"] == []


def test_explain_keeps_the_notes_of_a_number_for_one_shape() -> None:
    """A line with the std of unequal parts has the notes that it has for any other number."""
    parts = run("explain", "he_normal", "--shape", "192,64", "--axes", "(stack out=128+64) in")
    number = run("explain", "normal(0.1)", "--shape", "192,64")
    for text in (parts, number):
        assert "Each call of one Keras object draws the same numbers" in flat(text)


def test_explain_spells_the_letters_of_a_layout_out() -> None:
    """HWIO and bf16 are read, and what they mean is shown."""
    said = run("explain", "he_normal", "--shape", "3,3,8,16", "--axes", "HWIO", "--dtype", "bf16")
    assert "bfloat16, axes 'kernel kernel in out'" in said
    assert "fan_in 72, fan_out 144" in said


def test_explain_json_is_the_law() -> None:
    """--json holds the numbers of the law, None where one is infinite or undefined."""
    data = json.loads(
        run("explain", "truncated_normal(std=0.02, corrected=False)", "--shape", "8", "--json")
    )
    law = InitSpec.truncated_normal(std=0.02, corrected=False).law((8,))
    assert data["std"] == law.std
    assert data["bounds"] == [law.low, law.high]
    assert data["kurtosis"] == law.kurtosis
    assert data["fan_in"] is None
    data = json.loads(run("explain", "ones", "--shape", "8", "--json"))
    assert data["kurtosis"] is None
    assert json.loads(run("explain", "he_normal", "--shape", "8,8", "--json"))["std"] == 0.5


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("spec", ["he_truncated_normal", "uniform", "delta_orthogonal"])
def test_pages_fit_the_terminal(spec: str, width: int) -> None:
    """No line is wider than the terminal."""
    for said in (
        run("explain", spec, "--shape", "8,4,3", width=width),
        run("translate", f"InitSpec.{spec}()", width=width),
        run("list", width=width),
    ):
        assert max(map(len, said.splitlines())) <= width


def test_translate_shows_spec_line_and_surprise() -> None:
    """The spec, the line there, initspec's line, and what changes on the way."""
    said = flat(run("translate", "torch.nn.init.kaiming_uniform_(w, a=0.2)", "--to", "keras"))
    for part in (
        "variance_scaling(scale=1.923076923076923, distribution=uniform)",
        "InitSpec.he_uniform(negative_slope=0.2).to_keras()",
        "VarianceScaling(scale=1.923076923076923, mode='fan_in', distribution='uniform')",
        "Not keras.initializers.HeUniform(): that is he_uniform",
        "out in kernel...",
    ):
        assert part in said, part
    assert "jax.nn" not in said
    assert "no line of its own" in run("translate", "dirac_", "--to", "jax")
    assert "Elsewhere" not in run("translate", "HeNormal", "--to", "initspec")


def test_translate_json_is_the_translation() -> None:
    """--json prints one document, from which the spec can be built."""
    data: dict[str, Any] = json.loads(
        run(
            "translate",
            "HeNormal",
            "--shape",
            "3,3,32,1",
            "--axes",
            "kernel kernel stack out",
            "--json",
        )
    )
    assert InitSpec.from_dict(data["document"]) == InitSpec.he_truncated_normal()
    assert [line["framework"] for line in data["lines"]] == list(vocabularies())
    assert data["axes"] == "kernel... in out"
    assert "fan_in 288" in data["changes"][0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["explain", "dirac", "--shape", "8,8"], "it needs a kernel axis"),
        (["explain", "delta_orthogonal", "--shape", "4,8,3"], "at least as many outputs as inputs"),
        (["explain", "identity", "--shape", "4,8,3"], "it has no kernel axis"),
        (["explain", "he_normal", "--shape", "8"], "pass axes"),
        (["explain", "he_normal", "--shape", "8,8", "--axes", "out in kernel"], "name 3 axes"),
        (["explain", "he_normal", "--shape", "9,8", "--axes", "(stack=4 out) in"], "cannot split"),
        (["explain", "he_norml", "--shape", "8,8"], "did you mean 'he_normal'"),
        (["explain", "constant(1e6)", "--shape", "8,8", "--dtype", "float16"], "65504"),
        (["translate", "kaiming_norml_"], "did you mean torch.nn.init.kaiming_normal_"),
        (["translate", "keras.initializers.STFT"], "has no equal"),
        (["translate", "HeNormal", "--to", "mlx"], "Allowed: torch, keras, jax"),
        (["translate", "kaiming_normal_(b=1)"], "Allowed: tensor, a, mode"),
    ],
)
def test_bad_input_exits_with_two(arguments: list[str], says: str) -> None:
    """Bad input says what was given and what to do, without a traceback, with exit status 2."""
    done = subprocess.run(
        [sys.executable, "-m", "initspec.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
