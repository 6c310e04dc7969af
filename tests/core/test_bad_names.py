"""Names that do not exist, or mean something else: the message has what was meant."""

from __future__ import annotations

import pytest

from initspec import Constant, FanRule, InitSpec, InitSpecError, Sparse, Std, errors, gain
from tests.refusal import refuse


@pytest.mark.parametrize(
    ("call", "given", "nearest"),
    [
        (lambda: InitSpec("norml"), "'norml'", "'normal'"),
        (lambda: InitSpec("Normal"), "'Normal'", "'normal'"),
        (lambda: InitSpec("normal", "hee"), "'hee'", "'he'"),
        (lambda: InitSpec("normal", "He"), "'He'", "'he'"),
        (lambda: InitSpec(mode="fan_inn"), "'fan_inn'", "'fan_in'"),
        (lambda: InitSpec(mode="FAN_OUT"), "'FAN_OUT'", "'fan_out'"),
        (lambda: Sparse(0.5, "inn"), "'inn'", "'in'"),
        (lambda: InitSpec().replace(gian=1), "'gian'", "'gain'"),
        (lambda: InitSpec().to("torhc"), "'torhc'", "'torch'"),
        (lambda: InitSpec.parse("he_norml"), "'he_norml'", "'he_normal'"),
        (lambda: InitSpec().std((2, 3), "out inn"), "'inn'", "'in'"),
    ],
)
def test_unknown_names(call, given, nearest):
    """An unknown name is answered with the nearest, in two lines of a terminal."""
    refuse(call, given, f"did you mean {nearest}")
    with pytest.raises(InitSpecError) as caught:
        call()
    assert len(str(caught.value)) <= 160


@pytest.mark.parametrize("given", [None, 3, 1.5, [], object, FanRule, "xx"], ids=repr)
def test_no_distribution(given):
    """What is no distribution is answered with all that there are."""
    refuse(lambda: InitSpec(given), "unknown distribution", "truncated_normal", "orthogonal")


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: InitSpec("xavier_uniform"), "InitSpec.xavier_uniform()"),
        (lambda: InitSpec("Kaiming_Normal"), "InitSpec.kaiming_normal()"),
        (lambda: InitSpec("glorot_unifrm"), "InitSpec.glorot_uniform()"),
        (lambda: InitSpec("zeros"), "InitSpec.zeros()"),
        (lambda: InitSpec("he"), "InitSpec('normal', 'he')"),
        (lambda: InitSpec(Std(0.5)), "InitSpec('normal', Std(std=0.5, mean=0.0))"),
        (lambda: InitSpec("normal", "he_uniform"), "InitSpec.he_uniform()"),
        (lambda: InitSpec.for_activation("gelu", "lecun_normal"), "InitSpec.lecun_normal()"),
        (lambda: InitSpec.variance_scaling(1, "fan_in", "he_uniform"), "InitSpec.he_uniform()"),
    ],
)
def test_a_whole_spec_in_place_of_a_part(call, line):
    """The name of a spec, or of a rule, where a distribution belongs: the line to write works."""
    refuse(call, f"write {line}", kind=errors.SpecError)
    assert isinstance(eval(line), InitSpec)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gaussian", "normal"),
        ("RandomNormal", "normal"),
        ("random_uniform", "uniform"),
        ("trunc_normal_", "truncated_normal"),
        ("untruncated_normal", "normal"),
        ("eye", "identity"),
        ("orthogonal_", "orthogonal"),
    ],
)
def test_what_laws_are_called_elsewhere(name, meant):
    """The guess is the same law, as a distribution and as a line."""
    refuse(lambda: InitSpec(name), f"did you mean {meant!r}?")
    refuse(lambda: InitSpec.parse(name), f"did you mean {meant!r}?")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gaussian", "normal"),
        ("he", "he_uniform"),
        ("xavier", "xavier_normal"),
        ("eye", "identity"),
        ("HeNormal", "he_normal"),
        ("trunc_normal_", "truncated_normal"),
        ("for_activaton", "for_activation"),
    ],
)
def test_constructors_that_do_not_exist(name, meant):
    """`InitSpec.gaussian`: the constructor that was meant; a private name, or none alike: no guess.

    hasattr goes on working, which is what asks for most of the names that there are not.
    """
    with pytest.raises(AttributeError, match=rf"{name!r}; write .*InitSpec\.{meant}\(\.\.\.\)"):
        getattr(InitSpec, name)
    for missing in ("zzz", f"_{name}"):
        with pytest.raises(AttributeError, match=f"no attribute {missing!r}$"):
            getattr(InitSpec, missing)


@pytest.mark.parametrize("name", ["HeNormal", "kaiming_normal_", "GlorotUniform"])
def test_names_as_frameworks_spell_them(name):
    """They may mean another law there, as Keras' HeNormal does."""
    for call in (lambda: InitSpec(name), lambda: InitSpec.parse(name)):
        refuse(call, "normal" if "ormal" in name else "uniform", "initspec translate")


def test_distribution_that_needs_an_argument():
    """The name of a distribution without its argument says to pass the object."""
    for name, kind in (("constant", Constant), ("sparse", Sparse)):
        refuse(
            lambda name=name: InitSpec(name), "Missing required argument", f"{kind.__name__}(...)"
        )
        refuse(
            lambda kind=kind: InitSpec(kind), "Missing required argument", f"{kind.__name__}(...)"
        )


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (("leaky_relu", 0.2), "gain('leaky_relu', negative_slope=0.2)"),
        (("gelu", "tanh"), "gain('gelu', approximate='tanh')"),
        (("hardtanh", -1, 2), "gain('hardtanh', min_val=-1, max_val=2)"),
        (("relu", None), "gain('relu')"),
        (("tanh", 0.2), "gain('tanh')"),
    ],
)
def test_parameters_of_a_gain_by_position(values, line):
    """`gain("leaky_relu", 0.2)`, as torch's calculate_gain: the line has the parameter's name."""
    refuse(lambda: gain(*values), f"write {line}", kind=errors.CallError)
    assert eval(line, {"gain": gain}) > 0


@pytest.mark.parametrize("make", [InitSpec, InitSpec.xavier_uniform, InitSpec.orthogonal])
def test_the_name_of_an_activation_is_no_gain(make):
    """`gain="tanh"`: the number, or the whole spec, is written as the message has it."""
    refuse(lambda: make(gain="tanh"), "initspec.gain('tanh')", "InitSpec.for_activation('tanh')")
