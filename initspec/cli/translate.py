"""`initspec translate`: translate a line of one framework to the others."""

from __future__ import annotations

import typer

from initspec.cli.options import JSON


def translate(
    call: str = typer.Argument(
        help="A framework's line, such as 'HeNormal()'; it is read, never run."
    ),
    to: str = typer.Option(
        None, help="A backend's name, or initspec; all unless given.", show_default=False
    ),
    shape: str = typer.Option(
        None, help="Its shape in the layout of the line's framework.", show_default=False
    ),
    axes: str = typer.Option(
        None, help="What each axis of that shape is for, such as OIHW.", show_default=False
    ),
    as_json: bool = JSON,
) -> None:
    """Show which spec a framework's line is, its line elsewhere, and what changes.

    Example:
      initspec translate 'torch.nn.init.kaiming_uniform_(w, a=0.2)' --to keras
    """
    from initspec.cli.arguments import read_backend, read_shape
    from initspec.cli.console import print_json
    from initspec.cli.pages.translate import show
    from initspec.translate import translate as run

    result = run(
        call,
        None if to is None else read_backend(to),
        None if shape is None else read_shape(shape),
        axes,
    )
    if as_json:
        print_json(result.to_dict())
    else:
        show(result, every=to is None)
