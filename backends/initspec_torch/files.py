"""Read what torch.save wrote, without running what is in it."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from initspec.backend import FormatError, shown
from initspec_torch.values import array_of


@dataclass(frozen=True, slots=True)
class Unread:
    """A tensor that is listed, and has no values as an array.

    Attributes:
        shape: its shape.
        dtype: the name of its dtype, with what else it is.
    """

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """A tensor of a file that is mapped, read where it is used.

    Attributes:
        tensor: the tensor.
        path: the file.
        size: its bytes when it was mapped.
    """

    tensor: torch.Tensor
    path: Path
    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.tensor.shape)

    @property
    def dtype(self) -> str:
        """The name of its dtype."""
        return str(self.tensor.dtype).removeprefix("torch.")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self.path.stat().st_size < self.size:  # a process that reads on is ended by the system
            raise FormatError(f"{self.path} was cut while it was read: read it again")
        return array_of(self.tensor.resolve_neg().resolve_conj())


class Tensors(Mapping[str, "Mapped | Unread"]):
    """The tensors of a checkpoint, by the keys around them joined with dots.

    One that is saved alone is called "tensor".

    Args:
        path: the file.

    Raises:
        FormatError: it is truncated, not of torch.save, or has more than tensors and plain values.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._size = path, path.stat().st_size
        path.open("rb").close()  # that it may be read
        try:
            # Mapped, so that it takes memory where it is read; the oldest format cannot be.
            mapped = zipfile.is_zipfile(path)
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        except pickle.UnpicklingError as error:
            # The rest of its text advises to load the file with what it runs.
            code = re.search(r"GLOBAL (\S+)", str(error))
            what = f" ({shown(code[1])})" if code else ""
            raise FormatError(
                f"{path} is refused: what it holds is more than tensors, and to load it would run "
                f"code of it{what}; save the state_dict() of the model"
            ) from None
        except Exception:  # of torch, zipfile or pickle, as the bytes happen to be
            raise FormatError(f"{path} is truncated, or not a file of torch.save") from None
        self._tensors = dict(_flat(loaded, ""))

    def __getitem__(self, name: str) -> Mapped | Unread:
        tensor = self._tensors[name]
        dtype = _unread(tensor)
        if dtype:
            return Unread(tuple(tensor.shape), dtype)
        return Mapped(tensor, self._path, self._size)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def _unread(tensor: torch.Tensor) -> str:
    """Return what a tensor is that has no array; "" of one that has."""
    name = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_meta:
        return f"{name} on meta"
    if tensor.layout != torch.strided:
        return f"{str(tensor.layout).removeprefix('torch.')} {name}"
    if hasattr(np, name):
        return ""
    import ml_dtypes

    return "" if hasattr(ml_dtypes, name) else name  # such as qint8


def _flat(value: Any, path: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors in nested dicts, lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield path or "tensor", value.detach()
    elif isinstance(value, Mapping | list | tuple):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in items:
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
