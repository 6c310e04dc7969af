"""The command line `initspec`: one module for each command, and the pages that they print."""

from __future__ import annotations

import io
import sys


def main(*command: str) -> None:
    """Run the command line; exit status 1 means a disagreement, 2 an error.

    Args:
        command: arguments before those of the process, such as a command's name.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a message or a path may hold any character
            stream.reconfigure(errors="backslashreplace")
    from initspec.cli.app import app
    from initspec.errors import InitSpecError

    try:
        app([*command, *sys.argv[1:]], prog_name="initspec")
    except InitSpecError as error:
        print(f"initspec: {error}", file=sys.stderr)
        sys.exit(2)
    except MemoryError as error:
        print(f"initspec: this does not fit into memory: {error}", file=sys.stderr)
        sys.exit(2)
