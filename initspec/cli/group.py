"""Find the commands, and print their help, without importing what they compute with."""

from __future__ import annotations

import inspect
import os
import re
import shutil
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "compare": "compare",
    "explain": "explain",
    "sample": "sample",
    "recommend": "recommend",
    "propagate": "propagate",
    "translate": "translate",
    "recipes": "recipes",
    "assign": "assign",
    "diff": "diff",
    "coverage": "coverage",
    "lock": "lock",
    "draw": "draw",
    "verify": "verify",
    "list": "specs",
    "backends": "backends",
}
"""The function of each command, in the module of the command's name."""

GROUP = "initspec.commands"
"""The entry points of commands that other packages bring, such as the conformance suite."""

_SEVERAL = ("--shape", "--kernel")
"""Options whose sizes may stand apart, as in --shape 512 256."""


class _Help:
    """Help as wide as the terminal, 80 columns at most."""

    def get_help(self, ctx: Any) -> str:
        ctx.terminal_width = min(80, shutil.get_terminal_size().columns)
        return str(super().get_help(ctx))  # type: ignore[misc]


class Command(_Help, TyperCommand):
    """A command that reads sizes, backends and numbers as one argument or as several."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _joined(args))

    def invoke(self, ctx: Any) -> Any:
        from initspec.backend import QUIET  # not for help, which is printed before

        os.environ.setdefault(QUIET, "1")
        return super().invoke(ctx)


class Commands(_Help, TyperGroup):
    """All commands: each is imported when it is called, and for its line in the list."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS, *sorted(_added())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS:
            module = import_module(f"initspec.cli.{cmd_name}")
            return _command(cmd_name, getattr(module, COMMANDS[cmd_name]))
        added = _added()
        if cmd_name in added:
            return _command(cmd_name, added[cmd_name].load())
        self.commands = dict.fromkeys([*COMMANDS, *added])  # type: ignore[assignment] # to suggest one
        return None


def _added() -> dict[str, Any]:
    from importlib.metadata import entry_points  # half of what --version would cost

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _command(name: str, function: Any) -> Any:
    """Return a command; the section "Example:" of its docstring stands at the end of its help."""
    text, _, example = inspect.cleandoc(function.__doc__ or "").partition("\n\nExample:\n")
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    epilog = f"\b\nExample:\n{example}" if example else None
    summary = text.partition("\n\n")[0]
    single.command(name, cls=Command, help=text, short_help=summary, epilog=epilog)(function)
    return typer.main.get_command(single)


def _joined(arguments: list[str]) -> list[str]:
    """Return arguments with what stands apart after an option that takes several.

    >>> _joined(["he_normal", "--shape", "512", "256", "--backends", "numpy", "torch", "--json"])
    ['he_normal', '--shape', '512 256', '--backends', 'numpy torch', '--json']
    >>> _joined(["--set", "depth=12", "width=64"])
    ['--set', 'depth=12', '--set', 'width=64']
    """
    joined: list[str] = []
    for argument in arguments:
        option, value = ["", "", *joined][-2:]
        size = _SIZE.fullmatch(argument) and _SIZES.fullmatch(value)
        if (size and option in _SEVERAL) or (option == "--backends" and _is_backend(argument)):
            joined[-1] += f" {argument}"
        elif option == "--set" and _NUMBER.fullmatch(argument):
            joined += [option, argument]
        else:
            joined.append(argument)
    return joined


def _is_backend(name: str) -> bool:
    from initspec.backend import registered  # not for help
    from initspec.cli.arguments import read_backend

    return read_backend(name) in registered()


_NUMBER = re.compile(r"\w+=.*")
_SIZE = re.compile(r"[0-9][0-9,x]*|x")
_SIZES = re.compile(r"[0-9][0-9,x]*( ([0-9][0-9,x]*|x))*")
