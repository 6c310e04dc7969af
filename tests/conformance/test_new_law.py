"""A family that the suite has no law for is refused by name; with its law it is judged."""

import math
import re

import numpy as np
import pytest
from initspec_conformance import assert_initialized, audit_callable
from initspec_conformance.expected import laws
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.expected.laws import LAWS, EntryLaw, sigma
from initspec_conformance.runner.builtin_audit import native_audit
from initspec_conformance.runner.levels import Level
from test_native_audit_doors import LINEAR, Speaker

from initspec import InitSpec
from initspec.backend import Builtin
from initspec.distributions import FAMILIES
from initspec.errors import SpecError
from tests.new_family import PAGE, HalfNormal

BRIEF = Level("brief", 1 << 17, 1 << 8, 60.0)
SHAPE = (96, 64)


@pytest.fixture
def spec(monkeypatch):
    """Add the page's family to the registry of initspec."""
    monkeypatch.setitem(FAMILIES, "half_normal", HalfNormal)
    return InitSpec("half_normal", "he")


@pytest.fixture
def law(monkeypatch):
    """Add the entry of docs/new-family.md to the laws of the suite."""
    entry = re.search(r"^HalfNormal: (lambda .*?),\n```", PAGE.read_text("utf-8"), re.M | re.S)
    names = {"EntryLaw": EntryLaw, "sigma": sigma, "math": math}
    monkeypatch.setitem(LAWS, HalfNormal, eval(entry[1], names))


def draw_of(spec, scale=1.0):
    """Return a function that draws by initspec, scaled."""
    init = spec.to_numpy("out in")

    def draw(shape, dtype, seed):
        weight = init(shape, dtype, np.random.default_rng(seed))
        return weight * weight.dtype.type(scale)

    return draw


def test_without_a_law_each_function_names_the_file(spec):
    """An error with the place where the law belongs, and never a bare assertion."""
    draw = draw_of(spec)
    builtin = Builtin("half(w)", spec, "the docs", (LINEAR,), draw, ("float32",))
    for function in (
        lambda: expected_of(spec, SHAPE, "out in", "float32"),
        lambda: assert_initialized(draw(SHAPE, "float32", 0), spec),
        lambda: audit_callable(draw, spec, SHAPE, "out in"),
        lambda: native_audit([Speaker(builtin)], BRIEF),
    ):
        with pytest.raises(SpecError, match=r"no independent law for 'half_normal'.*laws\.py"):
            function()
    assert laws.__file__.replace("\\", "/").endswith(
        "conformance/initspec_conformance/expected/laws.py"
    )


def test_with_its_law_it_is_judged(spec, law):
    """Right draws pass, one weight and many; wrong ones fail where they are wrong."""
    draw = draw_of(spec)
    assert_initialized(draw(SHAPE, "float32", 0), spec)
    for dtype in ("float32", "bfloat16", "float64"):
        report = audit_callable(draw, spec, SHAPE, "out in", dtype=dtype, level=BRIEF)
        assert report.passed, str(report)
    report = audit_callable(draw_of(spec, 1.05), spec, SHAPE, "out in", level=BRIEF)
    assert "variance" in {failure.check for failure in report.failures}
    normal = draw_of(InitSpec.he_normal())
    report = audit_callable(normal, spec, SHAPE, "out in", level=BRIEF)
    assert "extremes" in {failure.check for failure in report.failures}


def test_its_ends_and_moments_are_scipys(spec, law):
    """A law that SciPy has is given by its name: the support comes with it."""
    expected = expected_of(spec, SHAPE, "out in", "float32")
    assert (expected.law.low, expected.law.high) == (0.0, math.inf)
    mean, std, kurtosis = expected.law.moments()
    assert std == pytest.approx(spec.std(SHAPE, "out in"))
    assert mean == pytest.approx(spec.mean(SHAPE, "out in"))
    assert kurtosis == pytest.approx(spec.law(SHAPE, "out in").kurtosis)
