"""Open files of weights: `.safetensors`, `.npz`, indexes of several, and what backends read."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile

from initspec.backend import HasFiles, load, registered
from initspec.dtypes import FLOATS, numpy_dtype
from initspec.errors import BackendError, FormatError, TargetError, shown, with_article
from initspec.models.stored import Given, Member, Stored, Tensor

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

INDEX = ".index.json"
"""What the name of a file ends in that lists the files of a checkpoint in several."""


def check_suffix(path: Path) -> None:
    """Raise TargetError where the name of a file ends in nothing that is written."""
    if path.suffix.lower() not in (".safetensors", ".npz"):
        raise TargetError(f"{path}: end the file's name in .safetensors or .npz")


def is_own(name: str) -> bool:
    """Return whether a name is that of a file which no backend is needed for."""
    return name.lower().endswith((".safetensors", ".npz", INDEX))


def is_file(name: str) -> bool:
    """Return whether a name is that of a file of weights, by what it ends in."""
    return is_own(name) or name.lower().endswith(tuple(suffix for _, suffix in _suffixes()))


@contextmanager
def opened(path: Path) -> Iterator[Mapping[str, Tensor]]:
    """Open a file of weights, or an index of several; nothing in it is run.

    Raises:
        TargetError: the suffix is another, the file cannot be opened, or what reads it is not
            installed.
        FormatError: it is truncated, or something else, or it was changed while it was open.
    """
    kind = None if is_own(path.name) else reader(path)
    try:
        before = _state(path)
        with _opened(path, kind) as tensors:
            yield tensors
        if _state(path) != before:
            raise FormatError(f"{path} was changed while it was read: read it again")
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror or error}") from None


@contextmanager
def _opened(path: Path, backend: HasFiles | None) -> Iterator[Mapping[str, Tensor]]:
    if backend is not None:
        with backend.tensors(path) as given:
            yield {name: Given(values) for name, values in given.items()}
    elif path.name.lower().endswith(INDEX):
        with _parts(path) as parts:
            yield parts
    elif path.suffix.lower() == ".safetensors":
        yield _safetensors(path)
    else:
        with _archive(path) as archive:
            yield {name: Member.of(path, archive, name) for name in archive.files}


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def model_of(path: Path) -> Any:
    """Return the model of a file that has one, and whose names are not the model's paths, or None.

    Raises:
        TargetError: the suffix is of no file, or what reads it is not installed.
        FormatError: the model cannot be built.
    """
    try:
        return None if is_own(path.name) else reader(path).model(path)
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror or error}") from None


def reader(path: Path) -> HasFiles:
    """Return the backend that reads files of a suffix.

    Raises:
        TargetError: there is none.
    """
    for backend, suffix in _suffixes():
        if path.suffix.lower() == suffix:
            return backend
    kinds = ", ".join((".safetensors", ".npz", *(suffix for _, suffix in _suffixes())))
    raise TargetError(f"{path}: name a file of weights, which ends in {kinds} or {INDEX}")


def _suffixes() -> Iterator[tuple[HasFiles, str]]:
    """Yield the suffixes that backends read."""
    for name in registered():
        try:
            backend = load(name)
        except BackendError:
            continue  # a broken backend of somebody else has no say
        if isinstance(backend, HasFiles):
            yield from ((backend, suffix) for suffix in backend.suffixes)


@contextmanager
def _parts(path: Path) -> Iterator[Mapping[str, Tensor]]:
    """Open the files that an index lists, which lie beside it."""
    try:
        document = json.loads(path.read_bytes())
        files = {str(name): str(file) for name, file in document["weight_map"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FormatError(
            f"{path} is not an index of weights, which has a weight_map: {shown(error)}"
        ) from None
    tensors: dict[str, Tensor] = {}
    with ExitStack() as stack:
        for file in dict.fromkeys(files.values()):
            part = path.parent / file
            if Path(file).name != file or not part.is_file():
                raise FormatError(
                    f"{path}: its part {shown(file)} is not there: put all parts beside it"
                )
            tensors |= stack.enter_context(opened(part))
        for name, file in files.items():
            if name not in tensors:
                raise FormatError(f"{path}: {shown(name)} is not in {file}, where it should be")
        yield {name: tensors[name] for name in files}


def _safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file, which are read where they are used."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, LONGEST_HEADER):
            raise FormatError(f"{path} is truncated, or not a .safetensors file")
        try:
            header = json.loads(file.read(length))
            if not isinstance(header, dict):
                raise TypeError(f"it is {with_article(type(header).__name__)}")
            described = [
                (name, str(t["dtype"]), tuple(map(int, t["shape"])), *map(int, t["data_offsets"]))
                for name, t in header.items()
                if name != "__metadata__"
            ]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise FormatError(f"{path} has not the header of .safetensors: {error}") from None
    begin = 8 + length
    length = size - begin
    tensors: dict[str, Tensor] = {}
    for name, code, shape, start, stop in described:
        dtype = _dtype(code)
        if not 0 <= start <= stop or min(shape, default=0) < 0:
            raise FormatError(f"{path}: {name} lies at [{start}, {stop}] of the data")
        if stop > length:
            raise FormatError(
                f"{path} is truncated: {name} ends at byte {stop} of its data, of which it has "
                f"{length}"
            )
        count = math.prod(shape)
        if dtype is None:  # float8, of a byte, or float4, of which a byte has two
            whole = 0 < count == stop - start
            dtype, sizes = np.dtype("V1"), shape if whole else (stop - start,)
        elif stop - start == count * dtype.itemsize:
            sizes = shape
        else:
            raise FormatError(f"{path}: {name} is {code} {shape}, and has {stop - start} bytes")
        tensors[name] = Stored(path, dtype, sizes, begin + start, CODES.get(code, code))
    return tensors


def _dtype(code: str) -> np.dtype[Any] | None:
    name = CODES.get(code)
    if name is None:
        return None  # such as F8_E4M3: no weight that is drawn
    return numpy_dtype(FLOATS[name]) if name in FLOATS else np.dtype(name)


def _archive(path: Path) -> NpzFile:
    try:
        archive = np.load(path)
    except (ValueError, EOFError, zipfile.BadZipFile):  # whose text advises to load pickles
        raise FormatError(f"{path} is truncated, or not an .npz file") from None
    if not isinstance(archive, NpzFile):
        raise FormatError(f"{path} holds one array: write an .npz file with numpy.savez")
    return archive
