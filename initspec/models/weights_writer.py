"""Write files of weights, `.safetensors` and `.npz`, block by block."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from initspec.dtypes import numpy_dtype
from initspec.errors import TargetError
from initspec.models.blocks import Advance
from initspec.models.digest import bytes_of
from initspec.models.locked import Locked
from initspec.models.weights_file import CODES, LONGEST_HEADER, check_suffix

_CODE_OF = {name: code for code, name in CODES.items()}


def writer(output: Path, weights: Sequence[Locked], seed: int) -> Callable[[Path, Advance], None]:
    """Return a function that draws weights into a file of the kind that `output` ends in.

    Args:
        output: what the file will be called in the end.
        weights: what to draw, each under its first path.
        seed: of the portable stream.

    Raises:
        TargetError: there is no such kind, or it does not take a dtype.
    """
    check_suffix(output)
    if output.suffix.lower() == ".safetensors":
        return lambda path, advance: _write_safetensors(path, weights, seed, advance)
    for weight in weights:
        if weight.dtype == "bfloat16":
            raise TargetError(
                f"{output}: .npz has no bfloat16, which {weight.path} is of; write a .safetensors "
                "file instead"
            )
    return lambda path, advance: _write_npz(path, weights, seed, advance)


def bytes_in(weight: Locked) -> int:
    """Return the bytes of a weight."""
    return weight.size * numpy_dtype(weight.kind).itemsize


def _write_safetensors(path: Path, weights: Sequence[Locked], seed: int, advance: Advance) -> None:
    """Write the length of a header, the header, and the tensors, the widest dtypes first.

    https://huggingface.co/docs/safetensors/index#format
    """
    header: dict[str, Any] = {}
    start = 0
    ordered = sorted(weights, key=lambda weight: -numpy_dtype(weight.kind).itemsize)
    for weight in ordered:
        stop = start + bytes_in(weight)
        code, offsets = _CODE_OF[weight.dtype], [start, stop]
        header[weight.path] = {"dtype": code, "shape": weight.shape, "data_offsets": offsets}
        start = stop
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > LONGEST_HEADER:
        raise TargetError(f"{len(weights)} weights have a header of {len(text)} bytes: too long")
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for weight in ordered:
            _write_blocks(file, weight, seed, advance)


def _write_npz(path: Path, weights: Sequence[Locked], seed: int, advance: Advance) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for weight in weights:
            member = zipfile.ZipInfo(f"{weight.path}.npy")  # of 1980: equal weights, equal files
            with archive.open(member, "w", force_zip64=True) as file:
                descr = np.lib.format.dtype_to_descr(numpy_dtype(weight.kind))
                array = {"descr": descr, "fortran_order": False, "shape": weight.shape}
                np.lib.format.write_array_header_1_0(file, array)
                _write_blocks(file, weight, seed, advance)


def _write_blocks(file: Any, weight: Locked, seed: int, advance: Advance) -> None:
    for _, block in weight.blocks(seed):
        file.write(bytes_of(block))
        advance(block.size)
