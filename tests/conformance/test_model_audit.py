"""The parts of the audit of models, on arrays alone: null laws, defects, copies, explanations."""

from __future__ import annotations

import itertools
import math
from contextlib import suppress

import ml_dtypes
import numpy as np
import pytest
from initspec_conformance.checks.coincidence import coincidence
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.models import defects
from initspec_conformance.models.audit import audit_values
from initspec_conformance.models.battery import measure
from initspec_conformance.models.findings import ModelFinding, ParameterAudit
from initspec_conformance.models.fitted import Context, variants
from initspec_conformance.models.pieces import BLOCK, Piece, blocks_of, pieces_of
from initspec_conformance.models.pooled import POOLED, Member, groups_of, pool
from initspec_conformance.models.report import ModelAudit
from initspec_conformance.models.trained import TRAINED, dependence

from initspec import Axes, InitSpec, Recipe, Rule
from initspec.backend.parameter import Parameter, Place
from initspec.errors import InitSpecError, TargetError
from initspec.models.assign import assign
from initspec.models.assignment import Assignment, Assignments
from initspec.models.locked import Locked
from initspec.models.template import Template, read

NORMAL = InitSpec.normal(std=0.02)


def assigned(path: str, shape: tuple[int, ...], *rules: Rule, axes: str = "out in") -> Assignment:
    """Return the assignment of a kernel that no framework has."""
    place = Place(path, ("Dense",), "kernel", Axes(axes))
    return assign([Parameter((place,), shape, "float32")], rules)[path]


def normal(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return (0.02 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def audited(rule: Rule, *arrays: np.ndarray, values=None):
    """Return the findings and the readings of kernels "h.0.w", "h.1.w", ... of one rule."""
    kernels = [
        Parameter(
            (Place(f"h.{i}.w", ("Dense",), "kernel", by_rank(array.ndim)),), array.shape, name
        )
        for i, array in enumerate(arrays)
        for name in [array.dtype.name]
    ]
    by_path = {kernel.path: array for kernel, array in zip(kernels, arrays, strict=True)}
    return audit_values(
        assign(kernels, [rule]),
        values or (lambda paths: [by_path[path] for path in paths]),
        Context(kernels, Recipe([rule]), None, {}),
    )


def by_rank(rank: int) -> Axes | None:
    return Axes("out in" + " kernel" * (rank - 2)) if rank > 1 else None


def test_a_model_that_changes_meanwhile_is_refused():
    """Values that are not the same when a parameter is read again."""
    wrong = normal(0, (32, 32)) * 2
    reads = iter([[wrong], [wrong + 1]])
    with pytest.raises(TargetError, match=r"h\.0\.w changed while the model was audited"):
        audited(Rule("normal(std=0.02)", role="kernel"), wrong, values=lambda _: next(reads))


@pytest.mark.parametrize("dtype", ["int8", "bool", "complex64", "float8_e4m3fn", "float8_e5m2"])
def test_what_has_no_law_is_named_and_left_out(dtype):
    """Integers and floats of 8 bits, and what is empty."""
    weight = np.zeros((32, 32), numpy_dtype(dtype))
    rule = Rule("normal(std=0.02)", role="kernel")
    given = [weight, weight[:0]]
    kernels = normal(0, (32, 32)), np.zeros((0, 3), np.float32)
    findings, readings, tests = audited(rule, *kernels, values=lambda paths: given[: len(paths)])
    first, second = readings
    assert (findings, tests) == ([], 0)
    assert first.skipped == f"it is of {dtype}"
    assert second.skipped == "it is empty"


def test_blocks_hold_every_row():
    """A large weight is judged in blocks that have all of its rows, and one law."""
    shape = (3 * BLOCK // 512, 512)
    values = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    blocks = list(blocks_of(Piece("", expected_of(NORMAL, shape, "out in", "float32"), values)))
    assert len(blocks) == 3
    np.testing.assert_array_equal(np.concatenate([b.draws[0] for b in blocks]), values)
    assert all(b.expected.law.moments()[1] == 0.02 for b in blocks)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((3, 3, 256, 256), "kernel... in out"), ((3, 1 << 18), "out in"), ((1, 1 << 20), "in out")],
)
def test_blocks_of_few_long_rows(shape, axes):
    """A weight whose first axis is short is cut into matrices, too, not into single rows."""
    piece = Piece("", expected_of(NORMAL, shape, axes, "float32"), normal(0, shape))
    assert all(len(block.draws[0]) > 1 for block in blocks_of(piece))
    assert measure(piece).evidence["rows"].p_value > 1e-6


def test_parts_are_pieces_of_their_own():
    """The law of the rest is that of the whole, and rows keep their numbers."""
    rules = [Rule("zeros", "w", part="[1]"), Rule("he_normal", "w")]
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    part, rest = pieces_of(assigned("w", (4, 6), *rules), values)
    assert (part.name, part.expected.family, part.values.tolist()) == (
        "[1]",
        "fixed",
        [list(range(6, 12))],
    )
    assert rest.rows.tolist() == [0, 2, 3]
    assert rest.expected.law.moments()[1] == pytest.approx(math.sqrt(2 / 6))


def test_unequal_members_have_laws_of_their_own():
    """Each member of an unequal stack by its own fan."""
    rule = Rule("he_normal(mode=fan_out)", "w")
    given = assigned("w", (12, 6), rule, axes="(stack out=8+4) in")
    members = list(pieces_of(given, np.zeros((12, 6), np.float32)))
    assert [piece.values.shape for piece in members] == [(8, 6), (4, 6)]
    stds = [piece.expected.law.moments()[1] for piece in members]
    assert stds == pytest.approx([math.sqrt(2 / 8), math.sqrt(2 / 4)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_right_values_have_no_defect(dtype):
    """Neither coarse, nor strange, nor constant; a lattice of 24 bits is none."""
    for values in (
        np.random.default_rng(0).standard_normal((500, 400)).astype(dtype),
        (np.random.default_rng(0).integers(0, 1 << 24, (500, 400)) / 2**26 - 0.125).astype(
            "float32"
        ),
    ):
        expected = expected_of(NORMAL, values.shape, "out in", values.dtype)
        assert defects.not_finite(values) is None
        assert defects.strange(values, expected) is None
        assert defects.constant(values, expected) is None
        assert defects.coarse(values, values.dtype.name) is None
        assert defects.zero_slices(values, 0, coincidence(expected)) is None


def test_float64_of_float32_is_coarse():
    """A float64 that was drawn in float32 is named."""
    defect = defects.coarse(normal(0, (9, 9)).astype(np.float64), "float64")
    assert "float32 numbers" in defect.message


def numpy_dtype(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name, name))


def test_small_deviations_add_up_over_a_rule():
    """5% of the std, in each of twelve weights too small to show it, shows in all of them."""
    rule = Rule("normal(std=0.02)", "h.*.w")
    members = []
    for index in range(12):
        given = assigned(f"h.{index}.w", (32, 32), rule)
        (piece,) = pieces_of(given, np.float32(1.05) * normal(index, (32, 32)))
        members.append(Member(given, measure(piece)))
    assert min(m.measured.evidence["variance"].p_value for m in members) > 1e-7
    ((name, group),) = groups_of(members).items()
    together = {check: pool(check, group) for check in POOLED}
    assert name == "h.*.w"
    assert together["variance"].p_value < 1e-7
    assert math.sqrt(1 + together["variance"].off) == pytest.approx(1.05, abs=0.02)
    assert together["mean"].p_value > 1e-4


def test_the_arithmetic_of_a_recipe_is_varied():
    """Each variant is a line that can be read, with what is wrong in it."""
    template = read("normal(std=0.02 / sqrt(2 * depth))")
    lines = dict(variants(template, lambda _: 12.0))
    stds = {
        text: Template(line, ()).spec(lambda _: 12.0).std((4, 4)) for text, line in lines.items()
    }
    assert stds["the residual scaling 1/sqrt(2 * 12) is missing"] == 0.02
    assert stds["the factor 2 is missing"] == pytest.approx(0.02 / math.sqrt(12))
    assert stds["2 * 12 stands for its square root"] == pytest.approx(0.02 / 24)


def test_training_is_told_from_scales_and_tails():
    """Low rank is training; other scales, zeros, heavy tails and orthogonal rows are not."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal((96, 64))
    assert dependence(w + rng.standard_normal((96, 2)) @ rng.standard_normal((2, 64))) > TRAINED
    half = w.copy()
    half[48:] = 0
    for other in (
        w * np.geomspace(0.1, 10, 96)[:, None],
        half,
        rng.standard_cauchy((96, 64)).clip(-100, 100),
        np.linalg.qr(w)[0],
        w + 5,
    ):
        assert dependence(other) < TRAINED


def test_paths_write_nothing_but_text_to_a_terminal():
    """Control characters in the names of a model."""
    finding = ModelFinding("a\x1b[31m\n.w", "std", "\x07", "\x9b1m")
    row = ParameterAudit(finding.path, "zeros", 4, 0, 0.0, 0.0)
    audit = ModelAudit((finding,), (row,), "r\x1b[0m", 0)
    for text in (str(audit), str(finding), audit.table()):
        assert not {"\x1b", "\x07", "\x9b"} & set(text)
    assert all(not line.startswith(".w") for line in str(audit).splitlines())


def test_the_text_of_an_audit_is_wrapped():
    """At 100 columns, a long message and what it looks like."""
    finding = ModelFinding("a.w", "std", "word " * 60, "words " * 60)
    assert max(map(len, str(ModelAudit((finding,), (), "", 0)).splitlines())) <= 100


LINES = (
    *("normal(std=0.02)", "uniform(low=-0.1, high=0.1)", "orthogonal"),
    *("sparse(sparsity=0.5, std=0.1)", "identity", "zeros", "constant(value=0.3)"),
    *("uniform(low=0.9, high=1.1)", "normal(std=1e-30)", "normal(std=1e6)"),
)
SHAPES: dict[tuple[int, ...], str | None] = {
    **dict.fromkeys([(), (1,), (2,), (0,), (300,)]),
    **dict.fromkeys([(1, 1), (2, 2), (16, 1), (1, 16), (1, 400), (64, 33), (0, 3)], "out in"),
    (4, 16, 16): "stack out in",
    (48, 16): "(stack=3 out) in",
    (12, 6): "(stack out=8+4) in",
    (3, 3, 4, 8): "kernel kernel in out",
    (64, 4, 16): "in out out",
}


def test_right_weights_of_every_kind_have_no_finding():
    """Families, shapes and dtypes together: scalars, single rows, stacks, almost constant ones."""
    assignments, values = [], {}
    for line, (shape, axes), dtype in itertools.product(
        LINES, SHAPES.items(), ("float32", "float16", "bfloat16")
    ):
        path = f"p{len(values)}.w"
        place = Place(path, ("Dense",), "kernel", Axes(axes) if axes else None)
        with suppress(InitSpecError):  # what neither can be drawn
            given = assign([Parameter((place,), shape, dtype)], [Rule(line, path)])[path]
            values[path] = Locked.of(given, path).draw(0)
            assignments.append(given)
    assert len(values) > 400
    kernels = [given.parameter for given in assignments]
    recipe = Recipe([given.rule for given in assignments])
    findings, readings, tests = audit_values(
        Assignments(assignments),
        lambda paths: [values[path] for path in paths],
        Context(kernels, recipe, None, {}),
    )
    assert not findings, findings
    assert tests > 1000
    skipped = {reading.skipped.partition(":")[0] for reading in readings if reading.skipped}
    assert "it is empty" in skipped


@pytest.mark.parametrize(
    ("share", "far", "named"), [(None, 0.0, True), (1e-4, 3.0, False), (1e-6, 9.0, False)]
)
def test_the_draw_of_keras_on_torch_is_named(share, far, named):
    """The first of four normals where none is within two sigma; not more, and none further out."""
    rng, shape = np.random.default_rng(3), (1024, 1024)
    if share is None:
        four = rng.standard_normal((*shape, 4), np.float32)
        first = (np.abs(four) < 2).argmax(-1)
        y = np.take_along_axis(four, first[..., None], -1)[..., 0]
    else:
        y = InitSpec.truncated_normal(std=1, corrected=False).to_numpy(seed=3)(shape)
        y[rng.random(shape) < share] = far
        y[0, 0] = far
    rule = Rule("truncated_normal(std=0.02, corrected=False)")
    findings, _, _ = audited(rule, (0.02 * y).astype(np.float32))
    looks = [f.looks_like for f in findings]
    assert looks
    assert [text.startswith("Keras' own draw on torch: ") for text in looks] == [named] * len(looks)
