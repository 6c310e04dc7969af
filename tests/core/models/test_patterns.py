"""Globs over paths."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initspec.errors import FormatError
from initspec.models.patterns import Pattern, outermost_index

NAMES = st.from_regex(r"[a-z_0-9]{1,4}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(".".join)


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("wte.weight", "wte.weight", True),
        ("wte.weight", "wte_weight", False),
        ("wte.weight", "h.wte.weight", False),
        ("WTE.weight", "wte.weight", False),
        ("**.wte.weight", "wte.weight", True),
        ("**.wte.weight", "a.b.wte.weight", True),
        ("**.wte.weight", "a.xwte.weight", False),
        ("encoder.**", "encoder", True),
        ("encoder.**", "encoder.a.b", True),
        ("encoder.**", "encoders.a", False),
        ("a.**.b", "a.b", True),
        ("a.**.b", "a.x.y.b", True),
        ("a.**.b", "a.xb", False),
        ("**", "a.b", True),
        ("h.*.weight", "h.1.weight", True),
        ("h.*.weight", "h.1.a.weight", False),
        ("c_*", "c_proj", True),
        ("{q,k}_proj", "k_proj", True),
        ("{q,k}_proj", "v_proj", False),
        ("{attn.out,mlp}.weight", "attn.out.weight", True),
        ("{*_norm,ln_*}.weight", "ln_1.weight", True),
        ("h.{index}.w", "h.11.w", True),
        ("h.{index}.w", "h.x.w", False),
        ("a+b.(c)", "a+b.(c)", True),
        ("a+b", "aab", False),
    ],
)
def test_matches(glob: str, path: str, matches: bool) -> None:
    """A glob is of the whole path; what is not of the language stands for itself."""
    assert Pattern(glob).matches(path) is matches


@given(PATHS, st.data())
def test_a_path_is_its_own_glob_and_those_with_parts_left_out(
    path: str, data: st.DataObject
) -> None:
    """Any part may become `*`, any run of parts `**`."""
    parts = path.split(".")
    start = data.draw(st.integers(0, len(parts)))
    stop = data.draw(st.integers(start, len(parts)))
    starred = [data.draw(st.sampled_from([part, "*", part[0] + "*"])) for part in parts]
    assert Pattern(path).matches(path)
    assert Pattern(".".join(starred)).matches(path)
    assert Pattern(".".join([*starred[:start], "**", *starred[stop:]])).matches(path)
    assert not Pattern(".".join([*parts, "*"])).matches(path)


@given(st.text("ab.*{},", max_size=12))
def test_any_text_is_a_glob_or_an_error(text: str) -> None:
    """No text raises anything else, and what is read does not take long to match."""
    try:
        pattern = Pattern(text)
    except FormatError:
        return
    assert pattern.matches("a.b") in (True, False)


@pytest.mark.parametrize(
    "text",
    ["", ".", "a..b", ".a", "a.", "a{b", "a}b", "{a,{b}}", "a**.b", "{**,a}", "a" * 1001, 3, None],
)
def test_bad_globs(text: object) -> None:
    """What cannot be read is refused."""
    with pytest.raises(FormatError, match="the glob"):
        Pattern(text)  # type: ignore[arg-type]


def test_index_twice() -> None:
    """Which of two would be the index cannot be said."""
    with pytest.raises(FormatError, match=re.escape("{index} twice")):
        Pattern("h.{index}.{index}")


@pytest.mark.parametrize(
    ("path", "index", "siblings"),
    [
        ("h.11.mlp.weight", 11, {"h.0.x", "h.3.mlp.weight"}),
        ("encoder.block.0.layer.1.w", 0, {"encoder.block.7.layer.0.w"}),
        ("0.weight", 0, {"4.bias"}),
    ],
)
def test_outermost_index(path: str, index: int, siblings: set[str]) -> None:
    """The first integer counts, beside its siblings and no others."""
    place = outermost_index(path)
    assert place is not None
    assert place[0] == index
    assert all(place[1].matches(sibling) for sibling in siblings | {path})
    assert not place[1].matches("decoder.block.3.w")


def test_no_index() -> None:
    """Numbers within a part are not the index of a block."""
    assert outermost_index("conv1.layer2.weight_l0") is None
