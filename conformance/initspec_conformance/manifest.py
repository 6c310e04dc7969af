"""What a run checks: specs x axes x shapes x dtypes, as a list that K is counted from."""

from __future__ import annotations

from dataclasses import dataclass

from initspec import Axes, InitSpec
from initspec_conformance.tables import Weight, weights
from initspec_conformance.target import Target, target_of

ELEMENTWISE = (
    "he_normal",
    "he_normal(gain=1.5, mode=fan_out)",
    "he_uniform(negative_slope=0.2)",
    "he_truncated_normal",
    "glorot_normal(gain=0.7)",
    "glorot_uniform",
    "lecun_normal(mode=fan_geo_avg)",
    "lecun_uniform",
    "lecun_truncated_normal(lower=-1.0, upper=3.0)",
    "normal(std=0.02, mean=0.05)",
    "uniform(low=-0.1, high=0.3)",
    "truncated_normal(std=0.02)",
    "truncated_normal(std=0.02, corrected=False)",
    "sparse(sparsity=0.9)",
    "sparse(sparsity=0.07, along=out)",
)
"""Every rule, mode, law and argument of the elementwise families, gains other than their square."""

BRIEF = ("he_normal(gain=1.5, mode=fan_out)", "glorot_uniform", "he_truncated_normal")
"""What each layer's weight is drawn with: another law and another mode each."""

STRUCTURED = (
    ("orthogonal(gain=1.3)", "stack out in", (1024, 8, 8)),
    ("orthogonal", "stack out in", (128, 64, 64)),
    ("orthogonal", "stack out in", (512, 24, 6)),
    ("orthogonal", "stack in out", (512, 24, 6)),
    ("orthogonal(gain=0.5)", "(stack=4 out) in kernel kernel", (32, 4, 3, 3)),
    ("delta_orthogonal", "kernel kernel in out", (3, 3, 8, 16)),
    ("identity(gain=0.5)", "out in", (24, 20)),
    ("identity", "kernel... in out", (20, 24)),
    ("dirac", "out in kernel...", (8, 6, 3, 4)),
    ("dirac(gain=2.0)", "kernel... in out", (5, 6, 8)),
    ("constant(value=0.1)", "out in", (7, 5)),
    ("zeros", "out in", (7, 5)),
)
"""Small matrices in numbers: whether they are uniform shows across matrices."""

LINEAR = ("torch Linear", "out in", (512, 520))
"""The plain weight, almost square: a swapped fan changes its variance by 1.5%."""

DTYPED = (
    "he_normal",
    "glorot_uniform",
    "he_truncated_normal",
    "sparse(sparsity=0.9)",
    "orthogonal",
    "constant(value=0.1)",
)
"""What is drawn in every dtype."""


@dataclass(frozen=True)
class Cell:
    """One target of a run.

    Attributes:
        id: spec/weight/dtype; the seeds are derived from it.
        target: what the draws should be.
    """

    id: str
    target: Target


def cells_of(level: str, dtypes: tuple[str, ...]) -> tuple[Cell, ...]:
    """Return the cells of a level for a backend of these dtypes, each id once."""
    default = "float32" if "float32" in dtypes else dtypes[0]
    found = [_cell(spec, *LINEAR, default) for spec in ELEMENTWISE]
    found += [_cell(spec, "", axes, shape, default) for spec, axes, shape in STRUCTURED]
    rest = [dtype for dtype in dtypes if dtype != default]
    for spec in DTYPED:
        name, axes, shape = ("", "stack out in", (256, 8, 8)) if spec == "orthogonal" else LINEAR
        found += [_cell(spec, name, axes, shape, dtype) for dtype in rest]
    specs = ELEMENTWISE if level == "thorough" else BRIEF
    for index, weight in enumerate(weights()):
        # Quick: a law for each layer, so that every layer and every law is met.
        chosen = (BRIEF[index % len(BRIEF)],) if level == "quick" else specs
        found += [_layer(spec, weight, level, default) for spec in chosen if _fits(spec, weight)]
    unique = {cell.id: cell for cell in found}
    return tuple(unique.values())


def _layer(spec: str, weight: Weight, level: str, dtype: str) -> Cell:
    # The small weight takes other code paths than a large one in some frameworks; both are met.
    shape = weight.shape if level == "quick" else weight.large
    return _cell(spec, weight.name, weight.axes, shape, dtype)


def _fits(spec: str, weight: Weight) -> bool:
    """Whether a sparse spec leaves anything of the weight's slices."""
    return not spec.startswith("sparse") or min(weight.logical[1:3]) > 1


def _cell(spec: str, name: str, axes: str, shape: tuple[int, ...], dtype: str) -> Cell:
    what = f"{name or axes} {'x'.join(map(str, shape))}"
    target = target_of(InitSpec.parse(spec), shape, Axes(axes), dtype)
    return Cell(f"{target.spec}/{what}/{dtype}", target)
