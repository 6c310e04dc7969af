"""The command line `initspec`, one module for each command."""

from __future__ import annotations

import os
import sys

from initspec.backend import QUIET


def main(*command: str) -> None:
    """Run the command line; exit status 1 means a disagreement, 2 bad input.

    Args:
        command: arguments before those of the process, such as a command's name.
    """
    os.environ.setdefault(QUIET, "1")
    from initspec.cli.app import app
    from initspec.errors import InitSpecError

    try:
        app([*command, *sys.argv[1:]])
    except InitSpecError as error:
        print(f"initspec: {error}", file=sys.stderr)
        sys.exit(2)
