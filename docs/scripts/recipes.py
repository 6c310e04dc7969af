"""A hook of mkdocs: the recipes that come with initspec, written into the pages that name them.

Where a page has `<!-- recipes: a b -->` stand the recipes a and b; where it has
`<!-- recipes: the rest -->`, all that it names nowhere else. So no page can lag behind the files.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "initspec" / "models" / "recipes"
MARKER = re.compile(r"^<!-- recipes: (.+) -->$", re.M)
REST = "the rest"
FACTORS = ("forward", "learning rate", "weight decay", "epsilon")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the recipes in the place of the markers.

    Raises:
        ValueError: a page names a recipe that there is not, or one twice.
    """
    named = [
        name for match in MARKER.finditer(markdown) if match[1] != REST for name in match[1].split()
    ]
    shipped = {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}
    wrong = {name for name in named if name not in shipped or named.count(name) > 1}
    if wrong:
        raise ValueError(f"recipes that there are not, or twice on a page: {sorted(wrong)}")
    rest = [name for name in shipped if name not in named]

    def written(match: re.Match[str]) -> str:
        names = rest if match[1] == REST else match[1].split()
        return "\n\n".join(
            section(tomllib.loads(shipped[name].read_text("utf-8"))) for name in names
        )

    return MARKER.sub(written, markdown)


def section(recipe: dict[str, Any]) -> str:
    """Return the section of a recipe: source, numbers, rules and companions."""
    name = recipe["name"]
    parts = [f"### `{name}` {{#{name}}}", f"{plain(recipe['source'])}."]
    for number, meaning in recipe.get("numbers", {}).items():
        parts.append(f"`{number}`: {plain(meaning)}.")
    rows = [f"| {reach(rule)} | {code(rule['spec'])} |" for rule in recipe["rules"]]
    parts.append("\n".join(["| parameters | start |", "|---|---|", *rows]))
    companions = [f"- {line(companion)}" for companion in recipe.get("companions", [])]
    if companions:
        parts.append("**Beyond the weights:**\n\n" + "\n".join(companions))
    return "\n\n".join(parts)


def reach(rule: dict[str, Any]) -> str:
    """Return which parameters a rule is for."""
    words = []
    for key in ("path", "role", "layer", "part"):
        given = rule.get(key, [])
        values = given if isinstance(given, list) else [given]
        if values:
            head = "" if key == "path" else f"{key} "
            words.append(head + "<br>".join(map(code, values)))
    return "; ".join(words) or "all"


def line(companion: dict[str, str]) -> str:
    """Return what belongs to a recipe beyond the weights, in a line."""
    kind, of, value = companion["kind"], plain(companion["of"]), companion["value"]
    if kind not in FACTORS:
        return f"{of}: {plain(value)}"
    head = f"{kind}, {of}" if kind == "forward" else f"{kind} of {of}"
    return f"{head}: times {code(value)}"


def code(text: str) -> str:
    """Return a text as code in a cell of a table."""
    return f"`{text}`".replace("|", r"\|")


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return re.sub(r"([\\`*_<>\[\]{}|])", r"\\\1", text)
