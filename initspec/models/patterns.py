"""Globs over the paths of parameters, such as `h.{index}.**.{weight,bias}`.

A path is parts joined by dots. `*` is any run of characters within a part, `**` any number of
parts, none too, `{a,b}` one of several texts, and `{index}` an integer, a part or within one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from initspec.errors import FormatError, shown

INDEX = "{index}"
LONGEST = 1_000
"""The characters of a glob."""
_PART = r"[^.]+"
_TOKEN = re.compile(r"\{[^{}]*\}|\*+|[^{}*]+|[{}]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob over paths, case-sensitive.

    Args:
        text: the glob.

    Raises:
        FormatError: a part is empty, braces do not match, or `**` is not a whole part.

    >>> Pattern("**.attn.{q,k}_proj.weight").matches("layers.3.attn.k_proj.weight")
    True
    >>> Pattern("h.{index}.mlp.weight").index("h.11.mlp.weight")
    11
    """

    text: str
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_regex", re.compile(_compile(self.text), re.DOTALL))

    def __str__(self) -> str:
        return self.text

    def matches(self, path: str) -> bool:
        """Return whether the whole path is one of the glob."""
        return self._regex.fullmatch(path) is not None

    def index(self, path: str) -> int | None:
        """Return the integer that stands for `{index}`; None where there is none."""
        match = self._regex.fullmatch(path)
        return int(match["index"]) if match and INDEX in self.text else None

    def siblings(self, path: str) -> Pattern | None:
        """Return the glob of the parts beside the one that has `{index}`.

        >>> str(Pattern("h.{index}.mlp.weight").siblings("h.11.mlp.weight"))
        'h.{index}.**'
        >>> str(Pattern("h{index}_mlp.kernel").siblings("h11_mlp.kernel"))
        'h{index}*.**'
        """
        match = self._regex.fullmatch(path)
        return beside(path, *match.span("index")) if match and INDEX in self.text else None


def outermost_index(path: str) -> tuple[int, Pattern] | None:
    """Return the first part that is an integer, and the glob of the parts beside it."""
    match = re.search(r"(?:^|\.)(\d+)(?=\.|$)", path)
    return (int(match[1]), beside(path, *match.span(1))) if match else None


@lru_cache(maxsize=1024)
def beside(path: str, start: int, end: int) -> Pattern:
    """Return the glob of what begins as `path` does, with any integer from `start` to `end`.

    Where more of the part follows, as in the layer names of Keras, any text may follow.
    """
    literal = re.sub(r"[{}*]", "*", path[:start])
    rest = "*" if path[end : end + 1] not in ("", ".") else ""
    return Pattern(f"{literal}{INDEX}{rest}.**")


@lru_cache(maxsize=4096)
def _compile(text: str) -> str:
    """Return the regular expression of a glob."""
    if not isinstance(text, str) or not text or len(text) > LONGEST:
        raise FormatError(
            f"the glob {shown(text)}: write 1 to {LONGEST} characters, such as '**.weight'"
        )
    tokens = _TOKEN.findall(text)
    if re.search(r"\{[^{}]*\{[^{}]*\}[^{}]*\}", text):
        raise FormatError(f"the glob {text!r} has braces within braces: write {{a,b,c}}")
    if "{" in tokens or "}" in tokens:
        raise FormatError(f"the glob {text!r} has a brace without its other: write {{a,b}}")
    if text.count(INDEX) > 1:
        raise FormatError(f"the glob {text!r} has {INDEX} twice: leave one, and write * for others")
    regex = ""
    parts = _parts(tokens, text)
    for position, part in enumerate(parts):
        first, last = position == 0, position == len(parts) - 1
        if part == ["**"]:
            if last:
                regex = rf"{regex.removesuffix(chr(92) + '.')}(?:\.{_PART})*" if not first else ".+"
            else:
                regex += rf"(?:{_PART}\.)*"
        else:
            regex += "".join(_token(token, text) for token in part) + ("" if last else r"\.")
    return regex


def _parts(tokens: list[str], text: str) -> list[list[str]]:
    """Split the tokens of a glob at the dots outside braces."""
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.startswith("{"):
            parts[-1].append(token)
            continue
        first, *others = token.split(".")
        parts[-1] += [first] if first else []
        parts += [[other] if other else [] for other in others]
    if [] in parts:
        raise FormatError(f"the glob {text!r} has an empty part: write * for any part, ** for any")
    return parts


def _token(token: str, text: str) -> str:
    if token == INDEX:
        return r"(?P<index>\d+)"
    if token.startswith("{"):
        choices = token[1:-1].split(",")
        return f"(?:{'|'.join(_literal(choice, text) for choice in choices)})"
    return _literal(token, text)


def _literal(token: str, text: str) -> str:
    if "**" in token:
        raise FormatError(f"the glob {text!r} has ** within a part: write * there, or a dot")
    return re.escape(token).replace(r"\*", "[^.]*")
