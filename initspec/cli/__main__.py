"""Run the command line as `python -m initspec.cli`."""

from __future__ import annotations

from initspec.cli import main

main()
