"""The commands of the suite: `initspec conformance`, a run with live progress, and `audit`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import typer

from initspec.cli.options import JSON, MODEL, NUMBERS, RECIPE
from initspec.errors import InitSpecError


def conformance(
    names: list[str] = typer.Argument(
        None, metavar="BACKENDS", help="Registered backends; all usable ones unless given."
    ),
    quick: bool = typer.Option(False, "--quick", help="Under a minute a backend."),
    thorough: bool = typer.Option(False, "--thorough", help="Hours: every spec on every layer."),
    fresh: bool = typer.Option(False, "--fresh", help="New seeds, instead of the fixed ones."),
    seed: int = typer.Option(
        None, min=0, help="Repeat a fresh run by the seed that it printed.", show_default=False
    ),
    only: str = typer.Option("*", help="A pattern of cells, such as 'he_normal/*'."),
    native: bool = typer.Option(
        False, "--native", help="Audit the frameworks' own initializers instead."
    ),
    html: Path = typer.Option(None, help="Write a report to look at.", show_default=False),
    json: Path = typer.Option(None, help="Write the findings as JSON.", show_default=False),
) -> None:
    """Prove that backends draw what specs say, with a false-alarm rate of 1e-6 for the run.

    Example:
      initspec conformance numpy --quick --html report.html
    """
    import os
    import signal

    from initspec.backend import backends as registered
    from initspec.cli.arguments import read_backends
    from initspec.cli.console import Console
    from initspec.cli.files import check_writable

    # A framework reads this when it is loaded, which is later. On threads that wait for the cores
    # that judge, a small QR takes 100 times as long, and on two threads its bits are others.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if quick and thorough:
        raise InitSpecError("--quick and --thorough: pass one of them, or neither")
    if fresh and seed is not None:
        raise InitSpecError("--fresh and --seed: a fresh run draws its own seed; pass one of them")
    level = "quick" if quick else "thorough" if thorough else "default"
    nonce: int | str | None = "fresh" if fresh else seed
    files = {"json": json, "html": html}
    reports = {kind: path for kind, path in files.items() if path is not None}
    _require(*_MODULES, *(("jinja2",) if html else ()))
    check_writable(reports.values())
    from initspec_conformance.reports.console import show
    from initspec_conformance.reports.files import uninterrupted, write
    from initspec_conformance.reports.progress import run
    from initspec_conformance.results.report import Report

    console = Console()
    if names:
        names = read_backends(" ".join(names))
    else:
        names = [name for name, status in registered().items() if status.usable]
    try:
        report = run(names, level, nonce, only, native)
    except KeyboardInterrupt:  # before the first cell, while SciPy was imported, say
        report = Report((), level, 0, 0, interrupted=True)
    with uninterrupted():
        try:
            for path in write(report, reports):
                console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
        finally:
            show(report, console)
    if report.interrupted:
        # Pressed again while Python ends, Ctrl-C would decide the exit status.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise typer.Exit(130)
    raise typer.Exit(0 if report.passed else 1)


def audit(
    model: str = MODEL,
    recipe: str = RECIPE,
    seed: str = typer.Option(
        None, help="The seed of the weights: the bits are compared, too.", show_default=False
    ),
    numbers: list[str] = NUMBERS,
    html: Path = typer.Option(None, help="Write a report with pictures.", show_default=False),
    as_json: bool = JSON,
) -> None:
    """Hold a freshly built model against a recipe, with a false-alarm rate of 1e-6 for the model.

    The exit status is 1 where there is a finding.

    Example:
      initspec audit package.module:factory --recipe gpt2-nanogpt --html report.html
    """
    from typing import Any

    from initspec.cli.arguments import read_numbers, read_recipe, read_seed
    from initspec.cli.console import Console, print_json
    from initspec.cli.factory import build
    from initspec.cli.files import check_writable

    _require(*_MODULES, *(("jinja2",) if html else ()))
    check_writable([html] if html else [])
    rules = read_recipe(recipe)
    given: dict[str, Any] = read_numbers(numbers)
    start = None if seed is None else read_seed(seed)
    network, inputs = build(model)
    from initspec_conformance.models.audit import audit_model

    errors = Console(stderr=True)
    errors.quiet = not errors.is_terminal
    with errors.status("auditing"):
        result = audit_model(network, rules, seed=start, inputs=inputs, **given)
    if as_json:
        print_json(result.to_dict())
    else:
        from initspec_conformance.models.terminal import show

        show(result, model, html is not None)
    if html is not None:
        try:
            html.write_text(result.to_html(), "utf-8")
        except OSError as error:
            raise InitSpecError(f"{html} cannot be written: {error.strerror}") from None
        if not as_json:
            Console().print(f"wrote {html}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if result.passed else 1)


def inspect(
    target: str = typer.Argument(
        help="A file of weights, or package.module:factory, which returns the model."
    ),
    plot: Path = typer.Option(None, help="Write a picture.", show_default=False),
    html: Path = typer.Option(None, help="Write a page with pictures.", show_default=False),
    as_json: bool = JSON,
) -> None:
    """Show what each tensor of a file or of a model looks like, without any recipe.

    A file is .safetensors, .npz, .keras, .pt, or the .index.json of several; nothing in it is run.

    Example:
      initspec inspect model.safetensors --html report.html
    """
    import os
    from typing import Any

    from initspec.cli.console import Console, print_json
    from initspec.cli.factory import build
    from initspec.cli.files import check_writable
    from initspec.models.weights_file import is_file

    _require(*_MODULES, *(("jinja2",) if html else ()))
    if plot is not None and find_spec("matplotlib") is None:
        raise InitSpecError("--plot needs matplotlib: pip install 'initspec[plot]'")
    files = [path for path in (plot, html) if path is not None]
    check_writable(files)
    inputs: Any = None
    model: Any = target
    if not is_file(target) and ":" in target:
        model, inputs = build(target)
    from initspec_conformance.inspection.inspect import inspect as run

    errors = Console(stderr=True)
    errors.quiet = not errors.is_terminal
    with errors.status("reading"):
        result = run(model, inputs=inputs)
    console = Console()
    if as_json:
        print_json(result.to_dict())
    else:
        if not console.is_terminal and "COLUMNS" not in os.environ:
            console = Console(width=1000)  # in a pipe a line is a tensor
        result.show(console)
    if plot is not None:
        result.plot(plot)
    if html is not None:
        try:
            html.write_text(result.to_html(), "utf-8")
        except OSError as error:
            raise InitSpecError(f"{html} cannot be written: {error.strerror}") from None
    for path in () if as_json else files:
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)


_MODULES = ("scipy", "threadpoolctl")


def _require(*modules: str) -> None:
    # Looked for, not imported: that takes a second, and a Ctrl-C within it is to leave a report.
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise InitSpecError(
            f"the conformance suite needs {' and '.join(missing)}: "
            "pip install 'initspec[conformance]'"
        )
