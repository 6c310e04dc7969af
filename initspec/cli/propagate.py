"""`initspec propagate`: what an initialization does to a deep network, as a table or a picture."""

from __future__ import annotations

from pathlib import Path

import typer

from initspec.cli.options import JSON


def propagate(
    spec: str = typer.Argument(help="A spec, such as he_normal or 'normal(std=0.01)'."),
    activation: str = typer.Option("relu", help="Such as sigmoid or 'elu(alpha=0.5)'."),
    depth: int = typer.Option(5, help="Layers."),
    width: int = typer.Option(100, help="Units, or channels, of a layer."),
    samples: int = typer.Option(1000, help="Random inputs, N(0, 1)."),
    seed: str = typer.Option("0", help="Of weights and inputs."),
    bias_std: float = typer.Option(0.0, help="The biases' standard deviation."),
    residual: float = typer.Option(
        None, help="The factor of each residual branch; a plain network unless given."
    ),
    kernel: str = typer.Option("", help="A convolution's receptive field, such as 3,3."),
    size: int = typer.Option(8, help="The length of each side of a convolution's image."),
    plot: Path = typer.Option(None, help="Write a picture: PNG, SVG or PDF.", show_default=False),
    dark: bool = typer.Option(False, "--dark", help="Draw it on a dark ground."),
    as_json: bool = JSON,
) -> None:
    """Run a random network forward and backward, beside what mean-field theory predicts.

    Example:
      initspec propagate he_normal --activation relu --depth 20
    """
    from initspec.api import InitSpec
    from initspec.cli.arguments import read_seed, read_shape
    from initspec.cli.console import print_json, progress
    from initspec.cli.files import check_writable
    from initspec.cli.pages.propagate import show
    from initspec.propagation import propagate as run
    from initspec.propagation.plot import check_picture

    if plot is not None:
        check_writable([plot])
        check_picture(plot)
    with progress() as bar:
        task = bar.add_task("running the network")
        network = run(
            InitSpec.parse(spec),
            activation,
            depth,
            width,
            samples,
            seed=read_seed(seed),
            bias_std=bias_std,
            residual=residual,
            kernel=read_shape(kernel, "--kernel") if kernel else (),
            size=size,
            progress=lambda done, steps: bar.update(task, completed=done, total=steps),
        )
    # The numbers first: a full disk, say, is not to lose them.
    if as_json:
        print_json(network.to_dict())
    else:
        show(network, histograms=plot is None)
    if plot is not None:
        network.plot(plot, dark=dark)
        typer.echo(f"wrote {plot}", err=as_json)
