"""Any function against a spec, and a single weight as it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from initspec import Axes, InitSpec
from initspec.dtypes import FLOATS, float_type, numpy_dtype
from initspec.errors import InitSpecError
from initspec_conformance.checks import checks_of
from initspec_conformance.checks.base import Check, Evidence, rejects
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.describe import looks_like
from initspec_conformance.expected.precision import ONCE, TWICE, check_precision
from initspec_conformance.expected.target import Target, target_of
from initspec_conformance.results.report import Report
from initspec_conformance.runner.judge import judge, tests_of
from initspec_conformance.runner.levels import Level, level_of
from initspec_conformance.runner.reproduce import audit_again
from initspec_conformance.runner.sampling import Allowance, Caller, Source
from initspec_conformance.runner.seeds import nonce_of
from initspec_conformance.statistics.error_rates import one_stage, two_stages

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
    """Hold any function against a spec: a framework's own initializer, say, or a model's.

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
        A report; a draw that raises or returns something else is a failure in it.

    Raises:
        InitSpecError: the spec, shape, axes, dtype or level cannot be audited at all; or the law is
            so narrow that it moves with how its mean or bounds are rounded.
    """
    begun = time.perf_counter()
    target = target_of(spec, shape, axes, dtype)
    chosen, nonce = level_of(level), nonce_of(seed)
    check_precision(target, target.size * chosen.draws(target, 1), TWICE)
    caller = Caller()
    source = Source(
        target,
        lambda entropy: draw(target.shape, target.dtype, entropy),
        caller,
        Allowance(chosen.seconds),
    )
    line = f", {str(target.axes)!r}" if target.axes is not None else ""
    tests = len(tests_of(target))
    try:
        findings = judge(
            target,
            source,
            cell=str(target),
            level=chosen,
            rates=two_stages(tests),
            nonce=nonce,
            probed=PROBED,
            reproduce=audit_again(
                draw,
                f"InitSpec.parse({str(spec)!r}), {target.shape}{line}, dtype={target.dtype!r}",
                chosen,
                nonce,
            ),
        )
    finally:
        caller.close()
    seconds = time.perf_counter() - begun
    return Report(tuple(findings), chosen.name, nonce, tests, seconds=seconds)


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
        InitSpecError: the spec cannot fill a weight of this shape, or is too narrow a law, as for
            `audit_callable`.
    """
    values = _array(weight)
    target = target_of(spec, values.shape, axes, values.dtype)
    check_precision(target, target.size, ONCE)
    checks = [check for check in checks_of(target) if check.name not in ("seeds", "repeats")]
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise AssertionError(
            f"{bad} of {values.size} values are NaN or infinite; {target} has none"
        )
    if target.family == "sparse" and not values.any():
        raise AssertionError(
            f"all of {values.size} values are zeros; of {target} {target.entries} are not"
        )
    level = one_stage(len(checks)).first
    batch = Batch(target, values[None])
    wrong = []
    with np.errstate(all="ignore"):
        for check in checks:
            evidence = _alone(check, target, batch)
            if rejects(evidence, level):
                wrong.append(f"  {check.name}: {evidence.message}{_p(evidence)}")
    if wrong:
        raise AssertionError(
            f"this weight was not drawn from {target}.\n"
            f"It looks like {looks_like(values, target)}.\n" + "\n".join(wrong)
        )


def _alone(check: Check, target: Target, batch: Batch) -> Evidence:
    accumulator = check.start(target)
    accumulator.add(batch)
    return accumulator.evidence()


def _p(evidence: Evidence) -> str:
    return "" if evidence.p_value is None else f" (p = {evidence.p_value:.2g})"


def _array(weight: Any) -> np.ndarray:
    """Return the values of whatever a framework calls a weight.

    Raises:
        InitSpecError: it is no weight, or has no values to be had.
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
            f"{kind} is no weight: pass one tensor or array of floats, such as layer.weight"
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
