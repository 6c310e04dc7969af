"""A hook of mkdocs: the commands of the command line, written where a page has `<!-- commands -->`.

What a command takes is read from the command itself. What its exit status and its JSON are, which
no signature has, stands here, and is held against what the commands do by `tests/docs`.
"""

from __future__ import annotations

from typing import Any

MARKER = "<!-- commands -->"

ONE = {
    "compare": "a backend draws another distribution; 2 too where a backend raises an error",
    "coverage": "a parameter or a buffer was not written",
    "diff": "the recipes start a parameter differently",
    "verify": "a parameter differs",
    "conformance": "a backend fails; 130 where the run was interrupted",
    "audit": "the model is not what the recipe says",
}
"""When a command exits with 1; the others exit with 0 or 2."""

FIELDS = {
    "compare": "spec shape axes dtype fan_in fan_out mean std bounds seed name rows namesakes "
    "left_out agrees",
    "explain": "spec shape axes dtype logical fan_in fan_out parts distribution sigma mean std "
    "bounds kurtosis paper meanings",
    "recommend": "activation spec python rule gain reason paper meanings",
    "propagate": "spec activation width samples seed bias_std residual kernel layers "
    "singular_values weight_std edge symmetric step undefined verdict",
    "translate": "source framework spec initspec document axes shape lines changes",
    "list": "spec law same_as arguments",
    "backends": "name provider version why_unusable",
    "coverage": "passed tensors note untouched",
    "verify": "differing parameters",
    "audit": "version passed trained recipe tests seconds findings parameters",
    "inspect": "version source trained seconds tensors findings",
}
"""The fields of a command's JSON: those of an object, or of each object of a list."""

LISTS = ("list", "backends")
BY_NAME = {
    "recipes": "each recipe as a document, by name; of one recipe, the document itself",
    "assign": "each parameter by path: layer, role, axes, spec, std and the rest of its row",
    "conformance": "the whole report, in the file that `--json` names",
    "diff": "each parameter that differs by path: its row by the first recipe, and by the second",
}
"""What the JSON of the others is, whose names are those of recipes or of parameters."""


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the commands in the place of the marker."""
    if MARKER not in markdown:
        return markdown
    return markdown.replace(MARKER, "\n\n".join(section(*pair) for pair in commands().items()))


def commands() -> dict[str, Any]:
    """Return every command of `initspec` by name."""
    from typer.main import get_command

    from initspec.cli.app import app

    group: Any = get_command(app)
    return {name: group.get_command(None, name) for name in group.list_commands(None)}


def section(name: str, command: Any) -> str:
    """Return the section of a command: what it does, what it takes, and what comes back."""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = [f"initspec {name}", *(written(argument) for argument in arguments)]
    usage += [f"{each.opts[-1]} ..." for each in options if each.required]
    parts = [f"## `{name}` {{#{name}}}", plain(command.help)]
    parts.append("```text\n" + " ".join(usage) + "\n```")
    rows = [(written(each), each.help) for each in arguments]
    rows += [(", ".join(each.opts), described(each)) for each in options]
    table = [f"| `{first}` | {plain(second or '')} |" for first, second in rows]
    if table:
        parts.append("\n".join(["| argument or option | what it is |", "|---|---|", *table]))
    if name in ONE:
        parts.append(f"Exit status 1: {ONE[name]}.")
    if name in FIELDS:
        whose = "a list of objects with" if name in LISTS else "an object with"
        parts.append(f"JSON: {whose} " + ", ".join(f"`{key}`" for key in FIELDS[name].split()))
        parts[-1] += "."
    if name in BY_NAME:
        parts.append(f"JSON: {BY_NAME[name]}.")
    example = (command.epilog or "").partition("Example:\n")[2].strip()
    if example:
        parts.append(f"```sh\n{example}\n```")
    return "\n\n".join(parts)


def written(argument: Any) -> str:
    """Return an argument as usage lines have it."""
    name = (argument.metavar or argument.name).upper().strip("[].")
    return name if argument.required else f"[{name}]"


def described(option: Any) -> str:
    """Return the help of an option, and its default where it is of interest."""
    words = option.help or ""
    if option.required:
        return f"{words} Required."
    if option.show_default and option.default not in (None, "", False) and option.default != []:
        return f"{words} Default: {option.default}."
    return words


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is, in a cell too."""
    text = text.replace("\b\n", "")
    for character in ("\\", "`", "*", "_", "<", "[", "{", "|"):
        text = text.replace(character, f"\\{character}")
    return text
