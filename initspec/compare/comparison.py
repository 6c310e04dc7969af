"""Draw one spec through several backends, and test each against the expected distribution."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from initspec import backend as registry
from initspec.api import InitSpec
from initspec.axes import OUT_IN, Axes, axes_of
from initspec.backend import Backend
from initspec.backend.registry import version_of
from initspec.compare.namesakes import Namesake, Request, namesakes_of
from initspec.compare.tally import BYTES, Tally, draws_of
from initspec.dtypes import FloatType, float_type
from initspec.errors import InitSpecError, ShapeError
from initspec.notebook import HtmlRepr
from initspec.numerics.finite import finite_or_none
from initspec.numerics.memory import require_memory
from initspec.spec.resolve import Resolved, resolve
from initspec.stream import check_name, check_seed
from initspec.stream.draw import draw

ALPHA = 1e-6
"""The probability that a comparison of correct backends reports a mismatch."""

Progress = Callable[[str, int, int], None]
"""Called as progress(backend, draws done, draws in all)."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one backend drew.

    Attributes:
        backend: its name.
        version: the framework's version.
        initializer: the class of the compiled initializer.
        values: how many values were drawn.
        mean: their measured mean.
        std: their measured standard deviation.
        low: the smallest value.
        high: the largest value.
        p_value: the probability that draws of the expected distribution deviate at least as much;
            None where every value is checked exactly instead, or it failed.
        agrees: whether it agrees with the expected distribution.
        reasons: why it does not agree, a sentence each.
        sha256: of the bytes of the weight of this seed and name; None without a seed.
        failed: whether it raised an error: then nothing is known of its distribution.
    """

    backend: str
    version: str
    initializer: str
    values: int
    mean: float
    std: float
    low: float
    high: float
    p_value: float | None
    agrees: bool
    reasons: tuple[str, ...]
    sha256: str | None = None
    failed: bool = False

    @property
    def verdict(self) -> str:
        """The verdict in a word: agrees, differs or error."""
        return "error" if self.failed else "agrees" if self.agrees else "differs"


@dataclass(frozen=True, slots=True)
class Comparison(HtmlRepr):
    """One spec drawn through several backends.

    Attributes:
        spec: the canonical line of the spec.
        shape: the weight's shape.
        axes: the axes that every backend was given; None for rank 0 and 1 without a convention.
        dtype: the dtype that every backend drew.
        fan_in: of the weight; None without axes.
        fan_out: of the weight; None without axes.
        mean: the expected mean of the weights.
        std: the expected standard deviation of the weights.
        bounds: the expected ends of the support.
        seed: of the portable stream; None for the frameworks' own random numbers.
        name: the parameter's name in the portable stream.
        rows: what each backend drew.
        namesakes: the frameworks' own lines of the spec's name; none with a seed, whose stream they
            do not draw.
        left_out: the backends that were not compared, each with the reason and the remedy.
    """

    spec: str
    shape: tuple[int, ...]
    axes: str | None
    dtype: str
    fan_in: int | None
    fan_out: int | None
    mean: float
    std: float
    bounds: tuple[float, float]
    seed: int | None
    name: str
    rows: tuple[Row, ...]
    namesakes: tuple[Namesake, ...]
    left_out: dict[str, str]

    @property
    def agrees(self) -> bool:
        """Whether every backend that was compared agrees with the expected distribution."""
        return all(row.agrees for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON: None stands for what is not finite."""
        data = asdict(self) | {"agrees": self.agrees}
        plain: dict[str, Any] = finite_or_none(data)
        return plain


def compare(
    spec: InitSpec,
    shape: tuple[int, ...],
    axes: str | Axes | None = None,
    dtype: str = "float32",
    backends: Sequence[str | Backend[Any]] | None = None,
    progress: Progress | None = None,
    *,
    seed: int | None = None,
    name: str = "",
) -> Comparison:
    """Draw `spec` through several backends with fixed entropy, and test each against its law.

    About 2^20 values are drawn from each, in at most 256 draws. A backend disagrees where an
    invariant of the family is broken (support, orthogonality, the count of zeros, fixed values), or
    where the p-value of its values lies below 1e-6 over the number of backends. With a seed, the
    weight must also equal that of the portable stream, bit by bit. A backend that raises an error,
    on a shape that does not fit into memory, say, has a row with that error.

    Args:
        spec: the spec.
        shape: the weight's shape; it needs an element.
        axes: the role of each axis, the same for all backends; `out in kernel...` if None.
        dtype: the dtype that each backend draws.
        backends: names or backends; None takes every registered one that can be used here.
        progress: called before each draw.
        seed: draws the portable stream; further draws, for the statistics, are of other names.
        name: the parameter's name in the portable stream.

    Raises:
        InitSpecError: the spec does not fit the shape or dtype, or a named backend cannot be used.
    """
    kind = float_type(dtype)
    resolved = resolve(spec, shape, axes_of(axes), OUT_IN, kind)
    if not resolved.layout.size:
        raise ShapeError(f"the shape {resolved.layout.shape} has no element to compare: enlarge it")
    explicit = axes_of(axes) or (OUT_IN if resolved.fans is not None else None)
    chosen, left_out = _choose(backends, kind)
    request = _Request(
        spec, resolved, explicit, kind, None if seed is None else check_seed(seed), check_name(name)
    )
    level = ALPHA / max(2 * len(chosen), 1)  # each may have a line of the framework's own, too
    versions = [version_of(backend) for backend in chosen]  # raises before anything is drawn
    rows = tuple(
        _row(backend, version, request, level, progress)
        for backend, version in zip(chosen, versions, strict=True)
    )
    named = frozenset((*(backend.name for backend in chosen), *left_out))
    drawing = {backend.name: backend for backend in chosen}
    lines = Request(spec, resolved.layout.shape, axes_of(axes), kind, level, named, drawing)
    return Comparison(
        spec=str(spec),
        shape=resolved.layout.shape,
        axes=None if explicit is None else str(explicit),
        dtype=kind.name,
        fan_in=resolved.fans.fan_in if resolved.fans else None,
        fan_out=resolved.fans.fan_out if resolved.fans else None,
        mean=resolved.law.mean,
        std=resolved.law.std,
        bounds=(resolved.law.low, resolved.law.high),
        seed=seed,
        name=name,
        rows=rows,
        namesakes=tuple(namesakes_of(lines, progress)) if seed is None else (),
        left_out=left_out,
    )


def _choose(
    backends: Sequence[str | Backend[Any]] | None, kind: FloatType
) -> tuple[list[Backend[Any]], dict[str, str]]:
    left_out: dict[str, str] = {}
    if backends is not None:
        return [registry.usable(backend) for backend in backends], left_out
    chosen = []
    for name, status in registry.backends().items():
        if status.why_unusable is not None:
            left_out[name] = status.why_unusable
            continue
        backend = registry.usable(name)
        if kind.name in backend.dtypes:
            chosen.append(backend)
        else:
            left_out[name] = f"it does not draw {kind.name}"
    return chosen, left_out


@dataclass(frozen=True)
class _Request:
    """The same request for every backend."""

    spec: InitSpec
    resolved: Resolved
    axes: Axes | None
    kind: FloatType
    seed: int | None
    name: str

    def draw(self, backend: Backend[Any], number: int) -> Any:
        """Return draw `number` of a backend; number 0 is the weight of this name."""
        return backend.draw(
            self.spec,
            self.resolved.layout.shape,
            axes=self.axes,
            dtype=self.kind.name,
            entropy=number,
            seed=self.seed,
            name=f"{self.name}/{number}" if number else self.name,
        )

    @cached_property
    def sha256(self) -> str | None:
        """The hash that the weight must have, None without a seed."""
        if self.seed is None:
            return None
        return _sha256(draw(self.resolved, self.kind, self.seed, self.name))


def _row(
    backend: Backend[Any],
    version: str,
    request: _Request,
    level: float,
    progress: Progress | None,
) -> Row:
    resolved = request.resolved
    tally = Tally(resolved, request.kind)
    initializer, sha256, failure = "", None, ""
    draws = draws_of(resolved.layout.size)
    try:
        compiled = backend.compile(request.spec, request.axes, request.seed, request.name)
        initializer = type(compiled).__name__
        require_memory(BYTES * resolved.layout.size)
        for number in range(draws):
            if progress is not None:
                progress(backend.name, number, draws)
            weights = request.draw(backend, number)
            if request.seed is not None and not number:
                sha256 = _sha256(weights)
                if sha256 != request.sha256:
                    tally.reasons.append(
                        f"not the portable stream, whose SHA-256 is {request.sha256}"
                    )
            tally.add(weights)
        if progress is not None:
            progress(backend.name, draws, draws)
    except Exception as error:  # a third-party backend may raise anything: a row, not a crash
        failure = str(error) if isinstance(error, InitSpecError) else _named(error)
    p_value = None if failure else tally.p_value()
    if p_value is not None and not p_value >= level:
        tally.reasons.append(f"p = {p_value:.2g}, below {level:.2g}: not the expected distribution")
    reasons = tuple(dict.fromkeys([failure] if failure else tally.reasons))
    return Row(
        backend=backend.name,
        version=version,
        initializer=initializer,
        values=tally.count,
        mean=tally.mean,
        std=tally.std,
        low=tally.low,
        high=tally.high,
        p_value=p_value,
        agrees=not reasons,
        reasons=reasons,
        sha256=sha256,
        failed=bool(failure),
    )


def _named(error: Exception) -> str:
    """Return the name of an exception and the first line of its message."""
    return f"{type(error).__name__}: {error}".strip().partition("\n")[0]


def _sha256(weights: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(weights).tobytes()).hexdigest()
