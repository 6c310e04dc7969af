"""The page: `docs/performance.md` and its pictures, made of the results alone."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path

from benchmarks.chart import Trace, traces
from benchmarks.goals import CONFORMANCE, GOALS, MODELS, NATIVE, NUMPY, PORTABLE, Goal
from benchmarks.results import Results, Spread, of_row
from docs.measured.files import DOCS

PAGE = DOCS / "performance.md"
PICTURES = DOCS / "assets" / "performance"

_HEAD = """\
<!-- Written by `python -m benchmarks` from benchmarks/results.json. Change benchmarks/goals.py or page.py, not this. -->
# Performance

Every draw is held against the framework's own initializer, measured in turn with it in one run: a pair of calls, then
the next pair. What is reached is the median over the pairs, with the quartiles beside it; memory is measured once.
"Others" is the share of the processors' time that other processes took meanwhile.
Ratios to torch are measured three more times while other processes want every core: twice one for each core that never rests,
once a training loop of torch. "Busy" is the worst of these medians, bold where it is more than twice what is reached: the others
cost us more there than they cost torch.
{counted}
{others}
| unit | meaning |
|---|---|
| x | our time over theirs: below 1 is faster |
| us more | microseconds that a call takes longer than theirs |
| of the result | peak memory beyond the result, less that of theirs, in sizes of the result |
| us, s, MiB | ours alone: microseconds, seconds of one processor, memory |

"""

_INTRODUCTIONS = {
    NATIVE: """\
## Draws without a seed {#native}

They take the framework's own random numbers.
""",
    PORTABLE: """\
## Draws with a seed {#portable}

They take the [portable stream](portable-stream.md), against the framework's own random numbers: by
[machine code](seeds.md#fast), as `pip install 'initspec[fast]'` has it.
""",
    NUMPY: """\
### By NumPy {#numpy}

The same draws where llvmlite is not installed.
""",
    MODELS: """\
## Whole models {#models}

`initialize(model, recipe)` against what else fills the same model: by the clock and in the time of all processors, both sides with
the threads that they take by themselves, which for `initialize_weights` is one; then both on one thread. AnyInit runs with its
defaults, without an example input, with which it takes longer.
""",
    CONFORMANCE: """\
## The conformance suite {#conformance}

The whole [battery](conformance.md) over 2^21 entries that have been drawn, on one core, the memory of an audit whose
draws are wrong, so that it takes its second stage, and files that are [inspected](models/audit.md#inspect).
""",
}

_GPU = """\
## On a GPU {{#gpu}}

Draws without a seed on one {device}: our time over the framework's own, the device waited for. `python -m benchmarks.gpu torch`
measures it again.

| torch's own | reached | quartiles |
|---|---|---|
{rows}

torch's own draws in 16 bits are biased there: over 2^26 values the mean of its `uniform_` in bfloat16 is 28 standard errors
off, that of `trunc_normal_` 43. Ours are drawn in float32 and rounded once, which is what the slower rows pay for.
JAX' `he_normal`, `glorot_uniform` and `orthogonal` take 0.98, 1.00 and 1.00 of their time. A draw with a seed is computed on the
host and copied: 59 ms for a normal of 4096 x 4096.
"""

_LINEAR = """\
## How cost grows {{#growth}}

The time of an element against the number of elements. Where the line is flat, cost is linear; the rise to the left is that
of a call. Times are those of the machine that measured: what counts is the shape.

{elements}
{families}
An orthogonal matrix [n, m], n >= m, takes time in proportion to n m^2: squares up to 4096 x 4096, then 65536 x 1024.

{orthogonal}
"""

_FOOT = """\
## How it was measured

On {cores} processor cores, with

{versions}

`python -m benchmarks` in the repository, or `nox -s benchmarks`, measures it again on what you have installed and writes
this page; it takes some fifteen minutes, and wants a machine that does nothing else: what other processes take of the processors
is read from `/proc/stat` before and after each row, less what the measured process takes, and the page warns of it.
`python -m benchmarks torch --rows sparse` measures a part anew. Each framework has a process of its own.
pytest-benchmark times pairs, of which each side is first as often as second, both on memory that has been written before.
JAX is waited for. Memory is measured in a process for each case: by tracemalloc where NumPy or Python allocates,
else by the peak of the resident set. The goals are in `benchmarks/goals.py`, the numbers in `benchmarks/results.json`.
"""

_ELEMENTS = (
    ("torch-normal", "vermillion"),
    ("keras-normal", "blue"),
    ("jax-normal", "green"),
    ("portable", "purple"),
)
_FAMILIES = (
    ("torch-normal", "vermillion"),
    ("torch-uniform", "blue"),
    ("torch-truncated-normal", "green"),
    ("torch-sparse", "purple"),
)
"""The lines of a picture, each with its colour."""


def files(results: Results) -> dict[Path, str]:
    """Return every file of the page with its text."""
    return {
        PAGE: _page(results),
        PICTURES / "elements.svg": _picture(
            results, "Time of an element of a normal draw", _ELEMENTS, "ns an element"
        ),
        PICTURES / "families.svg": _picture(
            results, "Time of an element in torch, by family", _FAMILIES, "ns an element"
        ),
        PICTURES / "orthogonal.svg": _picture(
            results,
            "Time of an orthogonal matrix over n m^2",
            (("orthogonal", "vermillion"),),
            "ns for each of the n m^2",
        ),
    }


def met(goal: Goal, spread: Spread) -> bool:
    """Say whether the median reaches the goal."""
    return spread["median"] <= goal.most


def _page(results: Results) -> str:
    measured = [(goal, spread) for goal in GOALS if (spread := of_row(results, goal.id))]
    judged = [(goal, spread) for goal, spread in measured if isfinite(goal.most)]
    missed = [goal for goal, spread in judged if not met(goal, spread)]
    counted = f"\n{len(judged) - len(missed)} of {len(judged)} goals are met."
    if missed:
        counted += " The others are named as missed."
    parts = [_HEAD.format(counted=counted, others=_others(results))]
    parts += [f"{_INTRODUCTIONS[table]}\n{_table(results, table)}" for table in _INTRODUCTIONS]
    parts.append(
        _LINEAR.format(**{name: _figure(name) for name in ("elements", "families", "orthogonal")})
    )
    parts.append(_on_a_gpu())
    versions = sorted({version for place in results.values() for version in place["versions"]})
    cores = sorted({place["cores"] for place in results.values()})
    parts.append(
        _FOOT.format(
            cores=" or ".join(map(str, cores)),
            versions="\n".join(f"- {version}" for version in versions),
        )
    )
    return "\n".join(parts)


def _on_a_gpu() -> str:
    """Return the section of the one run on a GPU, which is no part of `python -m benchmarks`."""
    measured = json.loads(Path(__file__).with_name("gpu.json").read_text("utf-8"))
    rows = "\n".join(
        f"| {what} | {ratio:g} x | {low:g} to {high:g} |"
        for what, ratio, low, high in measured["rows"]
    )
    return _GPU.format(device=measured["device"], rows=rows)


def _others(results: Results) -> str:
    """Return how much of the processors other processes took, a warning where that is much."""
    spreads = [spread for goal in GOALS if (spread := of_row(results, goal.id))]
    curves = [curve for place in results.values() for curve in place["curves"].values()]
    taken = [measured.get("others") for measured in (*spreads, *curves)]
    shares = [share for share in taken if share is not None]
    lines = [
        f"Other processes took at most {max(shares, default=0.0):.0%} of the processors' time."
    ]
    if many := sum(
        spread.get("others") is not None and spread["others"] > _MUCH for spread in spreads
    ):
        lines = [
            '!!! warning "Measured beside other work"',
            f"    Other processes took up to {max(shares):.0%} of the processors' time, and more than {_MUCH:.0%} for {many} "
            'rows, bold in the column "others".',
            "    Their memory is right; times of more than one thread come out too high, and the curves rough.",
        ]
    beside = [spread["busy_others"] for spread in spreads if spread.get("busy_others") is not None]
    if beside:
        lines += [
            "",
            f'Beside the work that "busy" names, others took up to {max(beside):.0%} there.',
        ]
    if None in taken:
        lines += [
            "",
            f"For {taken.count(None)} rows and curves it was not read.",
        ]
    return "\n" + "\n".join(lines) + "\n"


_MUCH = 0.05
"""The share of others above which it is bold."""


def _share(spread: Spread) -> str:
    """Return what other processes took of the processors' time, bold where it is much."""
    share = spread.get("others")
    if share is None:
        return "not known"
    return f"**{share:.0%}**" if share > _MUCH else f"{share:.0%}"


def _table(results: Results, table: str) -> str:
    rows = [(goal, of_row(results, goal.id)) for goal in GOALS if goal.table == table]
    busy = any("busy" in spread for _, spread in rows if spread)
    header = ["what", "against", "goal", "reached", "quartiles", "others", *["busy"] * busy, ""]
    lines, reasons = [header, ["---"] * len(header)], []
    for goal, spread in rows:
        limit = f"<= {goal.most:g}{_UNITS[goal.unit]}" if isfinite(goal.most) else ""
        cells = [goal.what, goal.against, limit]
        if spread:
            cells += [_with_unit(goal, spread["median"]), _range(goal, spread), _share(spread)]
            cells += [*[_beside(goal, spread)] * busy, _verdict(goal, spread)]
            if goal.why and not met(goal, spread):
                reasons.append(f"- {goal.what}, against {goal.against or 'the goal'}: {goal.why}")
        else:
            cells += ["not measured", *[""] * (3 + busy)]
        lines.append(cells)
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
    return text + ("\nWhat is missed, and why:\n\n" + "\n".join(reasons) + "\n" if reasons else "")


def _verdict(goal: Goal, spread: Spread) -> str:
    if not isfinite(goal.most):
        return "control"
    return "met" if met(goal, spread) else "**missed**"


_UNITS = {
    "x": " x",
    "us more": " us more",
    "us": " us",
    "s": " s",
    "result": " of the result",
    "MiB": " MiB",
}


def _number(goal: Goal, value: float) -> str:
    """Return a number with the digits that it has, and no minus before a zero."""
    text = f"{value:.1f}" if goal.unit in ("us", "us more", "MiB") else f"{value:.3f}"
    return text.removeprefix("-") if not float(text) else text


def _with_unit(goal: Goal, value: float) -> str:
    if goal.unit == "us more" and value < 0:
        return f"{_number(goal, -value)} us less"
    return _number(goal, value) + _UNITS[goal.unit]


def _range(goal: Goal, spread: Spread) -> str:
    if spread["rounds"] == 1:
        return "one run"
    return f"{_number(goal, spread['low'])} to {_number(goal, spread['high'])}"


def _beside(goal: Goal, spread: Spread) -> str:
    """Return the worst ratio beside other processes, bold where they cost us more than theirs."""
    if "busy" not in spread:
        return ""
    shown = _with_unit(goal, spread["busy"])
    return f"**{shown}**" if spread["busy"] > 2 * spread["median"] else shown


def _figure(name: str) -> str:
    return f'<figure markdown="0">\n--8<-- "docs/assets/performance/{name}.svg"\n</figure>\n'


def _picture(results: Results, label: str, lines: tuple[tuple[str, str], ...], unit: str) -> str:
    curves = {name: curve for place in results.values() for name, curve in place["curves"].items()}
    drawn = [
        Trace(colour, curves[name]["label"], curves[name]["points"])
        for name, colour in lines
        if name in curves
    ]
    return traces(label, drawn, unit, "elements")
