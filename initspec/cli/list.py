"""`initspec list`: every named spec and its distribution."""

from __future__ import annotations

from initspec.cli.options import JSON


def specs(as_json: bool = JSON) -> None:
    """List every named spec with its distribution at its defaults.

    Example:
      initspec list
    """
    from initspec.cli.console import print_json
    from initspec.cli.pages.list import rows, show

    if as_json:
        print_json(rows())
    else:
        show(rows())
