"""The page: `docs/disagreements.md` and its pictures, made of the results alone."""

from __future__ import annotations

from pathlib import Path

from docs.measured.disagreements.charts import alone
from docs.measured.disagreements.results import Results, of_row
from docs.measured.disagreements.rows import ROWS
from docs.measured.disagreements.rows.base import Row
from docs.measured.files import DOCS

PAGE = DOCS / "disagreements.md"
PICTURES = DOCS / "assets" / "disagreements"

_HEAD = """\
<!-- Written by `python -m docs.measured.disagreements` from docs/measured/disagreements/results.json. Change the rows, not this. -->
# Where the frameworks disagree

The same name means different weights in different frameworks, without a warning. Every number here was measured, and a
test holds every claim.

| what you do | what you get |
|---|---|
{summary}

`initspec` says once what the weights should be, and draws exactly that everywhere. Each section ends with its line.
"""

_FOOT = """
## How it was measured

On a CPU, with

{versions}

`python -m docs.measured.disagreements` in the repository measures it again on what you have installed. Laws were measured on 1000 x 1000 weights with fixed seeds. The fan that a framework uses was read off its weights: a
weight of a LeCun rule, divided by the normal numbers that the same seed gives, is 1 / sqrt(fan). Nothing private was
called. Differences that are a matter of taste are called that: which law deserves the name `he_normal` is one, and which
fan a depthwise kernel has is not.

The numbers are in `docs/measured/disagreements/results.json`, the code in `docs/measured/disagreements/`. People have been asking for one answer for
years: {asked}.
"""

_ASKED = (
    ("openvax/mhcflurry", 376),
    ("mlcommons/algorithmic-efficiency", 189),
    ("jax-ml/jax", 4862),
    ("google/flax", 3125),
    ("lululxvi/deepxde", 2088),
    ("pytorch/torchtitan", 1777),
    ("pytorch/torchtitan", 3106),
    ("allenai/OLMo-core", 319),
)


def files(results: Results) -> dict[Path, str]:
    """Return every file of the page with its text."""
    pages = {PAGE: _page(results)}
    for row in ROWS:
        pages[PICTURES / f"{row.id}.svg"] = row.picture(of_row(results, row.id))
    pages[PICTURES / "he-normal-alone.svg"] = alone(pages[PICTURES / "he-normal.svg"])  # README
    return pages


def _page(results: Results) -> str:
    versions = sorted({results[place]["version"] for place in results})
    summary = [
        f"| [{row.title}](#{row.id}) | {row.summary(of_row(results, row.id))} |" for row in ROWS
    ]
    asked = ", ".join(
        f"[{repo.rpartition('/')[2]}#{number}](https://github.com/{repo}/issues/{number})"
        for repo, number in _ASKED
    )
    parts = [_HEAD.format(summary="\n".join(summary))]
    parts += [_section(row, results) for row in ROWS]
    return "\n".join(parts) + _FOOT.format(
        asked=asked, versions="\n".join(f"- {version}" for version in versions)
    )


def _section(row: Row, results: Results) -> str:
    picture = f"docs/assets/disagreements/{row.id}.svg"
    code = "\n".join(f"```python\n{block.strip()}\n```\n" for block in row.code)
    upstream = ", ".join(f"[{text}]({address})" for text, address in row.links)
    line, _, why = row.right.partition("#")
    section = (
        f"## {row.title} {{#{row.id}}}\n\n"
        f"{row.text(of_row(results, row.id))}\n\n"
        f'<figure markdown="0">\n--8<-- "{picture}"\n</figure>\n\n'
        f"{code}\n"
        f"The right line: `{line.strip()}`{f', {why.strip()}' if why else ''}\n"
    )
    return section + (f"\nUpstream: {upstream}\n" if upstream else "")
