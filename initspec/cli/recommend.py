"""`initspec recommend`: the initializer that fits an activation, and why."""

from __future__ import annotations

import json
import shlex

import typer
from rich.console import Console
from rich.text import Text

from initspec.activations.gains import gain
from initspec.activations.recommend import Choice, choose
from initspec.api import InitSpec
from initspec.cli.arguments import read_activation
from initspec.cli.pages import facts
from initspec.errors import InitSpecError


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
    f = read_activation(activation)
    choice, factor = choose(f), gain(f)
    spec = InitSpec.for_activation(f, distribution, mode)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "activation": str(f),
                    "spec": str(spec),
                    "rule": choice.rule,
                    "gain": factor,
                    "reason": choice.reason,
                    "paper": choice.paper,
                },
                indent=2,
            )
        )
    else:
        _show(choice, spec, factor, Console())


def _show(choice: Choice, spec: InitSpec, factor: float, console: Console) -> None:
    line = _line(choice, spec)
    console.print(Text.assemble(f"{choice.activation}: ", (line, "bold")))
    rows = [
        ("why", choice.reason),
        ("gain", f"{factor:.10g}, which keeps the variance: 1 / sqrt(E[f(z)^2]), z ~ N(0, 1)"),
        ("paper", choice.paper),
        ("python", f"InitSpec.parse({line!r})"),
    ]
    console.print(facts(rows))
    console.print("See what it does:", style="dim")
    activation = shlex.quote(str(choice.activation))
    command = f"  initspec propagate {shlex.quote(line)} --activation {activation} --depth 20"
    # One line, broken by the terminal alone, is what every shell takes.
    console.print(Text(command, style="dim"), soft_wrap=True)


def _line(choice: Choice, spec: InitSpec) -> str:
    """Return the spec as He's rule with the slope of a leaky ReLU, where that is what it means."""
    slope = choice.activation.parameters.get("negative_slope", 0.0)
    if choice.rule == "he" and slope and str(spec).startswith("variance_scaling"):
        mode = "" if spec.mode == "fan_in" else f", mode={spec.mode}"
        line = f"he_{spec.distribution.name()}(negative_slope={slope}{mode})"
        try:
            if InitSpec.parse(line) == spec:
                return line
        except InitSpecError:  # a family that has no such constructor
            pass
    return str(spec)
