"""The command line `initspec`, one module for each command."""

from __future__ import annotations

import os
import sys


def main(*command: str) -> None:
    """Run the command line; exit status 1 means a disagreement, 2 bad input.

    Args:
        command: arguments before those of the process, such as a command's name.
    """
    # TensorFlow prints a page of log lines unless these are set before its first import.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    from initspec.cli.quiet import QuietTensorFlow

    sys.meta_path.insert(0, QuietTensorFlow())
    from initspec.cli.app import app
    from initspec.errors import InitSpecError

    try:
        app([*command, *sys.argv[1:]])
    except InitSpecError as error:
        print(f"initspec: {error}", file=sys.stderr)
        sys.exit(2)
