"""Read files of weights, `.safetensors` and `.npz`, one weight after the other."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from initspec.dtypes import FLOATS, numpy_dtype
from initspec.errors import FormatError, TargetError
from initspec.models.digest import little_endian

CODES = {
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "BOOL": "bool",
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}
"""The dtypes of safetensors that NumPy has, by their codes."""

LONGEST_HEADER = 100_000_000
"""Bytes; safetensors refuses longer ones too."""

Arrays = tuple[Collection[str], Callable[[str], Any]]
"""The names in a file, and a function that reads one."""


def check_suffix(path: Path) -> None:
    """Raise TargetError where the name of a file ends in nothing that is read and written."""
    if path.suffix not in (".safetensors", ".npz"):
        raise TargetError(f"{path}: end the file's name in .safetensors or .npz")


@contextmanager
def opened(path: Path) -> Iterator[Arrays]:
    """Open a file of weights.

    Raises:
        TargetError: the suffix is another, or the file cannot be opened.
        FormatError: it is truncated, or something else.
    """
    check_suffix(path)
    try:
        if path.suffix == ".safetensors":
            arrays = _safetensors(path)
            yield arrays, arrays.__getitem__
            return
        with _archive(path) as archive:
            yield archive.files, partial(_member, path, archive)
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror or error}") from None


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor of a file, of which what is indexed is read.

    The file is mapped for each block anew: pages that were read count as memory of the process
    until the map is closed.

    Attributes:
        path: the file.
        dtype: of its elements.
        shape: its shape.
        start: its first byte in the file.
    """

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int

    def __getitem__(self, index: Any) -> NDArray[Any]:
        size = math.prod(self.shape) * self.dtype.itemsize
        if not size:
            return np.zeros(self.shape, self.dtype)
        raw = np.asarray(np.memmap(self.path, np.uint8, "r", self.start, (size,)))
        return np.array(little_endian(raw.view(self.dtype)).reshape(self.shape)[index])


def _safetensors(path: Path) -> dict[str, Stored]:
    """Return the tensors of a file, which are read where they are used."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, LONGEST_HEADER):
            raise FormatError(f"{path} is truncated, or not a .safetensors file")
        try:
            header = json.loads(file.read(length))
            described = [
                (name, str(t["dtype"]), tuple(map(int, t["shape"])), *map(int, t["data_offsets"]))
                for name, t in header.items()
                if name != "__metadata__"
            ]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise FormatError(f"{path} has not the header of .safetensors: {error}") from None
    begin = 8 + length
    length = size - begin
    tensors = {}
    for name, code, shape, start, stop in described:
        dtype = _dtype(code)
        if not 0 <= start <= stop or min(shape, default=0) < 0:
            raise FormatError(f"{path}: {name} lies at [{start}, {stop}] of the data")
        if stop > length:
            raise FormatError(
                f"{path} is truncated: {name} ends at byte {stop} of its data, of which it has "
                f"{length}"
            )
        if dtype is not None and stop - start != math.prod(shape) * dtype.itemsize:
            raise FormatError(f"{path}: {name} is {code} {shape}, and has {stop - start} bytes")
        if dtype is None:
            tensors[name] = Stored(path, np.dtype(np.uint8), (stop - start,), begin + start)
        else:
            tensors[name] = Stored(path, dtype, shape, begin + start)
    return tensors


def _dtype(code: str) -> np.dtype[Any] | None:
    name = CODES.get(code)
    if name is None:
        return None  # such as F8_E4M3: no weight that is drawn
    return numpy_dtype(FLOATS[name]) if name in FLOATS else np.dtype(name)


def _archive(path: Path) -> NpzFile:
    try:
        archive = np.load(path)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path} is truncated, or not an .npz file: {error}") from None
    if not isinstance(archive, NpzFile):
        raise FormatError(f"{path} holds one array: write an .npz file with numpy.savez")
    return archive


def _member(path: Path, archive: NpzFile, name: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = archive[name]
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FormatError(f"{path}: {name} cannot be read: {error}") from None
    if array.dtype.kind == "V":
        raise TargetError(
            f"{path}: {name} is of a dtype that .npz does not have, such as bfloat16; write a "
            ".safetensors file"
        )
    return array
