"""Lines of specs with arithmetic over names."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initspec import InitSpec
from initspec.errors import FormatError, SpecError
from initspec.models.template import Template, read

NAMES = {"depth": 12.0, "index": 3.0, "fan_in": 64.0}


@pytest.mark.parametrize(
    ("line", "spec"),
    [
        ("he_normal", InitSpec.he_normal()),
        ("he_normal(mode=fan_out)", InitSpec.he_normal(mode="fan_out")),
        ("sparse(0.9, along=in)", InitSpec.sparse(0.9)),
        ("normal(std=2 / 100)", InitSpec.normal(0.02)),
        ("uniform(low=-1/8, high=1/8)", InitSpec.uniform(low=-0.125, high=0.125)),
        ("normal(std=0.02 / sqrt(2 * depth))", InitSpec.normal(0.02 / math.sqrt(24))),
        ("normal(std=0.02/(2*(index+1))**0.5)", InitSpec.normal(0.02 / math.sqrt(8))),
        (
            "he_normal(gain=depth ** -0.25, mode=fan_out)",
            InitSpec.he_normal(gain=12**-0.25, mode="fan_out"),
        ),
        ("lecun_normal(gain=min(1, sqrt(fan_in / 16)))", InitSpec.lecun_normal()),
        ("constant(value=log(depth))", InitSpec.constant(math.log(12))),
        (
            "InitSpec(distribution=truncated_normal(lower=-depth, upper=depth), variance=he)",
            InitSpec.parse("he_truncated_normal(lower=-12, upper=12)"),
        ),
        ("repeat(of=he_normal, times=(index - 1) ** 2)", InitSpec.repeat(InitSpec.he_normal(), 4)),
        (
            "repeat(normal(std=1 / depth), 3, order=tiled)",
            InitSpec.repeat(InitSpec.normal(1 / 12), 3, order="tiled"),
        ),
        (
            "repeat(of=he_normal(mode=fan_out), along=stack)",
            InitSpec.repeat(InitSpec.he_normal(mode="fan_out"), along="stack"),
        ),
        ("InitSpec(uniform, he, gain=1 / depth)", InitSpec.he_uniform(gain=1 / 12)),
    ],
)
def test_numbers(line: str, spec: InitSpec) -> None:
    """A line with its numbers filled in is the spec of the result."""
    made = read(line)
    assert (made.spec(NAMES.__getitem__) if isinstance(made, Template) else made) == spec


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 0) -> str:
    """Draw an expression of the language."""
    kind = draw(st.integers(0, 6 if depth < 4 else 1))
    if kind == 0:
        return draw(st.sampled_from(sorted(NAMES)))
    if kind == 1:
        return repr(draw(st.floats(0.1, 10)))
    left = draw(arithmetic(depth + 1))
    right = draw(arithmetic(depth + 1))
    return {
        2: f"({left} {draw(st.sampled_from('+-*/'))} {right})",
        3: f"(-{left})",
        4: f"sqrt({left})",
        5: f"max({left}, {right}, 2)",
        6: f"min({left}, {right})",
    }[kind]


@given(arithmetic())
def test_arithmetic_is_that_of_python(text: str) -> None:
    """The value is Python's own, which reads the same text."""
    names = {"sqrt": math.sqrt, "min": min, "max": max, **NAMES}
    try:
        expected = eval(text, {"__builtins__": {}}, names)
    except (ValueError, ArithmeticError):
        expected = math.nan
    line = f"constant(value={text})"
    try:
        made = read(line)
        made = made.spec(NAMES.__getitem__) if isinstance(made, Template) else made
    except (FormatError, SpecError):
        assert not math.isfinite(expected)
    else:
        assert made == InitSpec.constant(expected)


@given(arithmetic())
def test_text_is_read_back(text: str) -> None:
    """What a template writes is read as an equal one."""
    try:
        made = read(f"normal(std={text})")
    except (FormatError, SpecError):
        return
    assert read(str(made)) == made


def test_equal_whatever_the_spacing() -> None:
    """White space and needless parentheses mean nothing."""
    assert read("normal(std=0.02/sqrt( (2*depth) ))") == read(
        "normal(std = 0.02 / sqrt(2 * depth))"
    )
    assert hash(read("normal(std=1/depth)")) == hash(read("normal(std=1 / depth)"))
    assert str(read("sparse(1 / depth, along=in)")) == "sparse(1 / depth, along=in)"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("normal(std=1/0)", "no finite value"),
        ("normal(std=sqrt(-1))", "no finite value"),
        ("normal(std=(-2)**0.5)", "no finite value"),
        ("normal(std=9**9**9**9)", "no finite value"),
        ("normal(std=a.b)", "not arithmetic"),
        ("normal(std=a[0])", "not arithmetic"),
        ("normal(std=[1])", "not arithmetic"),
        ("normal(std=1 if depth else 2)", "not arithmetic"),
        ("normal(std=depth % 2)", "not arithmetic"),
        ("normal(std=True + 1)", "not arithmetic"),
        ("normal(std=sqrt(1, 2))", "sqrt of 2"),
        ("normal(std=max(depth))", "max of 1"),
        ("norml(std=depth)", "'norml'"),
        ("normal(st=depth)", "'st'"),
        ("normal(std=depth) + 1", "no spec"),
        ("lambda: 1", "no spec"),
        ("normal(std=depth", "cannot be read"),
        ("normal(std=" + "(" * 300 + "1" + ")" * 300 + ")", "cannot be read"),
        ("normal(std=" + "-" * 60 + "depth)", "nested"),
        ("x" * 1001, "1001 characters"),
        (None, "pass an InitSpec"),
    ],
)
def test_bad_lines(line: object, says: str) -> None:
    """What cannot be read or computed says what it is."""
    with pytest.raises(FormatError, match=says):
        read(line)  # type: ignore[arg-type]


def test_division_by_a_name_that_is_0() -> None:
    """The message has the arithmetic and the numbers."""
    made = read("normal(std=1 / (depth - 12))")
    assert isinstance(made, Template)
    with pytest.raises(FormatError, match=r"'1 / \(depth - 12\)'.*for depth=12"):
        made.spec(NAMES.__getitem__)


def test_out_of_range() -> None:
    """A number that the spec refuses is refused by the spec."""
    made = read("normal(std=-1 / depth)")
    assert isinstance(made, Template)
    with pytest.raises(SpecError, match="std"):
        made.spec(NAMES.__getitem__)
    with pytest.raises(SpecError, match="std"):
        read("normal(std=-1 / 2)")


def test_nothing_is_evaluated() -> None:
    """A call of anything else is refused, not made."""
    with pytest.raises(FormatError):
        read("normal(std=__import__('os').getpid())")
