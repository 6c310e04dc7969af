"""Read .keras files: their tensors, without Keras, or the whole model.

A .keras file is a zip archive of config.json and model.weights.h5. In the latter, each layer is a
group at the attributes that lead to it, with its name; its variables are "vars/0", "vars/1", ...,
without names, which the class of the layer alone has
(https://github.com/keras-team/keras/blob/v3.15.1/keras/src/saving/saving_lib.py). So paths as in
the model take the model.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from initspec.backend import FLOATS, FormatError, TargetError, numpy_dtype
from initspec_keras.loading import load

_WEIGHTS = "model.weights.h5"

_EXPANSION = 100
"""How many times as large as in the file a tensor may be, as Keras has it."""

_STATE = ("optimizer", "metrics", "_metrics", "_loss_tracker")
"""Groups at the top that are not of the model."""


class _Window(io.RawIOBase):
    """A part of a file as a file: a member of a zip archive that is not compressed.

    Python's own view of a member reads it anew from its start where one goes back.

    Args:
        file: the archive.
        start: the first byte of the member.
        size: its bytes.
    """

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        self._file.seek(self._start + self._at)
        count = self._file.readinto(view[: max(self._size - self._at, 0)])  # type: ignore[attr-defined]
        self._at += count
        return int(count)


class Variable:
    """A variable of a file, read where it is used.

    Args:
        dataset: of h5py.
        where: the file and the name, for messages.
    """

    def __init__(self, dataset: Any, where: str) -> None:
        self._dataset, self._where = dataset, where
        if not hasattr(dataset, "shape"):
            raise FormatError(f"{where} is not an array")
        stored = dataset.id.get_storage_size()
        if dataset.external or dataset.is_virtual or dataset.nbytes > _EXPANSION * stored:
            raise FormatError(
                f"{where} takes {dataset.nbytes} bytes, of which the file has {stored}: its values "
                "lie elsewhere"
            )
        self.shape = tuple(map(int, dataset.shape))
        bfloat16 = dataset.attrs.get("dtype") == "bfloat16"  # of which HDF5 has the bytes
        self.dtype = numpy_dtype(FLOATS["bfloat16"]) if bfloat16 else dataset.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        try:
            array: NDArray[Any] = self._dataset[()]
        except (OSError, ValueError) as error:
            raise FormatError(f"{self._where} cannot be read: {error}") from None
        return array.view(self.dtype) if array.dtype.kind == "V" else array


@contextmanager
def tensors(path: Path) -> Iterator[dict[str, Variable]]:
    """Open the variables of a model by the names of their layers and their number, as "dense.#0".

    Those of the optimizer and of metrics are left out.

    Raises:
        FormatError: the file is truncated, or something else.
        TargetError: h5py is not installed, which comes with Keras.
    """
    try:
        import h5py
    except ImportError:
        raise TargetError(
            f"{path}: h5py is not installed, which comes with Keras; pip install 'initspec[keras]'"
        ) from None
    with path.open("rb") as file, ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
            h5 = stack.enter_context(h5py.File(_weights(archive, file), "r"))
            variables = dict(_variables(h5, path))
        except (zipfile.BadZipFile, KeyError, OSError, EOFError, RuntimeError, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(
                f"{path} is truncated, or not a .keras file of Keras 3: {error}"
            ) from None
        yield variables


def _weights(archive: zipfile.ZipFile, file: BinaryIO) -> Any:
    """Return the file of weights within an archive."""
    member = archive.getinfo(_WEIGHTS)
    if member.compress_type != zipfile.ZIP_STORED:
        return archive.open(member)
    file.seek(member.header_offset)
    *_, name, extra = struct.unpack("<4s5H3I2H", file.read(30))
    return _Window(file, member.header_offset + 30 + name + extra, member.file_size)


def _variables(root: Any, path: Path) -> Iterator[tuple[str, Variable]]:
    """Yield the variables of all groups."""
    used: set[str] = set()

    def child(group: Any, key: str) -> Any:
        if type(group.get(key, getlink=True)).__name__ != "HardLink":
            raise FormatError(f"{path}: {group.name}/{key} lies in another file")
        return group[key]

    def walk(group: Any, prefix: str) -> Iterator[tuple[str, Variable]]:
        for key in group:
            inner = child(group, key)
            if key == "vars":
                for number in sorted(inner, key=lambda n: (len(n), n)):
                    name = f"{prefix}#{number}"
                    yield name, Variable(child(inner, number), f"{path}: {name}")
            elif prefix or key not in _STATE:
                yield from walk(inner, _prefix(inner, key, prefix, used))

    yield from walk(root, "")


def _prefix(group: Any, key: str, prefix: str, used: set[str]) -> str:
    """Return what the paths of a group's variables begin with: a list of layers adds nothing."""
    if "vars" not in group:
        return prefix
    name = path = f"{prefix}{group['vars'].attrs.get('name', key)}."
    number = 0
    while path in used:
        number += 1
        path = f"{name[:-1]}_{number}."
    used.add(path)
    return path


def model(path: Path) -> Any:
    """Return the model of a file.

    Raises:
        FormatError: Keras cannot build it, without running what the file brings along.
    """
    load()
    import keras

    path.stat()  # Keras has an error of its own for a file that is not there
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # of Keras, of h5py, or of the constructor of any layer
        reason = " ".join(str(error).split())
        raise FormatError(
            f"{path}: Keras cannot load it: {reason[:300]}; import the module of its layers first, "
            "or pass the model"
        ) from None
