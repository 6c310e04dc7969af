"""Inspect a model or a file of weights: for each tensor, what it looks like."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from initspec.dtypes import FLOATS
from initspec.errors import TargetError
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.inspection.inspection import Inspection
from initspec_conformance.inspection.look import Look
from initspec_conformance.inspection.moments import REACH, SAMPLE, Moments, moments_of, sample_of
from initspec_conformance.inspection.specs import specs_of
from initspec_conformance.inspection.tensors import Tensor, tensors_of
from initspec_conformance.models import defects
from initspec_conformance.models.copies import copies
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.fingerprints import Fingerprint, fingerprint
from initspec_conformance.models.trained import TRAINED, dependence

BARS = 24
"""The bars of a histogram."""

ROWS = 128
"""How many rows of a matrix are compared with each other, at most."""


def inspect(target: Any, *, inputs: Any = None) -> Inspection:
    """Return what each tensor of a model or of a file looks like.

    A file is read tensor by tensor, so that it takes the memory of its largest one.

    Args:
        target: a model of torch, Keras or JAX; arrays by path; or a file, .safetensors, .npz,
            .keras, .pt, or the .index.json of several. Nothing in a file is run.
        inputs: example arguments, for a model that has no parameters without them.

    Raises:
        TargetError: the model is of no known framework, the file is of no known kind, or there is
            no tensor.
        FormatError: the file is truncated, not what its name says, or changed while it was read.
    """
    start = time.perf_counter()
    source = str(target) if isinstance(target, str | Path) else type(target).__name__
    with tensors_of(target, inputs) as tensors:
        if not tensors:
            raise TargetError(f"{source} has no tensors: there is nothing to inspect")
        by_path = {tensor.path: tensor for tensor in tensors}
        looks, findings, fingerprints = [], [], []
        for tensor in tensors:
            look, some, print_ = _look(tensor)
            looks.append(look)
            findings += some
            fingerprints += [print_] if print_ is not None else []

        def read(path: str) -> Array:
            values = by_path[path].read()
            assert values is not None
            return np.array(values)  # two are compared, and there is memory for one

        findings += copies(fingerprints, read)
    kinds: dict[str, list[str]] = {look.path: [] for look in looks}
    for finding in findings:
        kinds[finding.path].append(finding.kind)
    rows = tuple(replace(look, flags=tuple(dict.fromkeys(kinds[look.path]))) for look in looks)
    order = {look.path: place for place, look in enumerate(looks)}
    findings.sort(key=lambda finding: order[finding.path])
    return Inspection(source, rows, tuple(findings), time.perf_counter() - start)


def _look(tensor: Tensor) -> tuple[Look, list[ModelFinding], Fingerprint | None]:
    """Return what a tensor looks like, what is odd about it, and by what its copies are found."""
    look = Look(tensor.path, tensor.role, tensor.layer, tensor.shape, tensor.dtype, tensor.tied)
    if not math.prod(tensor.shape):
        return replace(look, skipped="it has no elements"), [], None
    if tensor.dtype not in FLOATS:
        return replace(look, skipped=f"{tensor.dtype} is not looked into"), [], None
    values = tensor.read()
    if values is None:
        return replace(look, skipped="it has no values: it is without memory"), [], None
    moments = moments_of(values)
    text = _structure(values, moments)
    found = [] if text else list(_odd(tensor, values, moments))
    if moments.bad == moments.size:
        return replace(look, moments=moments), found, None
    sample = sample_of(values)
    text = text or specs_of(moments, tensor.shape, tensor.dtype, tensor.axes, tensor.specs)
    look = replace(look, moments=moments, looks_like=text, histogram=_histogram(sample, moments))
    alike = moments.bad or moments.constant
    return look, found, None if alike else fingerprint(tensor.path, values, mean=moments.mean)


def _odd(tensor: Tensor, values: Array, moments: Moments) -> Iterator[ModelFinding]:
    """Yield what is odd about values."""
    path = tensor.path
    if moments.bad:
        defect = defects.not_finite(values)
        if defect is not None:
            yield defect.on(path)
        return
    if moments.constant:
        return  # which initial biases and scales are
    sample = _strided(values)
    found = [defects.strange(sample), defects.coarse(sample, tensor.dtype)]
    if sample.size < values.size:
        text = f", in a sample of {sample.size} of {values.size}"
        found = [defect and replace(defect, message=defect.message + text) for defect in found]
    for axis in (0, -1):
        zero = defects.zero_slices(values, axis, moments.zeros / moments.size)
        if zero is not None:
            size = values.shape[axis]
            rows = defects.of_zeros(np.flatnonzero(zero), axis, size, "")
            if tensor.role == "embedding" and not axis and zero.sum() == 1:
                rows = replace(rows, looks_like="a padding row")
            found.append(rows)
    yield from (defect.on(path) for defect in found if defect is not None)
    if dependence(_some_rows(values)) > TRAINED:
        message = "its rows depend on each other"
        yield ModelFinding(path, "trained", message, "weights that were trained or computed")


def _strided(values: Array) -> Array:
    """Return up to SAMPLE values in their dtype, from all parts."""
    flat = values.reshape(-1)
    step = max(flat.size // SAMPLE, 1)
    return np.ascontiguousarray(flat[:: step | 1])


def _some_rows(values: Array) -> Array:
    """Return up to ROWS rows, from all parts."""
    if not values.ndim or len(values) <= ROWS:
        return values
    return np.asarray(values[np.linspace(0, len(values) - 1, ROWS).astype(int)])


def _structure(values: Array, moments: Moments) -> str:
    """Return what a matrix of orthonormal rows or columns is; "" where it has none."""
    if values.ndim < 2 or moments.constant or moments.bad:
        return ""
    matrix = values.reshape(len(values), -1)
    matrix = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    if len(matrix) < 2:
        return ""
    # In 16 bits the rounding of the entries alone: random rows are nearly as near to orthogonal.
    limit = FLOATS[values.dtype.name].eps * (8 if values.dtype.itemsize > 2 else 2)
    for part in (matrix[:2], _some_rows(matrix)):  # two show nearly always that they are not
        rows = part.astype(np.float64)
        gram = rows @ rows.T
        gain = math.sqrt(np.trace(gram) / len(gram))
        if not gain or np.abs(gram / gain**2 - np.eye(len(gram))).max() > limit:
            return ""
    name = "identity" if moments.size - moments.zeros == len(matrix) else "orthogonal"
    return name if abs(gain - 1) < 1e-3 else f"{name}(gain={gain:.4g})"


def _histogram(sample: Values, moments: Moments) -> tuple[int, ...]:
    if moments.constant or not moments.std:
        return ()
    # A quarter of the time of np.histogram for a few thousand values.
    places = (sample - moments.mean) * (BARS / (2 * REACH * moments.std)) + BARS / 2
    inside = places[(places >= 0) & (places < BARS)]
    return tuple(np.bincount(inside.astype(np.int64), minlength=BARS).tolist())
