"""What two recipes change on a model of torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from initspec import Recipe, Rule, diff, initialize
from initspec.errors import RecipeError


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 8), nn.LSTM(8, 4), nn.Embedding(5, 8, padding_idx=0))


REST = [
    Rule("glorot_uniform", role="recurrent_kernel"),
    Rule("normal(std=0.02)", role="embedding"),
    Rule("zeros"),
]


def changed(a, b) -> list[str]:
    pairs = diff(a, b, net())
    assert all(first.path == second.path for first, second in pairs)
    return [first.path for first, _ in pairs]


@pytest.mark.parametrize(
    ("a", "b", "paths"),
    [
        # Fans of 8: the same numbers in other words.
        ([Rule("he_normal", role="kernel")], [Rule("normal(std=0.5)", role="kernel")], []),
        ([Rule("he_normal", "0.weight"), Rule("ones", role="kernel")],
         [Rule("he_normal(gain=1.4)", "0.weight"), Rule("ones", role="kernel")], ["0.weight"]),
        ([Rule("he_normal", role="kernel")], [Rule("he_uniform", role="kernel")],
         ["0.weight", "1.weight_ih_l0"]),
        ([Rule("ones", role="kernel")], [Rule("constant(value=1)", role="kernel")], []),
        # The law of an element is the same; the element that gets it is not.
        ([Rule("he_normal", role="kernel")],
         [Rule("he_normal", "0.weight", axes="in out"), Rule("he_normal", role="kernel")],
         ["0.weight"]),
        ([Rule("ones", role="kernel")],
         [Rule("ones", "0.weight", axes="in out"), Rule("ones", role="kernel")], []),
        ([Rule("ones", role="kernel")],
         [Rule("ones", "1.bias_ih_l0", part="stack[1]"), Rule("ones", role="kernel")],
         ["1.bias_ih_l0"]),
        ([Rule("ones", role="kernel")],
         [Rule("keep", "0.bias"), Rule("ones", role="kernel")], ["0.bias"]),
    ],
)  # fmt: skip
def test_what_changes(a, b, paths) -> None:
    """Laws, axes, parts and what is kept count; spelling does not."""
    assert changed(a + REST, b + REST) == paths
    assert changed(Recipe(b + REST), a + REST) == paths
    assert changed(a + REST, a + REST) == []
    # What is left out starts with the same bits, and the rest does not.
    first, second = net(), net()
    for model, rules in ((first, a), (second, b)):
        for parameter in model.parameters():
            nn.init.constant_(parameter, -7)
        initialize(model, rules + REST, 7)
    drawn = zip(first.named_parameters(), second.named_parameters(), strict=True)
    for (path, one), (_, other) in drawn:
        if path in paths:
            assert not torch.equal(one, other)
        else:
            torch.testing.assert_close(one, other, rtol=1e-6, atol=0)


def test_names_of_recipes_and_errors() -> None:
    """Names are taken as elsewhere; a recipe that does not fit is an error."""
    assert {a.role for a, _ in diff("he", "glorot", net())} == {"kernel"}
    with pytest.raises(RecipeError, match=r"0\.weight"):
        diff("he", [Rule("ones", role="bias")], net())
