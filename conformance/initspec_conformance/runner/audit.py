"""Audit any function against a spec, and a single weight as it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from initspec import Axes, InitSpec
from initspec.dtypes import FLOATS, float_type, numpy_dtype
from initspec.errors import InitSpecError
from initspec_conformance.checks import checks_of
from initspec_conformance.checks.base import Evidence, rejects
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.describe import looks_like
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.expected.parts import BrokenError, Part, Take, parts_of
from initspec_conformance.results.report import Report
from initspec_conformance.runner.cells import Cell
from initspec_conformance.runner.levels import Level, level_of
from initspec_conformance.runner.reproduce import reproduce_audit
from initspec_conformance.runner.run_cells import run_cells
from initspec_conformance.runner.seeds import nonce_of
from initspec_conformance.statistics.error_rates import one_stage

PROBED = 1 << 24
"""Elements drawn to try every bit of a seed; a backend's are tried on its small weights."""


def audit_callable(
    draw: Callable[[tuple[int, ...], str, int], Any],
    spec: InitSpec,
    shape: tuple[int, ...],
    axes: str | Axes | None = None,
    *,
    dtype: str = "float32",
    level: str | Level = "default",
    seed: int | str | None = None,
) -> Report:
    """Compare any function with a spec: a framework's own initializer, say, or a model's.

    Args:
        draw: called as draw(shape, dtype, seed): the shape as a tuple, the dtype by its name, the
            seed a Python int in [0, 2^31). Its result goes through `np.asarray` and is never
            written to. The same seed must give the same bits.
        spec: what the draws should be.
        shape: the weight's shape.
        axes: the role of each axis; None takes out in kernel...
        dtype: the name of the dtype.
        level: "quick", "default" or "thorough".
        seed: None or 0 for the same seeds each time, an int for others, "fresh" for new ones.

    Returns:
        A report; a draw that raises or returns something else is a failure in it. Interrupted by
        Ctrl-C it did not pass.

    Raises:
        InitSpecError: the spec, shape, axes, dtype or level cannot be audited at all; or the dtype
            has too few values of the distribution.
    """
    expected = expected_of(spec, shape, axes, dtype)
    chosen, nonce = level_of(level), nonce_of(seed)

    def part_of(entropy: int, take: Take) -> Any:
        return take(np.asarray(draw(expected.shape, expected.dtype, entropy)))

    cells = [
        Cell(
            owner="",
            id=f"{expected} {part.name}".rstrip(),
            expected=part.expected,
            draw=partial(part_of, take=part.take),
            probed=PROBED,
        )
        for part in parts_of(expected)
    ]
    line = reproduce_audit(expected, chosen, nonce)
    return run_cells(cells, chosen, nonce, reproduce=lambda *_: line)


def assert_initialized(weight: Any, spec: InitSpec, axes: str | Axes | None = None) -> None:
    """Assert that one tensor or array was drawn from a spec.

    One line for the tests of a model: a single weight, judged as it is, with a false-alarm rate of
    1e-6 for the call. Small weights show only large deviations.

    Args:
        weight: a torch tensor, Keras variable, JAX or NumPy array; it is not written to.
        spec: what it should be.
        axes: the role of each axis; None takes out in kernel..., the order of torch and NumPy.

    Raises:
        AssertionError: it was not, with what was measured, and what the weights look like instead.
        InitSpecError: the spec cannot fill a weight of this shape, the dtype has too few values of
            its distribution, or the suite has no independent law for its family.
    """
    values = _array(weight)
    expected = expected_of(spec, values.shape, axes, values.dtype)
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise AssertionError(
            f"{bad} of {values.size} values are NaN or infinite; {expected} has none"
        )
    parts = parts_of(expected)
    try:
        wrong = [_wrong(part.take(values), part, len(parts)) for part in parts]
    except BrokenError as error:
        raise AssertionError(f"this weight was not drawn from {expected}: {error}") from None
    if any(wrong):
        raise AssertionError(
            f"this weight was not drawn from {expected}.\n" + "\n".join(filter(None, wrong))
        )


def _wrong(values: np.ndarray, part: Part, parts: int) -> str:
    """Return what is wrong with a part of a weight, and what it looks like; "" of a right one."""
    expected = part.expected
    if expected.family == "sparse" and not values.any():
        return f"all of {values.size} values are zeros; of {expected} {expected.entries} are not"
    checks = [check for check in checks_of(expected) if check.needs_draws == 1]
    level = one_stage(len(checks) * parts).first
    batch = Batch(expected, values[None])
    wrong = []
    for check in checks:
        evidence = check.evidence_of(batch)
        if rejects(evidence, level):
            wrong.append(f"  {check.name}: {evidence.message}{_p(evidence)}")
    if not wrong:
        return ""
    what = f"{part.name.capitalize()} it" if part.name else "It"
    return "\n".join([f"{what} looks like {looks_like(values, expected)}.", *wrong])


def _p(evidence: Evidence) -> str:
    return "" if evidence.p_value is None else f" (p = {evidence.p_value:.2g})"


def _array(weight: Any) -> np.ndarray:
    """Return the values of whatever a framework calls a weight.

    Raises:
        InitSpecError: it is not a weight, or its values cannot be read.
    """
    kind = type(weight).__name__
    try:
        values = np.asarray(_plain(weight))
    except InitSpecError:
        raise
    except Exception as error:  # each framework has its own: symbolic, traced, deleted, lazy
        raise InitSpecError(f"{kind} has no values that can be read: {error}") from error
    if values.dtype.kind in "OSU":
        raise InitSpecError(
            f"{kind} is not a weight: pass one tensor or array of floats, such as layer.weight"
        )
    return values


def _plain(weight: Any) -> Any:
    """Return a weight as something that NumPy makes an array of."""
    if hasattr(weight, "unbox") and callable(weight.unbox):  # flax' metadata about a parameter
        weight = weight.unbox()
    if hasattr(weight, "detach"):  # a torch tensor, which NumPy takes off the graph and the device
        if getattr(weight, "is_meta", False):
            raise InitSpecError("a meta tensor has no values: materialise and fill it first")
        kind = float_type(weight.dtype).name  # NumPy has no name for some of torch's dtypes
        weight = weight.detach()
        if hasattr(weight, "full_tensor"):  # a DTensor, gathered from all ranks
            weight = weight.full_tensor()
        if str(weight.layout) != "torch.strided":
            weight = weight.to_dense()
        weight = weight.cpu().resolve_neg()
        if kind == "bfloat16":
            return weight.float().numpy().astype(numpy_dtype(FLOATS[kind]))
        return weight.numpy()
    if hasattr(weight, "numpy") and callable(weight.numpy):  # a Keras variable
        return weight.numpy()
    return weight
