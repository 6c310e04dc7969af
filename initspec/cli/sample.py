"""`initspec sample`: write one weight of the portable stream to a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from initspec.api import InitSpec
from initspec.axes import axes_of
from initspec.cli.arguments import read_seed, read_shape
from initspec.distributions import Elementwise
from initspec.dtypes import FloatType, float_type, numpy_dtype
from initspec.errors import InitSpecError, ShapeError, TargetError
from initspec.spec.resolve import Resolved, resolve
from initspec.stream import check_name
from initspec.stream.draw import fill

_STEP = 1 << 22  # elements between two updates of the progress bar


def sample(
    spec: str = typer.Argument(help="A spec, such as he_normal or 'orthogonal(gain=1.4)'."),
    shape: str = typer.Option(..., help="The weight's shape, such as 512,256."),
    seed: str = typer.Option(..., help="The seed of the portable stream."),
    output: Path = typer.Option(..., "-o", "--output", help="A .npy or .safetensors file."),
    name: str = typer.Option("", help="The parameter's name, such as encoder.0.weight."),
    axes: str = typer.Option(
        None, help="What each axis is for; 'out in kernel...' unless given.", show_default=False
    ),
    dtype: str = typer.Option("float32", help="float16, bfloat16, float32 or float64."),
) -> None:
    """Draw one weight of the portable stream and write it to a file."""
    kind = float_type(dtype)
    resolved = resolve(InitSpec.parse(spec), read_shape(shape), axes_of(axes), kind=kind)
    number, name = read_seed(seed), check_name(name)
    save = _saver(output, kind, name)
    if not output.parent.is_dir():  # checked before anything is drawn
        raise TargetError(f"{output}: the folder {output.parent} does not exist; make it first")
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        weight = _draw(resolved, kind, number, name, bar)
    _write(output, lambda path: save(path, weight))
    typer.echo(f"{output}: {spec} {list(weight.shape)} {kind.name}, {weight.nbytes} bytes")


def _draw(resolved: Resolved, kind: FloatType, seed: int, name: str, bar: Progress) -> Any:
    """Draw by slabs of the first axis; a family that needs its whole matrix draws it once."""
    try:
        weight = np.empty(resolved.layout.shape, numpy_dtype(kind))
    except (MemoryError, ValueError) as error:  # ValueError: beyond the address space
        raise ShapeError(
            f"the shape {resolved.layout.shape} in {kind.name} does not fit into memory: {error}; "
            "draw a part of it with sample_block"
        ) from error
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


def _saver(output: Path, kind: FloatType, name: str) -> Any:
    if output.suffix == ".npy":
        if kind.name == "bfloat16":
            raise TargetError(f"{output}: .npy has no bfloat16; write a .safetensors file instead")

        def save(path: Path, weight: Any) -> None:
            with path.open("wb") as file:
                np.save(file, weight)

        return save
    if output.suffix == ".safetensors":
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


def _write(output: Path, write: Any) -> None:
    """Write beside the file first, so that a full disk leaves no half file behind."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=output.parent, prefix=output.name, suffix=".part")
        os.close(handle)
        write(Path(temporary))
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp's file is for its owner alone
        os.replace(temporary, output)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InitSpecError(f"{output} cannot be written: {error}; nothing is left") from error
        raise
