"""`initspec draw`: draw the weights of a lock to a file, with NumPy alone."""

from __future__ import annotations

from pathlib import Path

import typer

from initspec.cli.options import LOCK


def draw(
    lock: Path = LOCK,
    output: Path = typer.Option(..., "-o", "--output", help="A .safetensors or .npz file."),
) -> None:
    """Draw the weights of a lock to a file with NumPy alone, block by block.

    Example:
      initspec draw init.lock -o w.safetensors
    """
    from initspec.cli.arguments import read_lock
    from initspec.cli.console import progress
    from initspec.cli.files import check_room, check_writable, write_whole
    from initspec.models.weights_writer import bytes_in, writer

    source = read_lock(lock)
    write = writer(output, source.drawn, source.seed)
    check_writable([output])
    check_room(output, sum(map(bytes_in, source.drawn)))
    with progress() as bar:
        task = bar.add_task("drawing", total=sum(weight.size for weight in source.drawn))
        write_whole(output, lambda path: write(path, lambda size: bar.advance(task, size)))
    kept = [parameter.path for parameter in source.parameters if parameter.spec is None]
    without = f", without {', '.join(kept)}, which the recipe keeps" if kept else ""
    typer.echo(f"{output}: {len(source.drawn)} weights, {output.stat().st_size} bytes{without}")
