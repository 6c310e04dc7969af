"""Parse the arguments of the command line."""

from __future__ import annotations

import contextlib
import os
import re

from initspec.backend import HasEngines, load, registered
from initspec.errors import AxesError, BackendError, SeedError
from initspec.stream import check_seed


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
