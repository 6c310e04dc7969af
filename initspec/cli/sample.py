"""`initspec sample`: write one weight of the portable stream to a file."""

from __future__ import annotations

from pathlib import Path

import typer

from initspec.cli.options import AXES, DTYPE, NAME, SHAPE, SPEC


def sample(
    spec: str = SPEC,
    shape: str = SHAPE,
    seed: str = typer.Option(..., help="The seed of the portable stream."),
    output: Path = typer.Option(..., "-o", "--output", help="A .npy or .safetensors file."),
    name: str = NAME,
    axes: str = AXES,
    dtype: str = DTYPE,
) -> None:
    """Draw one weight of the portable stream and write it to a file.

    Example:
      initspec sample he_normal --shape 512,256 --seed 7 -o w.npy
    """
    from initspec.api import InitSpec
    from initspec.axes import axes_of
    from initspec.cli.arguments import read_seed, read_shape
    from initspec.cli.console import progress
    from initspec.cli.files import check_room, check_writable, write_whole
    from initspec.cli.pages.sample import bytes_of, draw, saver
    from initspec.dtypes import float_type
    from initspec.spec.resolve import resolve
    from initspec.stream import check_name

    kind = float_type(dtype)
    resolved = resolve(InitSpec.parse(spec), read_shape(shape), axes_of(axes), kind=kind)
    number, name = read_seed(seed), check_name(name)
    save = saver(output, kind, name)
    check_writable([output])
    check_room(output, bytes_of(resolved, kind))
    with progress() as bar:
        weight = draw(resolved, kind, number, name, bar)
    write_whole(output, lambda path: save(path, weight))
    typer.echo(f"{output}: {spec} {list(weight.shape)} {kind.name}, {weight.nbytes} bytes")
