"""`initspec recommend`: the initializer that fits an activation, and why."""

from __future__ import annotations

import typer

from initspec.cli.options import JSON


def recommend(
    activation: str = typer.Argument(
        None,
        help="The activation behind the layer, such as gelu or 'elu(alpha=0.5)'.",
        show_default=False,
    ),
    option: str = typer.Option(
        None, "--activation", help="The same, as an option.", show_default=False
    ),
    distribution: str = typer.Option("normal", help="normal, uniform, orthogonal, ..."),
    mode: str = typer.Option(
        None, help="A fan mode; the rule's own unless given.", show_default=False
    ),
    as_json: bool = JSON,
) -> None:
    """Name the initializer that fits an activation, with the reason and the paper.

    Example:
      initspec recommend gelu
    """
    from initspec.activations import activation_of
    from initspec.cli.console import print_json
    from initspec.cli.pages.recommend import document, show
    from initspec.errors import ActivationError

    if (activation is None) == (option is None):
        raise ActivationError("pass one activation, such as: initspec recommend gelu")
    f = activation_of(activation or option)
    if as_json:
        print_json(document(f, distribution, mode))
    else:
        show(f, distribution, mode)
