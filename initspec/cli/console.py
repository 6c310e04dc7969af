"""The console, the progress bar and JSON of all commands."""

from __future__ import annotations

import json
import os
from typing import Any

import rich.console
from rich.progress import Progress


class Console(rich.console.Console):
    """A console whose reader may leave, as `head` does: the verdict is the exit status even so."""

    def on_broken_pipe(self) -> None:
        """Print no more. Rich would end the process, with the status of a failed run."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())  # Python flushes at its end what could not be written
        os.close(nowhere)


def progress() -> Progress:
    """Return a progress bar on standard error, which is not shown where that is not a terminal."""
    errors = Console(stderr=True)
    # Even a bar that is disabled ends in an empty line: rich 13 and 14.0.
    errors.quiet = not errors.is_terminal
    return Progress(console=errors, transient=True, disable=errors.quiet)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    text = json.dumps(document, indent=2, allow_nan=False)
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
