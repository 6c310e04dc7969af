"""The arguments and options that several commands have."""

from __future__ import annotations

from typing import Any

import typer

SPEC: Any = typer.Argument(help="A spec, such as he_normal or 'orthogonal(gain=1.4)'.")
SHAPE: Any = typer.Option(..., help="The weight's shape, such as 512,256.")
AXES: Any = typer.Option(
    None, help="What each axis is for; 'out in kernel...' unless given.", show_default=False
)
DTYPE: Any = typer.Option("float32", help="float16, bfloat16, float32 or float64.")
NAME: Any = typer.Option("", help="The parameter's name, such as encoder.0.weight.")
JSON: Any = typer.Option(False, "--json", help="Print JSON.")
MODEL: Any = typer.Argument(
    help="package.module:factory, a function or a class that returns the model, or (model, inputs)."
)
RECIPE: Any = typer.Option(
    ..., help="A recipe of 'initspec recipes', or a .toml or .json file of one."
)
NUMBERS: Any = typer.Option(
    [], "--set", metavar="NAME=NUMBER", help="A number of the recipe, such as depth=12."
)
LOCK: Any = typer.Argument(help="A file that initspec lock wrote.")
