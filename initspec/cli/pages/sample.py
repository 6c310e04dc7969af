"""Draw a weight of the portable stream with a progress bar, and save it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from initspec.distributions import Elementwise
from initspec.dtypes import FloatType, numpy_dtype
from initspec.errors import ShapeError, TargetError
from initspec.numerics.memory import require_memory
from initspec.spec.resolve import Resolved
from initspec.stream.draw import fill

_STEP = 1 << 22  # elements between two updates of the progress bar


def draw(resolved: Resolved, kind: FloatType, seed: int, name: str, bar: Progress) -> Any:
    """Draw by slabs of the first axis; a family that needs its whole matrix draws it once."""
    weight = np.empty(resolved.layout.shape, numpy_dtype(kind))
    rows = weight.shape[0] if weight.ndim else 0
    task = bar.add_task("drawing", total=max(rows, 1))
    if not isinstance(resolved.distribution, Elementwise) or not weight.size or not rows:
        fill(resolved, kind, seed, name, weight)
        return weight
    step = max(1, _STEP * rows // weight.size)
    for start in range(0, rows, step):
        part = slice(start, min(start + step, rows))
        index = (part, *(slice(None) for _ in weight.shape[1:]))
        fill(resolved, kind, seed, name, weight[part], index)
        bar.update(task, completed=part.stop)
    return weight


def bytes_of(resolved: Resolved, kind: FloatType) -> int:
    """Return the size of a weight.

    Raises:
        ShapeError: it does not fit into memory.
    """
    size = resolved.layout.size * numpy_dtype(kind).itemsize
    try:
        require_memory(size)
    except MemoryError as error:
        raise ShapeError(
            f"the shape {resolved.layout.shape} in {kind.name}: {error}; draw a part of it with "
            "sample_block"
        ) from None
    return size


def saver(output: Path, kind: FloatType, name: str) -> Callable[[Path, Any], None]:
    """Return a function that saves a weight as the kind of file that a path ends in.

    Raises:
        TargetError: there is no such kind, or it does not take this dtype.
    """
    if output.suffix.lower() == ".npy":
        if kind.name == "bfloat16":
            raise TargetError(f"{output}: .npy has no bfloat16; write a .safetensors file instead")

        def save(path: Path, weight: Any) -> None:
            with path.open("wb") as file:
                np.save(file, weight)

        return save
    if output.suffix.lower() == ".safetensors":
        try:
            from safetensors import SafetensorError
            from safetensors.numpy import save_file
        except ImportError:
            raise TargetError(
                f"{output}: safetensors is not installed; pip install 'initspec[safetensors]', "
                "or write a .npy file"
            ) from None

        def save_tensor(path: Path, weight: Any) -> None:
            try:
                save_file({name or "weight": weight}, path)
            except SafetensorError as error:  # raised for a full disk, too
                raise OSError(str(error)) from error

        return save_tensor
    raise TargetError(f"{output}: end the file's name in .npy or .safetensors")
