"""Tensors of files, of which nothing is read before it is used."""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from initspec.errors import FormatError, TargetError
from initspec.models.digest import little_endian


class Tensor(Protocol):
    """A tensor of a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def dtype_name(self) -> str:
        """The name of its dtype; of one that NumPy does not have, what the file calls it."""

    @property
    def nbytes(self) -> int:
        """The bytes that `read` takes of the memory that it is given."""

    def array(self) -> Any:
        """Return what is indexed as an array is; blocks of it are read where they can be."""

    def read(self, memory: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the whole of it, in memory for `nbytes` bytes where it is copied."""


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
        dtype_name: the name of its dtype; the code in the file of one that NumPy does not have.
    """

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    dtype_name: str

    @property
    def nbytes(self) -> int:
        """Its bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def array(self) -> Stored:
        """Return itself."""
        return self

    def read(self, memory: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the whole tensor.

        It is not mapped: a process ends where somebody cuts a file that it has mapped.

        Raises:
            FormatError: the file was cut since it was opened.
        """
        raw = memory[: self.nbytes]
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.start)
            view, count = raw.data, 0
            while count < self.nbytes and (more := file.readinto(view[count:])):
                count += more
        if count < self.nbytes:
            raise FormatError(f"{self.path} was cut while it was read: read it again")
        return little_endian(raw.view(self.dtype)).reshape(self.shape)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        if not self.nbytes:
            return np.zeros(self.shape, self.dtype)
        raw = np.asarray(np.memmap(self.path, np.uint8, "r", self.start, (self.nbytes,)))
        return np.array(little_endian(raw.view(self.dtype)).reshape(self.shape)[index])


@dataclass(frozen=True, slots=True)
class Member:
    """An array of an .npz file.

    Attributes:
        path: the file.
        archive: the file as it was opened.
        name: the array's.
        shape: its shape.
        dtype_name: the name of its dtype.
        nbytes: none: NumPy reads it into memory of its own.
    """

    path: Path
    archive: NpzFile
    name: str
    shape: tuple[int, ...]
    dtype_name: str
    nbytes: int = 0

    @classmethod
    def of(cls, path: Path, archive: NpzFile, name: str) -> Member:
        """Return an array of which the header alone is read.

        Raises:
            FormatError: it has none.
        """
        try:
            assert archive.zip is not None
            with archive.zip.open(f"{name}.npy") as file:
                first = np.lib.format.read_magic(file) == (1, 0)
                header = "read_array_header_1_0" if first else "read_array_header_2_0"
                shape, _, dtype = getattr(np.lib.format, header)(file)
        except (KeyError, *_UNREADABLE) as error:
            raise FormatError(f"{path}: {name} cannot be read: {error}") from None
        return cls(path, archive, name, shape, dtype.name)

    def array(self) -> NDArray[Any]:
        """Return the array.

        Raises:
            FormatError: it is truncated, or pickled.
            TargetError: its dtype is one that .npz does not have.
        """
        try:
            array: NDArray[Any] = self.archive[self.name]
        except _UNREADABLE as error:
            raise FormatError(f"{self.path}: {self.name} cannot be read: {error}") from None
        if array.dtype.kind == "V":
            raise TargetError(
                f"{self.path}: {self.name} is of a dtype that .npz does not have, such as "
                "bfloat16; write a .safetensors file"
            )
        return array

    def read(self, memory: NDArray[np.uint8]) -> NDArray[Any]:
        """See `array`."""
        return self.array()


_UNREADABLE = (ValueError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Given:
    """What a backend read, which NumPy takes for an array.

    Attributes:
        values: it has a shape and a dtype.
        nbytes: none: it has memory of its own.
    """

    values: Any
    nbytes: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(map(int, self.values.shape))

    @property
    def dtype_name(self) -> str:
        """The name of its dtype."""
        return str(self.values.dtype)

    def array(self) -> NDArray[Any]:
        """Return the array."""
        return np.asarray(self.values)

    def read(self, memory: NDArray[np.uint8]) -> NDArray[Any]:
        """See `array`."""
        return self.array()
