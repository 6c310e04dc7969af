"""`initspec backends`: the registered backends, and which can be used here."""

from __future__ import annotations

from initspec.cli.options import JSON


def backends(as_json: bool = JSON) -> None:
    """List the registered backends, and which can be used here.

    Example:
      initspec backends
    """
    import dataclasses

    from initspec.backend import backends as registered
    from initspec.cli.console import print_json
    from initspec.cli.pages.backends import show

    statuses = list(registered().values())
    if as_json:
        print_json([dataclasses.asdict(status) for status in statuses])
    else:
        show(statuses)
