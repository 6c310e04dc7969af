"""`initspec recommend`: the initializer that fits an activation, and why."""

from __future__ import annotations

import dataclasses
import json
import shlex

import typer
from rich.console import Console
from rich.text import Text

from initspec.activations import activation_of
from initspec.activations.gains import gain
from initspec.activations.recommend import Recommendation
from initspec.activations.recommend import recommend as run
from initspec.api import InitSpec
from initspec.cli.pages import facts, show_line
from initspec.errors import InitSpecError
from initspec.translate.lines import Line, meanings
from initspec.translate.writing import python as expression


def recommend(
    activation: str = typer.Option(
        ..., help="The activation behind the layer, such as gelu or 'elu(alpha=0.5)'."
    ),
    distribution: str = typer.Option("normal", help="normal, uniform, orthogonal, ..."),
    mode: str = typer.Option(
        None, help="A fan mode; the rule's own unless given.", show_default=False
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Name the initializer that fits an activation, with the reason and the paper."""
    f = activation_of(activation)
    advice, factor = run(f), gain(f)
    spec = InitSpec.for_activation(f, distribution, mode)
    python = advice.python(distribution, mode)
    lines = [
        dataclasses.replace(line, initspec=python + line.initspec.removeprefix(expression(spec)))
        for line in meanings(spec)
    ]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "activation": str(f),
                    "spec": str(spec),
                    "python": python,
                    "rule": advice.rule,
                    "gain": factor,
                    "reason": advice.reason,
                    "paper": advice.paper,
                    "meanings": [line.to_dict() for line in lines],
                },
                indent=2,
            )
        )
    else:
        _show(advice, spec, factor, python, lines, Console())


def _show(
    advice: Recommendation,
    spec: InitSpec,
    factor: float,
    python: str,
    lines: list[Line],
    console: Console,
) -> None:
    line = _line(advice, spec)
    console.print(Text.assemble(f"{advice.activation}: ", (line, "bold")))
    rows = [
        ("why", advice.reason),
        ("gain", f"{factor:.10g}, which keeps the variance: 1 / sqrt(E[f(z)^2]), z ~ N(0, 1)"),
        ("paper", advice.paper),
        ("python", python),
    ]
    console.print(facts(rows))
    console.print("\n[bold]In the frameworks[/]\n")
    for framework in lines:
        show_line(console, framework)
    console.print("\nSee what it does:", style="dim")
    activation = shlex.quote(str(advice.activation))
    command = f"  initspec propagate {shlex.quote(line)} --activation {activation} --depth 20"
    # One line, wrapped by the terminal alone, so that it can be pasted into every shell.
    console.print(Text(command, style="dim"), soft_wrap=True)


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
