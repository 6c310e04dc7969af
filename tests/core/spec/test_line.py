"""Text is read, never evaluated: lines that are no spec, and hostile ones."""

from __future__ import annotations

import builtins
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initspec import (
    InitSpec,
    InitSpecError,
)
from initspec.errors import FormatError

UNREADABLE = [
    "",
    " ",
    "()",
    "he_normal; zeros",
    "he_normal, zeros",
    "he_normal = 1",
    "he_normal(gain=2",
    "he_normal)",
    "[he_normal]",
    "he_normal()()",
    "he_normal().replace",
    "he_normal.__class__",
    "InitSpec.he_normal().to_numpy()",
    "InitSpec.he_normal",
    "initspec.InitSpec()",
    "he_normal(*[1])",
    "he_normal(**{'gain': 2})",
    "he_normal(gain=1 + 1)",
    "he_normal(gain=2 ** 10 ** 10)",
    "he_normal(gain=--1)",
    "he_normal(gain=not 1)",
    "he_normal(gain=[2])",
    "he_normal(gain=(2,))",
    "he_normal(gain={})",
    "he_normal(gain=1j)",
    "he_normal(gain=None)",
    "he_normal(gain=...)",
    "he_normal(gain=b'1')",
    "he_normal(gain=f'{1}')",
    "he_normal(gain=(x := 2))",
    "he_normal(gain=lambda: 2)",
    "he_normal(gain=2 if 1 else 3)",
    "he_normal(gain=[g for g in (1,)])",
    "he_normal(gain=math.pi)",
    "he_normal(gain=open('x').read())",
    "(lambda: he_normal)()",
    "__import__('os').system('touch pwned')",
    "he_normal(gain=[trap() for _ in 'x'][0])",
    "he_normal(gain=(lambda: trap())())",
    "(trap() or he_normal)()",
    "he_normal(gain=f'{trap()}')",
    "he_normal(*trap())",
    "he_normal(**trap())",
    "he_normal(gain=trap().real)",
    "he_normal(gain=trap()())",
    "\x00",
    "he_normal\x00",
    "(" * 900,
    "he_normal(" * 99,
    "-" * 900 + "1",
]

UNKNOWN = [
    "he_norml",
    "HE_NORMAL",
    "mro",
    "parse",
    "replace",
    "from_json('{}')",
    "_spec",
    "__init__",
    "__class__()",
    "__import__('os')",
    "eval('1')",
    "he_normal(gain=__import__('os'))",
    "he_normal(gain=eval('2'))",
    "trap()",
    "he_normal(gain=trap())",
    "InitSpec(distribution=trap(normal))",
    "he_normal(gian=2)",
    "he_normal(1, 'fan_in', 0.0, 4)",
    "he_normal(1, gain=1)",
    "he_normal(gain=1, gain=2)",
    "InitSpec(distribution=truncated_normal(lower=-1, lower=-1))",
    "InitSpec(_key=1)",
    "zeros(gain=2)",
    "constant()",
    "sparse",
    "InitSpec(distribution=sparse())",
]

OUT_OF_RANGE = [
    "he_normal(gain=0)",
    "he_normal(gain=-1)",
    "he_normal(gain=1e999)",
    "he_normal(gain=-1e999)",
    "he_normal(gain=nan)",
    "he_normal(gain=inf)",
    "he_normal(gain='2')",
    "he_normal(gain=True)",
    f"he_normal(gain={'9' * 400})",
    "he_normal(gain=normal)",
    "he_normal(gain=normal())",
    "normal(std=Std(0.5))",
    "he_normal(mode=fan_inn)",
    "he_normal(mode=1)",
    "InitSpec(distribution=std(0.5))",
    "InitSpec(distribution=orthogonal, variance=he)",
    "InitSpec(distribution=constant)",
    "InitSpec(variance=normal())",
    "variance_scaling(distribution=constant(1))",
    "truncated_normal(lower=2, upper=1)",
    "truncated_normal(corrected=1)",
    "constant(value=true)",
]


def test_a_quotient_is_named():
    """A line holds no arithmetic: the error has the decimal form."""
    with pytest.raises(FormatError, match=r"^-1 / 3 in .*power=-0\.3333333333333333 for -1/3"):
        InitSpec.parse("variance_scaling(power=-1/3)")
    assert InitSpec.parse("variance_scaling(power=-0.3333333333333333)").variance.power == -1 / 3


@pytest.mark.parametrize("line", ["sparse(0.5, along=in)", "sparse(0.5, along = in, std=0.01)"])
def test_in_is_read_though_python_keeps_it(line):
    """`along=in` is what one says; the parser reads Python's syntax, where `in` is a keyword."""
    assert InitSpec.parse(line) == InitSpec.sparse(0.5)


@pytest.mark.parametrize("line", UNREADABLE + UNKNOWN + OUT_OF_RANGE)
def test_lines_that_are_no_spec(line, monkeypatch, tmp_path):
    """Every other line raises an InitSpecError, quickly, and runs nothing."""
    monkeypatch.chdir(tmp_path)

    def never(*args, **kwargs):
        raise AssertionError("parse evaluated its line")

    monkeypatch.setattr(builtins, "trap", never, raising=False)
    monkeypatch.setattr(builtins, "open", never)
    monkeypatch.setattr(os, "system", never)
    expected = FormatError if line in UNREADABLE + UNKNOWN else InitSpecError
    with pytest.raises(expected) as caught:
        InitSpec.parse(line)
    assert len(str(caught.value)) < 2_000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("line", [None, 3, b"he_normal", InitSpec(), ["he_normal"]], ids=repr)
def test_only_text_is_parsed(line):
    """Anything but a string is answered with an example of a line."""
    with pytest.raises(FormatError, match="pass a line such as 'he_normal"):
        InitSpec.parse(line)


def test_long_lines():
    """A line that is longer than any spec is not even read."""
    with pytest.raises(FormatError, match="at most 1000"):
        InitSpec.parse("he_normal(" + " " * 1000 + ")")


@given(st.text(max_size=40) | st.text(alphabet="he_normal(gain=2.0,std1e-)'", max_size=60))
@settings(max_examples=300)
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_parse_never_breaks(line):
    """Any line at all is a spec or an InitSpecError."""
    try:
        spec = InitSpec.parse(line)
    except InitSpecError:
        return
    assert InitSpec.parse(str(spec)) == spec
