"""What an inspection prints: a page, pictures, the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from initspec_conformance import inspect
from initspec_conformance.inspection.inspect import Inspection
from initspec_conformance.inspection.overview import lines_of
from typer.testing import CliRunner

from initspec.cli.app import app
from initspec.errors import InitSpecError
from tests.conformance.inspected import draw, look, save


@pytest.fixture(scope="module")
def blocks() -> Inspection:
    """Blocks with a fault, and names that are HTML and mathematics."""
    arrays = {f"h.{i}.<b>$x.weight": draw("he_normal", (64, 32), seed=i) for i in range(3)}
    arrays["h.1.<b>$x.weight"][3] = np.nan
    return inspect(arrays | {"ln.weight": np.ones(32), "n": np.arange(3)})


def test_html(blocks: Inspection) -> None:
    """One file with the findings, the spread by depth, and a row for each tensor; all escaped."""
    page = blocks.to_html()
    assert "<b>$x" not in page.replace("<b>h", "").replace("<wbr>", "")
    assert "not finite" in page
    assert "Standard deviation by depth" in page
    assert "he_normal of fan 32" in page
    assert "Standard deviation by depth" not in look(a_weight=np.ones((2, 2))).to_html()


def test_plot(blocks: Inspection, tmp_path) -> None:
    """Also where nothing has blocks; a folder that is missing is an error."""
    pytest.importorskip("matplotlib")
    blocks.plot(tmp_path / "r.png")
    assert (tmp_path / "r.png").stat().st_size > 5000
    inspect({"b": np.zeros(3)}).plot(tmp_path / "empty.png")
    with pytest.raises(InitSpecError, match="cannot be written"):
        blocks.plot(tmp_path / "no" / "r.png")


def test_lines_by_depth(blocks: Inspection) -> None:
    """Blocks are one line whatever they look like."""
    (line,) = lines_of(blocks.tensors)
    assert (line.path, line.group) == ("h.*.<b>$x.weight", "kernel")
    assert [depth for depth, _ in line.points] == [0, 1, 2]


def test_command(tmp_path) -> None:
    """Text of 80 columns, JSON, a page and a picture; errors with exit status 2 and no file."""
    path, files = save(tmp_path / "w.npz"), ["--html", str(tmp_path / "r.html")]

    def run(*arguments: str):
        return CliRunner().invoke(app, ["inspect", *arguments], env={"COLUMNS": "80"})

    done = run(str(path), *files, "--plot", str(tmp_path / "r.png"))
    assert done.exit_code == 0, done.output
    assert "he_normal of fan 30" in done.output
    assert max(map(len, done.output.replace(str(tmp_path), "").splitlines())) <= 80
    assert {p.name for p in tmp_path.iterdir()} == {"w.npz", "r.html", "r.png"}
    assert len(json.loads(run(str(path), "--json").output)["tensors"]) == 3
    for arguments in ((str(path), "--html", str(tmp_path / "no" / "r.html")), ("w.txt",)):
        assert isinstance(run(*arguments).exception, InitSpecError)


def test_a_factory_of_a_model() -> None:
    """As in the other commands."""
    done = CliRunner().invoke(app, ["inspect", "no_such_module:build"])
    assert "there is no module 'no_such_module'" in str(done.exception)
