"""The pages of assignments in terminals of any width."""

from __future__ import annotations

import itertools

import pytest

from initspec import Axes, Companion, Rule
from initspec.backend import Parameter, Place
from initspec.cli.pages.assign import show, show_pairs
from initspec.models.assign import assign


def weight(path: str, shape=(192, 64), role="kernel", axes="out in", layer="Linear", **fields):
    place = Place(path, (layer, "Module"), role, Axes(axes) if axes else None)
    return Parameter((place,), shape, "float32", **fields)


MODEL = [
    weight("wte.weight", (10, 64), "embedding", "stack out", "Embedding", padding=0),
    *(
        weight(f"transformer.layers.{i}.attention.self_attention.query_projection.weight")
        for i in range(12)
    ),
    weight("lstm.bias_ih_l0", (64,), "bias", "(stack=4 out) [in=8]", "LSTM"),
    weight("scale", (), "other", None, "Net"),
]
RULES = [
    Rule("keep", "scale"),
    Rule("ones", role="bias", part="stack[1]"),
    Rule("normal(std=0.02 / sqrt(2 * depth))", "transformer.layers.{index}.**.weight"),
    Rule("normal(std=0.02)", role="embedding"),
    Rule("zeros"),
]


def lines(capsys, monkeypatch, columns: int, print_page) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    print_page()
    return capsys.readouterr().out.splitlines()


def test_a_model_without_parameters(capsys, monkeypatch) -> None:
    """The table has no row."""
    page = lines(capsys, monkeypatch, 80, lambda: show(assign([], [Rule("zeros")])))
    assert page[-1] == "0 parameters, 0 elements"


@pytest.mark.parametrize("columns", [40, 50, 80])
def test_a_narrow_terminal(capsys, monkeypatch, columns: int) -> None:
    """Lines fit, blocks are folded, and a path is broken at its dots alone."""
    page = lines(capsys, monkeypatch, columns, lambda: show(assign(MODEL, RULES)))
    assert max(map(len, page)) <= columns
    words = " ".join(page)
    for fact in ("x 12", "[0]: zeros", "stack[1]: ones", "keep, rule: scale", "std 0.02"):
        assert fact in words
    whole = "transformer.layers.{0..11}.attention.self_attention.query_projection.weight"
    start = next(i for i, line in enumerate(page) if line.startswith("transformer"))
    pieces = list(itertools.takewhile(lambda line: line[0] != " ", page[start:]))
    assert "".join(pieces).replace(" ", "") == f"{whole}x12"
    assert all(piece.endswith((".", " x")) for piece in pieces[:-1])
    assert page[-1] == f"{len(MODEL)} parameters, {10 * 64 + 12 * 192 * 64 + 64 + 1:,} elements"
    assert page.count("wte.weight") == 1


COMPANIONS = [
    Companion("learning rate", "hidden matrices", "1 / width"),
    Companion("forward", "each skip connection", "sqrt(2 * depth)"),
    Companion("forward", "attention scores", "1 / heads"),
    Companion("other", "rows of every matrix", "divide them by their norm after each step"),
]


def test_what_belongs_to_the_recipe(capsys, monkeypatch) -> None:
    """Below the table, in text, on the command line and in a notebook, with what is known."""
    numbers = {"width": 4}
    made = assign(MODEL, RULES, config={"heads": 8}, numbers=numbers, companions=COMPANIONS)
    words = [
        "learning rate of hidden matrices: x 1 / width = 0.25",
        "forward, each skip connection: x sqrt(2 * depth) = 4.89898",
        "forward, attention scores: x 1 / heads = 0.125",
        "rows of every matrix: divide them by their norm after each step",
    ]
    beyond = ["Beyond the weights this recipe needs:", *(f"- {line}" for line in words)]
    assert list(made.companions) == words
    assert str(made).splitlines()[-6:] == ["", *beyond]
    assert lines(capsys, monkeypatch, 300, lambda: show(made))[-5:] == beyond
    assert "".join(f"<li>{line}</li>" for line in words) in made._repr_html_()
    assert "Beyond" not in str(assign(MODEL, RULES))
    unknown = assign(MODEL[:1], [Rule("zeros")], config={"heads": 8}, companions=COMPANIONS)
    assert unknown.companions[:2] == (words[0][:-7], words[1][:-10])


def test_the_glob_that_matches() -> None:
    """Of a rule for several frameworks the table has the one that is the model's."""
    several = Rule("ones", ("**.kernel", "**.layers.{index}.**.weight", "**.w"))
    rows = assign(MODEL, [several, *RULES]).rows()
    cells = next(row.cells for row in rows if row.path.startswith("transformer"))
    assert cells[-1] == "**.layers.{index}.**.weight"


def test_a_wide_terminal(capsys, monkeypatch) -> None:
    """A table, a row for each folded parameter and each part."""
    page = lines(capsys, monkeypatch, 300, lambda: show(assign(MODEL, RULES)))
    assert page[0].split() == ["path", "layer", "shape", "axes", "fans", "spec", "std", "rule"]
    assert len(page) == 1 + 4 + 2 + 1
    assert len({line.find(" normal(") for line in page if " normal(" in line}) == 1


def test_a_pipe(capsys, monkeypatch) -> None:
    """A line for each row, however long, where no width is asked for."""
    monkeypatch.delenv("COLUMNS", raising=False)
    show(assign(MODEL, RULES))
    page = capsys.readouterr().out.splitlines()
    assert len(page) == 1 + 4 + 2 + 1
    assert max(map(len, page)) > 80


@pytest.mark.parametrize("columns", [40, 80])
def test_pairs(capsys, monkeypatch, columns: int) -> None:
    """Each parameter once, folded, with what either recipe gives it."""
    ones = assign(MODEL[1:], [Rule("keep", "scale"), Rule("ones")])
    pairs = list(zip(assign(MODEL[1:], RULES), ones, strict=True))
    page = lines(capsys, monkeypatch, columns, lambda: show_pairs(pairs[:12], ("a", "other")))
    assert max(map(len, page)) <= columns
    words = " ".join(page)
    assert words.count("transformer.") == 1
    assert "x 12" in words
    assert "other  ones" in words
    assert page[-1] == "12 parameters differ between a and other"
    page = lines(capsys, monkeypatch, columns, lambda: show_pairs([], ("a", "other")))
    assert page == ["Nothing differs between a and other"]
