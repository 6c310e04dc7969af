"""The page: `docs/native-audit.md`, made of the results alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docs.measured.files import DOCS
from docs.measured.native_audit.causes import CAUSES, Cause, Cell, cause_of
from docs.measured.native_audit.measure import TELLING
from docs.measured.places import KERAS, PLACES

PAGE = DOCS / "native-audit.md"
PATH = Path(__file__).parent / "results.json"

Results = dict[str, dict[str, Any]]
"""results[place] is what `measure` returns of it."""

FRAMEWORKS = {
    "torch": ("torch",),
    "Keras": KERAS,
    "JAX and flax": ("jax",),
}
"""The tables of the page, and the places in each."""

DTYPES = ("float32", "float64", "float16", "bfloat16")

_HEAD = """\
<!-- Written by `python -m docs.measured.native_audit` from docs/measured/native_audit/results.json. Change the causes, not this. -->
# The native audit

What the frameworks' own initializers draw, held against what is said of them: by their documentation, or by the paper
that they are named after. Each was drawn on the weights of real layers and judged by the conformance suite against the
roles that the axes of these weights have, so that a fan that is counted wrong is found like a law that is another.

```sh
initspec conformance --native torch keras jax
```

does it again on what is installed; in Python `native_audit(["torch"], only="*kaiming*")` of `initspec_conformance.runner.builtin_audit`.
A statistical check fails only where it fails again on fresh draws, so that the chance that any verdict on a right
initializer is wrong is 1e-6 for a framework; what is exact, such as a bound or an identity, fails at once.

{versions}

| what differs | initializers x layers |
|---|---|
{summary}

How [laws, fans and structure](disagreements.md) of the frameworks disagree, with pictures and the line that is right, is a page of its own.
"""


def page(results: Results) -> str:
    """Return the page."""
    differing = by_cause(results)
    summary = [
        f"| [{cause.title}](#{cause.id}) | {len(differing[cause.id])} |"
        for cause in CAUSES
        if differing[cause.id]
    ]
    versions = [
        f"- {audit['version']}: {len(audit['cells'])} initializers x layers, "
        f"{sum(bool(cell['failed']) for cell in audit['cells'])} differ"
        for _, audit in _ordered(results)
    ]
    parts = [_HEAD.format(versions="\n".join(versions), summary="\n".join(summary))]
    parts += [_section(cause, differing[cause.id]) for cause in CAUSES if differing[cause.id]]
    for title, places in FRAMEWORKS.items():
        there = {place: results[place]["cells"] for place in places if place in results}
        if there:
            parts += [_layers(title, there), _dtypes(title, there), _defaults(title, there)]
    return "\n".join(parts)


def by_cause(results: Results) -> dict[str, list[tuple[str, Cell]]]:
    """Return the disagreements of each cause; those without audit under ""."""
    differing: dict[str, list[tuple[str, Cell]]] = defaultdict(list)
    for place, audit in _ordered(results):
        for cell in audit["cells"]:
            if cell["failed"]:
                cause = cause_of(place, cell)
                differing[cause.id if cause else ""].append((place, cell))
    return differing


def _ordered(results: Results) -> Iterator[tuple[str, dict[str, Any]]]:
    for places in FRAMEWORKS.values():
        for place in places:
            if place in results:
                yield place, results[place]


def _section(cause: Cause, cells: list[tuple[str, Cell]]) -> str:
    merged: dict[tuple[str, ...], dict[str, str]] = {}
    for place, cell in cells:
        key = (cell["line"], cell["spec"], cell["layer"], cell["dtype"])
        merged.setdefault(key, {})[place] = cell["message"]
    rows = [
        f"| `{line}` | `{spec}` | {layer} {'' if dtype == 'float32' else dtype} | "
        f"{_where(messages)} |"
        for (line, spec, layer, dtype), messages in merged.items()
    ]
    upstream = ", ".join(f"[{text}]({address})" for text, address in cause.links)
    text = (
        f"## {cause.title} {{#{cause.id}}}\n\n{cause.why}\n"
        + (f"\nUpstream: {upstream}\n" if upstream else "")
        + '\n??? note "The numbers"\n\n'
        + "    | initializer | held against | weight | measured |\n    |---|---|---|---|\n"
    )
    return text + "\n".join(f"    {row}" for row in rows) + "\n"


def _where(messages: dict[str, str]) -> str:
    """Return the first place's message; it names the places where Keras has several."""
    places = list(messages)
    message = messages[places[0]].replace("|", "\\|").split("\n")[0]
    if not places[0].startswith("keras"):
        return message
    engines = ", ".join(PLACES[place].title.removeprefix("Keras on ") for place in places)
    return f"on {engines}: {message}"


def _layers(title: str, there: dict[str, list[Cell]]) -> str:
    """Return the table of the layers, for initializers that are for more than three of them."""
    verdicts: dict[str, dict[str, dict[str, str]]] = {}
    for place, cells in there.items():
        for cell in cells:
            if cell["dtype"] == "float32":
                at = verdicts.setdefault(_name(cell), {}).setdefault(cell["layer"], {})
                at[place] = _verdict(cell)
    columns = [name for name, at in verdicts.items() if len(at) > 3]
    layers = list(dict.fromkeys(layer for name in columns for layer in verdicts[name]))
    lines = [
        f"## {title}: layers\n\nIn float32: where it agrees, and the most informative failed check "
        "where it does not.\n",
        "| weight | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 1) + "|",
        *(
            f"| {layer} | "
            + " | ".join(_together(verdicts[name].get(layer, {}), there) for name in columns)
            + " |"
            for layer in layers
        ),
    ]
    return "\n".join(lines) + "\n"


def _dtypes(title: str, there: dict[str, list[Cell]]) -> str:
    """Return the table of the dtypes: each function on the first of its layers."""
    verdicts: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
    first: dict[tuple[str, str, str], str] = {}
    for place, cells in there.items():
        for cell in cells:
            key = (cell["line"], cell["spec"], cell["documented"])
            if _starts(cell):
                continue
            if first.setdefault(key, cell["layer"]) == cell["layer"]:
                verdicts.setdefault(key, {}).setdefault(cell["dtype"], {})[place] = _verdict(cell)
    lines = [
        f"## {title}: dtypes\n\nEach function on the first of its layers.\n",
        "| initializer | held against | " + " | ".join(DTYPES) + " |",
        "|---" * (len(DTYPES) + 2) + "|",
    ]
    for (line, spec, documented), at in verdicts.items():
        cells = " | ".join(_together(at.get(dtype, {}), there) for dtype in DTYPES)
        lines.append(f"| `{line}` | `{spec}` ({_source(documented)}) | {cells} |")
    return "\n".join(lines) + "\n"


def _defaults(title: str, there: dict[str, list[Cell]]) -> str:
    """Return the table of what layers start with."""
    verdicts: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for place, cells in there.items():
        for cell in filter(_starts, cells):
            key = (cell["line"], cell["spec"], cell["documented"], cell["layer"])
            verdicts.setdefault(key, {})[place] = _verdict(cell)
    lines = [
        f"## {title}: what layers start with\n",
        "| weight | starts as | held against | float32 |",
        "|---|---|---|---|",
    ]
    for (line, spec, documented, layer), at in verdicts.items():
        verdict = _together(at, there)
        lines.append(f"| {layer} | `{line}` | `{spec}` ({_source(documented)}) | {verdict} |")
    return "\n".join(lines) + "\n"


def _starts(cell: Cell) -> bool:
    """Return whether a cell is what a layer starts with, and no function that one calls."""
    return "(..." in cell["line"] or "; " in cell["line"]


def _source(documented: str) -> str:
    """Return the sentence of the documentation, as a link."""
    text, _, address = documented.rpartition(", ")
    for mark in "\\*_[]|":
        text = text.replace(mark, f"\\{mark}")
    return f"[{text}]({address})"


def _name(cell: Cell) -> str:
    """Return a short name of an initializer, for the head of a column."""
    name = cell["line"].replace("(w)", "").replace("(w, ", "(").removesuffix("()")
    for module in ("torch.nn.init.", "keras.initializers.", "jax.nn.initializers."):
        name = name.replace(module, "")
    return f"`{name}` as `{cell['spec']}`"


def _verdict(cell: Cell) -> str:
    """Return "agrees", or the check that explains most."""
    order = [check for check in TELLING if check in cell["failed"]] or cell["failed"]
    return f"**{order[0]}**" if order else "agrees"


def _together(verdicts: dict[str, str], there: Iterable[str]) -> str:
    """Return one verdict where all places have the same, else each with its places."""
    if len(set(verdicts.values())) <= 1:
        return next(iter(verdicts.values()), "")
    groups: dict[str, list[str]] = {}
    for place in there:
        if place in verdicts:
            groups.setdefault(verdicts[place], []).append(
                PLACES[place].title.removeprefix("Keras on ")
            )
    return ", ".join(f"{verdict} on {' and '.join(names)}" for verdict, names in groups.items())
