"""Ties that are broken, and ties that should not be: on models of no framework."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
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


def configured(tied: bool | None, one: bool) -> SimpleNamespace:
    """Return a model with two embeddings, of one weight or two, and what it wants of them."""
    source, output = (SimpleNamespace(weight=np.zeros((4, 4))) for _ in range(2))
    output.weight = source.weight if one else output.weight
    return SimpleNamespace(
        config=SimpleNamespace(tie_word_embeddings=tied),
        get_input_embeddings=lambda: source,
        get_output_embeddings=lambda: output,
        named_modules=lambda: [("wte", source), ("head", output)],
    )


def test_the_configuration_is_held():
    """Embeddings that it ties are one weight, those that it unties are two; else nothing holds."""
    for tied, one, looks in (
        (True, False, "a tie that was broken"),
        (False, True, "a tie that should not be"),
    ):
        places = [parameter(WTE, HEAD)] if one else [parameter(WTE), parameter(HEAD)]
        (finding,) = ties(configured(tied, one), places)
        assert (finding.path, finding.kind) == ("head.weight", "tie")
        assert finding.looks_like.startswith(looks)
        for other in (not tied, None):
            assert not list(ties(configured(other, one), places))


def test_a_model_without_one_input_embedding_has_no_such_tie():
    """As transformers says it, by an error."""

    def missing():
        raise NotImplementedError("please override in the subclass")

    model = configured(True, one=False)
    model.get_input_embeddings = missing
    assert not list(ties(model, [parameter(WTE), parameter(HEAD)]))


def test_the_output_may_be_tied_to_the_embedding_of_the_decoder():
    """The embedding of the input is the encoder's then."""
    decoder = parameter(("decoder.embed.weight", "embedding"), HEAD)
    assert not list(ties(configured(True, one=False), [parameter(WTE), decoder]))


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
