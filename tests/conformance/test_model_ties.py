"""Ties that are broken, and ties that should not be: on models of no framework."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from initspec_conformance.models.ties import ties

from initspec.backend.parameter import Parameter, Place


def parameter(*places: tuple[str, str]) -> Parameter:
    """Return a parameter of paths and roles."""
    return Parameter(tuple(Place(path, (), role) for path, role in places), (4, 4), "float32")


WTE, HEAD = ("wte.weight", "embedding"), ("head.weight", "kernel")
DECLARED = SimpleNamespace(all_tied_weights_keys={"head.weight": "wte.weight"})


def test_a_declared_tie_that_is_broken_is_found():
    """At the path that should be the other's; not where it holds, or neither is there."""
    (finding,) = ties(DECLARED, [parameter(WTE), parameter(HEAD)])
    assert (finding.path, finding.kind) == ("head.weight", "tie")
    assert "wte.weight" in finding.message
    assert "broken" in finding.looks_like
    assert not list(ties(DECLARED, [parameter(WTE, HEAD)]))
    assert not list(ties(DECLARED, [parameter(("other.weight", "kernel"))]))
    assert not list(ties(SimpleNamespace(), [parameter(WTE), parameter(HEAD)]))


@pytest.mark.parametrize("wanted", [True, False, None])
def test_a_tie_that_the_configuration_unties_is_found(wanted):
    """Where input and output embedding are one weight, and only where that is said to be wrong."""
    one = SimpleNamespace(weight=object())
    model = SimpleNamespace(
        config=SimpleNamespace(tie_word_embeddings=wanted),
        get_input_embeddings=lambda: one,
        get_output_embeddings=lambda: one,
    )
    findings = list(ties(model, [parameter(WTE, HEAD)]))
    assert [finding.looks_like for finding in findings] == (
        ["a tie that should not be"] if wanted is False else []
    )
    model.get_output_embeddings = lambda: SimpleNamespace(weight=object())
    assert not list(ties(model, [parameter(WTE), parameter(HEAD)]))


def test_kernels_of_one_parent_are_found_and_layers_applied_again_are_not():
    """q and k are two weights; a list may hold one layer twice, and so may two blocks."""
    (finding,) = ties(None, [parameter(("h.0.q.weight", "kernel"), ("h.0.k.weight", "kernel"))])
    assert finding.path == "h.0.k.weight"
    assert "h.0.q.weight" in finding.message
    for right in (
        [("0.weight", "kernel"), ("2.weight", "kernel")],
        [("h.0.weight", "kernel"), ("h.1.weight", "kernel")],
        [("h.0.q.weight", "kernel"), ("h.1.q.weight", "kernel")],
        [("wte.weight", "embedding"), ("head.weight", "kernel")],
        [("a.bias", "bias"), ("b.bias", "bias")],
    ):
        assert not list(ties(None, [parameter(*right)]))
