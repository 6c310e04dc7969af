"""The lines that `translate` writes for a spec: Python expressions, formulas, papers."""

from __future__ import annotations

import math

import pytest

from initspec import Fans, InitSpec, backends
from initspec.spec.constructors import CONSTRUCTORS
from initspec.spec.formula import rule_formula
from initspec.spec.papers import paper
from initspec.translate import translate
from initspec.translate.difference import differences
from initspec.translate.writing import python
from tests.core.spec.strategies import NAMES

SPECS = [
    "glorot_uniform", "he_normal", "he_uniform(gain=1.5)", "glorot_normal(mode=fan_geo_avg)",
    "normal(std=0.02)",
    "he_uniform(negative_slope=0.2, mode=fan_out)", "he_normal(negative_slope=0.3333333333333333)",
    "he_truncated_normal(lower=-3.0, upper=1.0)", "truncated_normal(std=0.1, corrected=False)",
    "variance_scaling(scale=3.0, distribution=truncated_normal(corrected=False))", "ones",
    "InitSpec(distribution=sparse(sparsity=0.5), variance=he)", "constant(value=-2.5)",
    "sparse(sparsity=0.5, along=out)", "orthogonal(gain=1.4)", "uniform(low=-1.0, high=3.0)",
    "dirac",
]  # fmt: skip


@pytest.mark.parametrize("line", SPECS)
def test_python_expression_is_the_spec(line: str) -> None:
    """The initspec line of the table, evaluated, is the spec."""
    spec = InitSpec.parse(line)
    assert eval(python(spec), NAMES | {"math": math}) == spec
    assert translate(python(spec)).spec == spec if "InitSpec.parse" not in python(spec) else True


def test_along_in() -> None:
    """A line as it is printed, with a word that Python keeps for itself."""
    assert translate("sparse(0.9, along=in)").spec == InitSpec.sparse(0.9)


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_own_names_translate(name: str) -> None:
    """Each named constructor is read, and has a line or a reason in every framework."""
    numbers = {"sparse": "0.9", "constant": "0.5", "ramp": "0.0, 1.0", "log_uniform": "0.1, 1.0"}
    numbers["repeat"] = "InitSpec.he_normal(), 4"
    arguments = numbers.get(name, "")
    translation = translate(f"InitSpec.{name}({arguments})")
    assert {line.framework for line in translation.lines} == set(backends())
    assert all(line.code or line.notes for line in translation.lines)


@pytest.mark.parametrize("line", SPECS)
def test_formula_is_the_std(line: str) -> None:
    """The rule's formula, worked out by Python, is sigma, up to the four digits of its numbers."""
    spec, fans = InitSpec.parse(line), Fans(12, 20)
    resolved = spec.resolve((20, 12, 1))
    for text in (rule_formula(spec).sigma, rule_formula(spec, fans).sigma):
        if text:
            names = {"sqrt": math.sqrt, "fan_in": 12, "fan_out": 20}
            assert eval(text, names) == pytest.approx(resolved.sigma, rel=2e-4)
    if rule_formula(spec).variance:
        text = rule_formula(spec, fans).variance.replace("^", "**")
        assert eval(text, {"sqrt": math.sqrt}) == pytest.approx(resolved.sigma**2, rel=4e-4)


def test_paper_follows_the_rule() -> None:
    """The paper is that of the rule, not of the name it was written under."""
    assert "eq. 10" in str(paper(InitSpec.variance_scaling(2.0)))
    assert "eq. 14" in str(paper(InitSpec.he_normal(mode="fan_out")))
    assert "eq. 15" in str(paper(InitSpec.he_normal(negative_slope=0.2)))
    assert "eq. 16" in str(paper(InitSpec.glorot_uniform()))
    assert "eq. 12" in str(paper(InitSpec.glorot_normal()))
    assert "LeCun" in str(paper(InitSpec.lecun_uniform()))
    assert "Martens" in str(paper(InitSpec.sparse(0.5)))
    assert paper(InitSpec.normal()) is None


def test_how_parts_of_a_family_differ() -> None:
    """Noise on an identity, and equal outputs, in words."""
    noisy, he = InitSpec.identity(noise=0.1), InitSpec.he_normal()
    assert differences(noisy, InitSpec.identity()) == ("without noise",)
    assert differences(InitSpec.identity(), noisy) == ("with noise of std 0.1",)
    assert differences(he, InitSpec.repeat(he, 4, order="tiled"))[0] == "4 outputs equal, tiled"
    assert differences(he, InitSpec.repeat(he, along="stack"))[0] == "all stack members equal"
