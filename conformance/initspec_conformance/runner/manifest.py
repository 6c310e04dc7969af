"""What a backend is checked on: specs x axes x shapes x dtypes."""

from __future__ import annotations

from dataclasses import dataclass

from initspec import Axes, InitSpec
from initspec_conformance.expected.expected import Expected, expected_of
from initspec_conformance.expected.tables import Weight, weights

ELEMENTWISE = (
    "he_normal",
    "he_normal(gain=1.5, mode=fan_out)",
    "he_uniform(negative_slope=0.2)",
    "he_truncated_normal",
    "InitSpec(distribution=truncated_normal(corrected=False), variance=he)",
    "glorot_normal(gain=0.7)",
    "glorot_uniform",
    "lecun_normal(mode=fan_geo_avg)",
    "lecun_uniform",
    "lecun_truncated_normal(lower=-1.0, upper=3.0)",
    "variance_scaling(scale=20.0, distribution=uniform, mode=fan_out, power=-0.75)",
    "normal(std=0.02, mean=0.05)",
    "uniform(low=-0.1, high=0.3)",
    "truncated_normal(std=0.02)",
    "truncated_normal(std=0.02, corrected=False)",
    "truncated_normal(std=0.1, mean=0.2, lower=-1.0, upper=3.0)",
    "sparse(sparsity=0.9)",
    "sparse(sparsity=0.07, along=out)",
)
"""Every rule, mode, law and argument of the elementwise families, gains other than their square."""

BRIEF = ("he_normal(gain=1.5, mode=fan_out)", "lecun_uniform", "he_truncated_normal")
"""What each layer's weight is drawn with: another law each, and one fan, so that a swap shows."""

LARGE = ("he_normal", "lecun_uniform", "he_truncated_normal", "sparse(sparsity=0.9)")
"""What a weight beyond the blocks of a draw is drawn with."""

SHAPED = (
    ("sparse(sparsity=0.9)", "in out", (120, 72)),
    ("sparse(sparsity=0.3, along=out)", "in out", (120, 72)),
    ("sparse(sparsity=0.6)", "kernel... in out", (3, 3, 12, 24)),
    ("sparse(sparsity=0.5, along=out)", "(stack=4 out) in kernel kernel", (64, 8, 3, 3)),
    ("normal(std=0.5, mean=1.0)", "", (2000,)),
    ("uniform(low=0.0, high=1.0)", "", (2000,)),
    ("log_uniform(low=0.001, high=0.1)", "", (2000,)),
    ("log_uniform(low=0.001, high=0.1, through=inverse_softplus)", "", (2000,)),
    ("uniform(low=1.0, high=16.0, through=log)", "out in", (120, 72)),
    ("normal(std=0.2, mean=1.0, through=exp)", "in out", (120, 72)),
)
"""Slices in every order of the axes, weights of no axes, and laws passed through a function."""

SCALAR = ("normal(std=1.0)", "", "", ())
"""A value a call: slow for what it shows, so that quick does without."""

STRUCTURED = (
    ("orthogonal(gain=1.3)", "stack out in", (1024, 8, 8)),
    ("orthogonal", "stack out in", (128, 64, 64)),
    ("orthogonal", "stack out in", (512, 24, 6)),
    ("orthogonal", "stack in out", (512, 24, 6)),
    ("orthogonal", "out in", (24, 40)),
    ("orthogonal", "out in", (144, 72)),
    ("orthogonal", "out in", (1, 1024)),
    ("orthogonal(gain=1.3)", "in out", (24, 40)),
    ("orthogonal", "out in kernel...", (16, 5, 3, 3)),
    ("orthogonal", "kernel... in out", (3, 3, 5, 16)),
    ("orthogonal(gain=0.5)", "(stack=4 out) in kernel kernel", (32, 4, 3, 3)),
    ("orthogonal", "(stack=64 out) in kernel kernel", (64, 1, 3, 3)),
    ("orthogonal", "(stack=4 out) in", (64, 16)),
    ("orthogonal", "in (stack=4 out)", (16, 64)),
    ("orthogonal", "in out out", (24, 4, 6)),
    ("delta_orthogonal", "kernel kernel in out", (3, 3, 8, 16)),
    ("delta_orthogonal", "out in kernel kernel", (16, 8, 3, 3)),
    ("identity(gain=0.5)", "out in", (24, 20)),
    ("identity", "kernel... in out", (20, 24)),
    ("dirac", "out in kernel...", (8, 6, 3, 4)),
    ("dirac(gain=2.0)", "kernel... in out", (5, 6, 8)),
    ("identity(gain=0.5, noise=0.1)", "out in", (48, 40)),
    ("dirac(noise=0.2)", "kernel... in (stack=2 out)", (3, 8, 12)),
    ("repeat(of=he_normal(mode=fan_out), times=4)", "out in kernel...", (128, 40, 2, 2)),
    ("repeat(of=he_uniform, times=4, order=tiled)", "kernel... in out", (3, 3, 24, 128)),
    ("repeat(of=he_truncated_normal, along=stack)", "(stack=4 out) in", (320, 96)),
    ("repeat(of=orthogonal, times=2)", "stack out in", (256, 16, 8)),
    ("constant(value=0.1)", "out in", (7, 5)),
    ("constant(value=0.1)", "", (7,)),
    ("ramp(start=1.0, step=1.0, along=in)", "out in", (4, 6)),
    ("ramp(start=-0.5, stop=0.3, power=0.7)", "", (7,)),
    ("sinusoidal", "out stack", (8, 70)),
    ("sinusoidal(halves=True, grid=True, extra_tokens=1)", "stack out", (10, 8)),
    ("rotary", "", (8,)),
    ("hippo_legs", "in out", (6, 6)),
    ("zeros", "out in", (7, 5)),
)
"""Matrices of every order of the axes; small and in numbers, as uniformity shows across them."""

UNEQUAL = (
    ("he_normal(gain=1.5, mode=fan_out)", "in (stack out=320+64+128)", (256, 512), 1, "in out"),
    ("orthogonal", "(stack out=24+6+10) in", (40, 24), 1, "out in"),
)
"""One member of a stack of unequal ones, which is a weight of these axes by itself."""

LINEAR = ("torch Linear", "out in", (512, 520))
"""The plain weight, almost square: a swapped fan changes its variance by 1.5%."""

HUGE = ("torch Linear", "out in", (4096, 2056))
"""2^23 elements: larger than any block that a backend draws at a time."""

DTYPED: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "he_normal": LINEAR,
    "glorot_uniform": LINEAR,
    "he_truncated_normal": LINEAR,
    "uniform(low=-0.1, high=0.3)": LINEAR,
    "log_uniform(low=0.001, high=0.1, through=inverse_softplus)": ("", "out in", (120, 72)),
    "sparse(sparsity=0.9)": ("", "out in", (120, 72)),
    "orthogonal": ("", "stack out in", (256, 8, 8)),
    "constant(value=0.1)": LINEAR,
}
"""What is drawn in every dtype."""


def manifest(level: str, dtypes: tuple[str, ...]) -> dict[str, Expected]:
    """Return the weights of a level for a backend of these dtypes, by the ids of their cells."""
    default = "float32" if "float32" in dtypes else dtypes[0]
    rows = [_cell(spec, *LINEAR, default) for spec in ELEMENTWISE]
    rows += [_cell(spec, "", axes, shape, default) for spec, axes, shape in STRUCTURED + SHAPED]
    if level != "quick":
        rows += [_cell(spec, *HUGE, default) for spec in LARGE]
        rows.append(_cell(*SCALAR, default))
    rest = [dtype for dtype in dtypes if dtype != default]
    for spec, row in DTYPED.items():
        rows += [_cell(spec, *row, dtype) for dtype in rest]
    specs = ELEMENTWISE if level == "thorough" else BRIEF
    for index, weight in enumerate(weights()):
        # Quick: a law for each layer, so that every layer and every law is met.
        chosen = (BRIEF[index % len(BRIEF)],) if level == "quick" else specs
        rows += [_layer(spec, weight, level, default) for spec in chosen if _fits(spec, weight)]
    return dict(rows)


@dataclass(frozen=True)
class Member:
    """A member of a stack whose members have unequal sizes.

    Attributes:
        axes: the axes of the whole weight.
        shape: its shape.
        index: where the member lies in it.
        expected: what the member should be by itself.
    """

    axes: Axes
    shape: tuple[int, ...]
    index: tuple[slice, ...]
    expected: Expected


def members(dtypes: tuple[str, ...]) -> dict[str, Member]:
    """Return the members of unequal size for a backend of these dtypes, by the ids of their cells.

    Where a member lies is read off the line: its sizes, and their place among the axes.
    """
    dtype = "float32" if "float32" in dtypes else dtypes[0]
    cells = {}
    for spec, line, shape, number, alone in UNEQUAL:
        sizes = [int(size) for size in line.partition("out=")[2].partition(")")[0].split("+")]
        axis = alone.split().index("out")
        start = sum(sizes[:number])
        index = [slice(None)] * len(shape)
        index[axis] = slice(start, start + sizes[number])
        member = (*shape[:axis], sizes[number], *shape[axis + 1 :])
        name, expected = _cell(spec, f"member {number} of {line}", alone, member, dtype)
        cells[name] = Member(Axes(line), shape, tuple(index), expected)
    return cells


def _layer(spec: str, weight: Weight, level: str, dtype: str) -> tuple[str, Expected]:
    # The small weight takes other code paths than a large one in some frameworks; both are met.
    shape = weight.shape if level == "quick" else weight.large
    return _cell(spec, weight.name, weight.axes, shape, dtype)


def _fits(spec: str, weight: Weight) -> bool:
    """Whether a sparse spec leaves anything of the weight's slices."""
    return not spec.startswith("sparse") or min(weight.logical[1:3]) > 1


def _cell(
    spec: str, name: str, axes: str, shape: tuple[int, ...], dtype: str
) -> tuple[str, Expected]:
    what = f"{name or axes or 'no axes'} {'x'.join(map(str, shape)) or 'scalar'}"
    expected = expected_of(InitSpec.parse(spec), shape, axes or None, dtype)
    return f"{expected.spec}/{what}/{dtype}", expected
