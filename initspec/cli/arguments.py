"""Parse the arguments of the command line."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from initspec.backend import HasEngines, load, registered
from initspec.errors import AxesError, BackendError, InitSpecError, RecipeError, SeedError
from initspec.stream import check_seed

if TYPE_CHECKING:
    from initspec.models.lock import Lock
    from initspec.models.recipe import Recipe


def read_shape(text: str, option: str = "--shape") -> tuple[int, ...]:
    """Read a shape such as "512,256" or "3x3x64x128".

    Raises:
        AxesError: the text is not a list of sizes.
    """
    inside = re.sub(r"^\((.*)\)$|^\[(.*)\]$", r"\1\2", text.strip())
    if text.strip() == "()":
        return ()
    if not re.fullmatch(r"\s*[0-9]+(\s*[,x\s]\s*[0-9]+)*\s*,?\s*", inside):
        raise AxesError(
            f"{option} {text!r}: write one size for each axis, such as {option} "
            f"{'512,256, or () for a scalar' if option == '--shape' else '3,3'}"
        )
    return tuple(map(int, re.findall(r"[0-9]+", inside)))


def read_backends(text: str) -> list[str]:
    """Read names of backends such as "numpy,torch"."""
    return list(dict.fromkeys(read_backend(name) for name in re.split(r"[,\s]+", text.strip(" ,"))))


def read_backend(name: str) -> str:
    """Return the name of a backend; an engine stands for the backend that runs on it.

    "tensorflow" is Keras on TensorFlow, whatever Keras is configured to run on.
    """
    for other in () if name in registered() else registered():
        with contextlib.suppress(BackendError):  # one that cannot be loaded has no engines
            backend = load(other)
            if isinstance(backend, HasEngines) and name.lower() in backend.engines():
                os.environ.update(backend.engines()[name.lower()].environment)
                return other
    return name


def read_seed(text: str) -> int:
    """Read a seed, an integer from 0 to 2^64 - 1.

    Raises:
        SeedError: the text is not such an integer.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        raise SeedError(f"--seed {text!r}: write an integer from 0 to 2^64 - 1, such as --seed 7")
    return check_seed(int(digits))


def read_recipe(text: str) -> Recipe:
    """Return the recipe of a name, or of a .toml or .json file.

    Raises:
        InitSpecError: there is no such recipe, or the file cannot be read.
    """
    from initspec.models.recipe import Recipe, recipe  # only some commands need them

    if not text.endswith((".toml", ".json")):
        return recipe(text)
    try:
        return Recipe.load(text)
    except OSError as error:
        raise InitSpecError(f"{text} cannot be read: {error.strerror}") from None


def read_numbers(texts: Sequence[str]) -> dict[str, float]:
    """Return the numbers of texts such as "depth=12".

    Raises:
        RecipeError: a text is none of this form.
    """
    numbers = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            numbers[name] = float(value)
        except ValueError:
            name = ""
        if not name.isidentifier() or name in ("model", "only", "inputs"):
            raise RecipeError(
                f"--set {text!r}: write a name of the recipe and its number, such as --set depth=12"
            )
    return numbers


def read_lock(path: Path) -> Lock:
    """Return the lock of a file.

    Raises:
        InitSpecError: the file cannot be read, or holds none.
    """
    from initspec.models.lock import Lock

    try:
        return Lock.load(path)
    except OSError as error:
        raise InitSpecError(f"{path} cannot be read: {error.strerror}") from None
