"""Tied weights, parts of parameters, and rows that stay at 0."""

from __future__ import annotations

import pytest

from initspec import Axes
from initspec.backend import Place
from initspec.errors import (
    RecipeError,
)
from initspec.models.assign import assign
from initspec.models.rule import Rule
from tests.core.models.assigned import (
    BIAS,
    MODEL,
    specs,
    tied,
    weight,
)


def test_tied() -> None:
    """A tied weight is one parameter, that any of its paths settles."""
    for path in ("wte.weight", "head.weight"):
        made = assign(MODEL[:1], [Rule("normal(std=0.5)", path)])
        assert (len(made), made["head.weight"].std, made[path].tied) == (1, 0.5, ("head.weight",))
        assert made["head.weight"].role == "embedding"
    assert specs([Rule("normal(std=0.5)")], MODEL[:1]) == {"wte.weight": "normal(std=0.5)"}
    by_role = [Rule("normal(std=0.5)", role="embedding"), Rule("normal(std=0.5)", role="kernel")]
    assert specs(by_role, MODEL[:1]) == {"wte.weight": "normal(std=0.5)"}


@pytest.mark.parametrize(
    "rules",
    [
        [Rule("normal(std=0.5)", role="embedding"), Rule("he_normal", role="kernel")],
        [Rule("normal(std=0.5)", role="embedding"), Rule("keep", role="kernel")],
        [Rule("normal(std=0.5)", role="embedding"), Rule("uniform(low=-1, high=1)")],
        [
            Rule("zeros", role="embedding", part="[0]"),
            Rule("normal(std=0.5)", role="embedding"),
            Rule("normal(std=0.5)"),
        ],
    ],
)
def test_tied_with_two_meanings(rules: list[Rule]) -> None:
    """Rules that differ for its layers are an error with the line that settles it."""
    with pytest.raises(RecipeError, match=r"^wte.weight is tied.*Rule\('.*', 'wte.weight'\)"):
        specs(rules, MODEL[:1])


def test_tied_with_one_meaning_and_no_elements() -> None:
    """Rules of one spec agree, also where nothing has the fans that it counts."""
    empty = [Place(path, ("Linear",), "kernel", Axes("out in")) for path in "ab"]
    assert specs([Rule("he_normal", role="kernel")], [tied(*empty, (4, 0))]) == {"a": "he_normal"}


def test_tied_beside_a_layer_that_no_table_knows() -> None:
    """The role is that of the first path that is known; the other path asks for nothing."""
    bare = Place("predictions.bias", ("Head",))
    known = Place("predictions.decoder.bias", ("Linear",), "bias", Axes("out [in=4]"))
    made = assign([tied(bare, known, (8,))], [BIAS])["predictions.bias"]
    assert (made.role, made.layer, str(made.spec)) == ("bias", "Linear", "zeros")


def test_parts() -> None:
    """A part has its own spec; of two rules for one, the first is drawn last."""
    gates = weight("lstm.bias", (32,), "bias", "LSTM", "(stack=4 out) [in=8]")
    rules = [
        Rule("ones", role="bias", part="stack[1]"),
        Rule("constant(value=2)", role="bias", part="stack[1]"),
        Rule("zeros", role="bias", part="[0]"),
        Rule("lecun_normal", role="bias"),
    ]
    made = assign([gates], rules)["lstm.bias"]
    assert [(part.name, str(part.spec)) for part in made.parts] == [
        ("[0]", "zeros"),
        ("stack[1]", "constant(value=2.0)"),
        ("stack[1]", "ones"),
    ]
    assert made.parts[2].index == (slice(8, 16),)
    with pytest.raises(RecipeError, match="none for the whole"):
        specs(rules[:1], [gates])
    with pytest.raises(RecipeError, match="4 members"):
        specs([Rule("ones", role="bias", part="stack[4]"), *rules[3:]], [gates])
    with pytest.raises(RecipeError, match="no stack"):
        specs([Rule("ones", part="stack[0]"), Rule("zeros")], [weight("a")])
    with pytest.raises(RecipeError, match="no such row"):
        specs([Rule("ones", part="[8]"), Rule("zeros")], [weight("a")])


@pytest.mark.parametrize(
    ("shape", "axes", "index"),
    [
        ((12, 5), "(stack=3 out) in", (slice(4, 8), slice(0, 5))),
        ((5, 12), "in (stack=3 out)", (slice(0, 5), slice(4, 8))),
        ((3, 4, 5), "stack out in", (slice(1, 2), slice(0, 4), slice(0, 5))),
        ((7, 12), "stack (stack=3 out)", (slice(0, 7), slice(4, 8))),
        ((2, 12), "out (stack=3 in)", (slice(0, 2), slice(4, 8))),
        ((12, 5), "(stack=1 stack=3 out) in", (slice(4, 8), slice(0, 5))),
        ((12, 5), "(stack out=8+2+2) in", (slice(8, 10), slice(0, 5))),
        ((5, 24), "in (stack out=8+2+2 kernel=2)", (slice(0, 5), slice(16, 20))),
    ],
)
def test_part_of_a_stack(shape, axes: str, index) -> None:
    """A member of the last stack is a block of the axis that it is a factor of."""
    model = [weight("a", shape, axes=axes)]
    made = assign(model, [Rule("ones", part="stack[1]"), Rule("zeros")])["a"]
    assert made.parts[0].index == index


@pytest.mark.parametrize(
    "axes", ["(out stack=3) in", "(stack=2 stack=3 out) in", "(kernel=2 stack out=4+2) in"]
)
def test_part_that_is_no_block(axes: str) -> None:
    """What does not lie together cannot be a part."""
    with pytest.raises(RecipeError, match="no block"):
        specs([Rule("ones", part="stack[1]"), Rule("zeros")], [weight("a", (12, 5), axes=axes)])


def test_padding_row() -> None:
    """The padding row of an embedding is zeros, after the whole and before parts of the rules."""
    table = weight("e", (9, 4), "embedding", "Embedding", "stack out", padding=3)
    made = assign([table], [Rule("ones", part="[3]"), Rule("normal(std=1.0)")])["e"]
    assert [(part.name, str(part.spec)) for part in made.parts] == [
        ("[3]", "zeros"),
        ("[3]", "ones"),
    ]
    assert made.parts[0].index == (slice(3, 4), slice(0, 4))
    assert not assign([table], [Rule("keep")])["e"].parts
