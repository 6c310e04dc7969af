"""The page of `initspec recommend`."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from rich.text import Text

from initspec.activations import Activation
from initspec.activations.gains import gain
from initspec.activations.recommend import Recommendation, recommend
from initspec.api import InitSpec
from initspec.cli.console import Console
from initspec.cli.pages.layout import show_facts, show_line, show_text
from initspec.errors import InitSpecError
from initspec.translate.lines import Line, meanings
from initspec.translate.writing import python as expression


def document(f: Activation, distribution: str, mode: str | None) -> dict[str, Any]:
    """Return the initializer that fits an activation, with the reason, as plain values."""
    advice = recommend(f)
    return {
        "activation": str(f),
        "spec": str(InitSpec.for_activation(f, distribution, mode)),
        "python": advice.python(distribution, mode),
        "rule": advice.rule,
        "gain": gain(f),
        "reason": advice.reason,
        "paper": advice.paper,
        "meanings": [line.to_dict() for line in _lines(f, distribution, mode)],
    }


def show(f: Activation, distribution: str, mode: str | None) -> None:
    """Print the initializer that fits an activation, with the reason and the paper."""
    console = Console()
    advice, factor = recommend(f), gain(f)
    line = _line(advice, InitSpec.for_activation(f, distribution, mode))
    show_text(console, line, "bold", f"{advice.activation}: ")
    rows = [
        ("why", advice.reason),
        ("gain", f"{factor:.10g}, which keeps the variance: 1 / sqrt(E[f(z)^2]), z ~ N(0, 1)"),
        ("paper", advice.paper),
        ("python", advice.python(distribution, mode)),
    ]
    show_facts(console, rows)
    console.print("\n[bold]In the frameworks[/]\n")
    for framework in _lines(f, distribution, mode):
        show_line(console, framework)
    console.print("\nSee what it does:", style="dim")
    activation = shlex.quote(str(advice.activation))
    command = f"  initspec propagate {shlex.quote(line)} --activation {activation} --depth 20"
    # One line, wrapped by the terminal alone, so that it can be pasted into every shell.
    console.print(Text(command, style="dim"), soft_wrap=True)


def _lines(f: Activation, distribution: str, mode: str | None) -> list[Line]:
    """Return the lines of the frameworks, with the activation in ours."""
    spec = InitSpec.for_activation(f, distribution, mode)
    python = recommend(f).python(distribution, mode)
    return [
        dataclasses.replace(line, initspec=python + line.initspec.removeprefix(expression(spec)))
        for line in meanings(spec)
    ]


def _line(advice: Recommendation, spec: InitSpec) -> str:
    """Return the line of the spec, with the slope of a leaky ReLU where that gives the scale."""
    slope = advice.activation.parameters.get("negative_slope", 0.0)
    if advice.rule == "he" and slope and str(spec).startswith("variance_scaling"):
        mode = "" if spec.mode == "fan_in" else f", mode={spec.mode}"
        line = f"he_{spec.distribution.name()}(negative_slope={slope}{mode})"
        try:
            if InitSpec.parse(line) == spec:
                return line
        except InitSpecError:  # a family without such a constructor
            pass
    return str(spec)
