"""Read what torch.save wrote, without running what is in it."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from initspec.backend import FormatError
from initspec_torch.values import array_of


class Tensors(Mapping[str, "NDArray[Any]"]):
    """The tensors of a checkpoint as arrays, by the keys around them joined with dots.

    Args:
        path: the file.

    Raises:
        FormatError: it is truncated, not of torch.save, or has more than tensors and plain values.
    """

    def __init__(self, path: Path) -> None:
        path.open("rb").close()  # that it is there, and may be read
        try:
            # Mapped, so that it takes memory where it is read; the oldest format cannot be.
            mapped = zipfile.is_zipfile(path)
            loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        except pickle.UnpicklingError as error:
            reason = str(error).partition("\n")[0]
            raise FormatError(
                f"{path} is refused: what it holds is more than tensors, and to load it would run "
                f"code of it ({reason}); save the state_dict() of the model"
            ) from None
        except Exception as error:  # of torch, zipfile or pickle, as the bytes happen to be
            reason = str(error).partition("\n")[0]
            raise FormatError(
                f"{path} is truncated, or not a file of torch.save: {reason}"
            ) from None
        self._tensors = dict(_flat(loaded, ""))

    def __getitem__(self, name: str) -> NDArray[Any]:
        return array_of(self._tensors[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def _flat(value: Any, path: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors in nested dicts, lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield path, value.detach().cpu().resolve_neg().resolve_conj()
    elif isinstance(value, Mapping | list | tuple):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, inner in items:
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
