"""The command line `initspec`: one module for each command, and the pages that they print."""

from __future__ import annotations

import io
import sys
from typing import Any


def main(*command: str) -> None:
    """Run the command line; exit status 1 means a disagreement, 2 an error.

    Args:
        command: arguments before those of the process, such as a command's name.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path may hold any character
        sys.stdout.reconfigure(errors="backslashreplace")  # as Python does for standard error
    from initspec.cli.app import app
    from initspec.errors import InitSpecError

    try:
        status = app([*command, *sys.argv[1:]], prog_name="initspec", standalone_mode=False)
    except InitSpecError as error:
        print(f"initspec: {_printable(str(error))}", file=sys.stderr)
        sys.exit(2)
    except MemoryError as error:
        print(f"initspec: this does not fit into memory: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # Of the parser, whose class has another home in each version of typer.
        _show_usage_error(error)
        sys.exit(2)
    sys.exit(status)


def _printable(text: str) -> str:
    """Return a message without characters that would paint the terminal, as a path may have."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def _show_usage_error(error: Any) -> None:
    """Print what is wrong with the arguments, and where the right ones stand."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return
    message, meaning = error.format_message(), getattr(getattr(error, "param", None), "help", None)
    if meaning and type(error).__name__ == "MissingParameter":
        message = f"{message.rstrip('.')}: {meaning}"
    print(f"initspec: {message}", file=sys.stderr)
    if getattr(error, "ctx", None) is not None:
        print(f"Try '{error.ctx.command_path} -h' for help.", file=sys.stderr)
