"""Every command in any code page and in a terminal of any width."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from rich.console import Console
from typer.testing import CliRunner

from initspec.cli.app import app
from initspec.cli.pages.layout import fold, show_table, show_text
from initspec.models.recipe import shipped

COMMANDS = {
    "compare": ("compare", "he_normal", "--shape", "64", "32", "--backends", "numpy"),
    "explain": ("explain", "he_normal", "--shape", "3,3,32,1", "--axes", "kernel kernel stack out"),
    "translate": ("translate", "keras.initializers.HeNormal()", "--shape", "3,3,32,64"),
    "recommend": ("recommend", "leaky_relu"),
    "propagate": ("propagate", "normal(std=0.01)", "--depth", "15", "--samples", "50"),
    "recipes": ("recipes",),
    "rules": ("recipes", "gpt2-nanogpt"),
    "list": ("list",),
    "backends": ("backends",),
    "help": ("--help",),
}


def page(command: str, columns: int) -> str:
    """Return what a command prints in a terminal of this width."""
    done = CliRunner().invoke(app, COMMANDS[command], env={"COLUMNS": str(columns)})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("columns", [40, 50, 80])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_name_is_cut(command, columns):
    """In a narrow terminal each word is one of those in a wide one, whole, and lines fit."""
    narrow, wide = page(command, columns), page(command, 1000)
    words = re.compile(r"[A-Za-z_]\w*")
    missing = set(words.findall(narrow)) - set(words.findall(wide))
    assert not missing
    assert "…" not in narrow
    # Commands to copy are wrapped by the terminal alone.
    lines = [line for line in narrow.splitlines() if not line.lstrip().startswith("initspec ")]
    assert max(map(len, lines)) <= columns
    assert all(line == line.rstrip() for line in lines)


def test_the_list_of_recipes_has_a_line_each():
    """Its name, and the code and version or the paper; the whole source is on its own page."""
    _, *lines, last = page("recipes", 80).splitlines()
    assert [line.split()[0] for line in lines] == shipped()
    assert last.startswith("initspec recipes NAME")


def test_a_name_is_never_broken():
    """A call is broken between its parts, and its name stands out where it has no room."""
    assert fold("a he_truncated_normal().to_torch()", 18) == [
        *("a", "he_truncated_normal(", ").to_torch()")
    ]
    console = Console(file=io.StringIO(), width=9)
    show_text(console, "he_truncated_normal", head="a  ")
    show_text(console, "", head="b  ")
    assert console.file.getvalue() == "a  he_truncated_normal\nb\n"


@pytest.mark.parametrize(
    ("command", "encoding"),
    [
        *((command, encoding) for command in COMMANDS for encoding in ("ascii", "cp949")),
        *(("propagate", encoding) for encoding in ("cp1252", "utf-8")),
    ],
)
def test_any_code_page_will_do(command, encoding):
    """No traceback, and no character of the picture is escaped, which would be six of them."""
    done = subprocess.run(
        [sys.executable, "-m", "initspec.cli", *COMMANDS[command]],
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode(encoding)
    assert "\\u" not in text
    assert max(map(len, text.splitlines())) <= 90
    if command == "propagate":
        assert ("█" in text) == (encoding == "utf-8")
        assert ("@" in text) == (encoding != "utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "cp949"])
def test_whatever_is_typed_can_be_said_back(encoding, tmp_path):
    """In an error, and in what is printed, what the code page lacks is escaped."""
    file = ("sample", "he_normal", "--shape", "8,8", "--seed", "7", "-o", f"{tmp_path}/⚡.npy")
    for arguments in (("explain", "hé_normål⚡", "--shape", "8,8"), file):
        done = subprocess.run(
            [sys.executable, "-m", "initspec.cli", *arguments],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"},
        )
        assert done.returncode == (0 if arguments is file else 2), done.stderr
        printed = done.stdout + done.stderr  # on an ASCII terminal, typer prints files as UTF-8
        assert b"\\u26a1" in printed or "⚡.npy" in printed.decode("utf-8", "ignore")
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("spec", ["normal(std=1e-4)", "normal(std=3.0)", "he_normal", "orthogonal"])
def test_every_network_is_one_table_at_80_columns(spec, activation):
    """Histograms give way, whatever the sizes of the numbers."""
    arguments = ["propagate", spec, "--activation", activation, "--depth", "40", "--samples", "9"]
    said = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"}).output
    (head,) = (line for line in said.splitlines() if re.match("layer +mean", line))
    assert head.split()[-3:] == ["outputs", "rms", "predicted"]
    assert max(map(len, said.splitlines())) <= 80


def test_a_narrow_comparison_has_its_columns_below():
    """At 50 columns the table goes on below, with the backends again, and no name stands on end."""
    lines = page("compare", 50).splitlines()
    assert sum(line.startswith("backend ") for line in lines) == 2
    assert sum(line.startswith("numpy ") for line in lines) == 2


def test_columns_that_are_read_beside_each_other():
    """They go below together, and a row wider than the terminal is one line of it."""
    console = Console(file=io.StringIO(), width=17)
    columns = [("layer", ["1"]), ("mean", ["0"]), ("rms", ["3"]), ("pred", ["4"])]
    show_table(console, columns, together=2)
    show_table(console, [("name", ["w" * 18]), ("n", ["2"])], left=("name",))
    assert console.file.getvalue().splitlines() == [
        *("layer  mean", "    1     0", "layer  rms  pred", "    1    3     4"),
        *(f"{'name':18}  n", f"{'w' * 18}  2"),
    ]
