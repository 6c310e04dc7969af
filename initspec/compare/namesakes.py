"""The frameworks' own lines of a spec's name, beside the spec."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from initspec.api import InitSpec
from initspec.axes import Axes
from initspec.backend import Backend, Builtin, HasBuiltins, LayerWeight
from initspec.compare.tally import BYTES, Tally, draws_of
from initspec.distributions import Elementwise
from initspec.dtypes import FloatType, float_type
from initspec.errors import InitSpecError
from initspec.numerics.memory import require_memory
from initspec.spec.resolve import Resolved, resolve
from initspec.spec.value import axes_matter
from initspec.translate.difference import SAME_VARIANCE, differences
from initspec.translate.namesakes import OwnLine, own_lines

_EPS = float_type("float32").eps


@dataclass(frozen=True, slots=True)
class Namesake:
    """A framework's own line of the spec's name, on the same layer.

    Attributes:
        framework: the name of its backend.
        name: the function or class, such as HeNormal.
        code: the line, such as keras.initializers.HeNormal().
        spec: the spec that the line is.
        shape: the weight's shape in the framework's layout.
        values: how many values were drawn; 0 where the framework is not installed, or the line is
            not one of its backend's `builtins`. The numbers are then those of `spec`.
        mean: the mean of the weights.
        std: their standard deviation.
        low: the smallest.
        high: the largest.
        p_value: that of the draws under the compared spec; None where nothing was drawn, or every
            value is checked exactly.
        agrees: whether the line is the compared spec.
        reasons: what it is instead.
    """

    framework: str
    name: str
    code: str
    spec: str
    shape: tuple[int, ...]
    values: int
    mean: float
    std: float
    low: float
    high: float
    p_value: float | None
    agrees: bool
    reasons: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The verdict in a word: agrees or differs."""
        return "agrees" if self.agrees else "differs"


@dataclass(frozen=True, slots=True)
class Request:
    """What lines are held against, and what draws them.

    Attributes:
        spec: the spec.
        shape: the weight's shape.
        axes: the role of each axis; None as for `compare`.
        kind: the dtype.
        level: the p-value below which draws differ.
        among: the frameworks whose lines are wanted.
        backends: those that can draw them, by name.
    """

    spec: InitSpec
    shape: tuple[int, ...]
    axes: Axes | None
    kind: FloatType
    level: float
    among: frozenset[str]
    backends: Mapping[str, Backend[Any]]


def namesakes_of(
    request: Request, progress: Callable[[str, int, int], None] | None
) -> Iterator[Namesake]:
    """Yield the frameworks' own lines of a spec's name."""
    for line in own_lines(request.spec, request.shape, request.axes):
        if line.framework not in request.among:
            continue
        spec, matter = line.reading.spec, axes_matter(line.reading.spec)
        axes = line.reading.axes if matter else line.axes
        try:
            wanted = resolve(request.spec, line.shape, line.axes, kind=request.kind)
            there = resolve(spec, line.shape, axes, kind=request.kind)
        except InitSpecError:  # a law or a dtype that this weight cannot have
            continue
        reasons = _differences(request.spec, wanted, line, there)
        tally = _drawn(line, wanted, request, progress)
        if tally is None and not reasons and request.kind.eps > _EPS:
            continue  # what it draws in half precision is not in its law: JAX' has 128 values
        p_value = None if tally is None else tally.p_value()
        if tally is not None and not reasons:
            reasons = tuple(dict.fromkeys(tally.reasons))
            if p_value is not None and p_value < request.level:
                reasons += (f"p = {p_value:.2g}, below {request.level:.2g}, by what it draws",)
        law = there.law
        yield Namesake(
            line.framework,
            line.name,
            line.code,
            str(spec),
            line.shape,
            0 if tally is None else tally.count,
            *(law.mean, law.std, law.low, law.high)
            if tally is None
            else (tally.mean, tally.std, tally.low, tally.high),
            p_value=p_value,
            agrees=not reasons,
            reasons=reasons,
        )


def _differences(
    spec: InitSpec, wanted: Resolved, line: OwnLine, there: Resolved
) -> tuple[str, ...]:
    """Return what a line has instead of what a spec has on a weight; nothing where both agree."""
    same, law, meant = line.reading.spec == spec, there.law, wanted.law
    if same and (not axes_matter(spec) or wanted.layout == there.layout):
        return ()
    whole = wanted.one_law and there.one_law and isinstance(there.distribution, Elementwise)
    if whole and wanted.distribution == there.distribution:
        pairs = zip((law.mean, law.std), (meant.mean, meant.std), strict=True)
        if all(math.isclose(a, b, rel_tol=1e-12) for a, b in pairs):
            return ()
    spread = math.isclose(law.std, meant.std, rel_tol=1e-6)
    reasons = [
        reason
        for reason in differences(spec, line.reading.spec)
        if spread or reason != SAME_VARIANCE  # by the rule, not on this weight
    ]
    if math.isfinite(law.high - law.low) and not math.isfinite(meant.high - meant.low) and law.std:
        farthest = max(law.high - law.mean, law.mean - law.low) / law.std
        reasons.append(f"no value beyond {farthest:.3g} standard deviations")
    if not spread:
        reasons.append(f"std {law.std:.4g} instead of {meant.std:.4g}")
    if axes_matter(spec):
        counted = resolve(spec, line.shape, line.reading.axes)
        if counted.scale != wanted.scale and counted.fans and wanted.fans:
            reasons.append(
                f"fan_in {counted.fans.fan_in}, fan_out {counted.fans.fan_out} instead of "
                f"{wanted.fans.fan_in}, {wanted.fans.fan_out}"
            )
        elif spec.distribution.needs_axes and counted.layout != wanted.layout:
            reasons.append(f"it takes the axes for '{line.reading.axes}', not for '{line.axes}'")
    return tuple(reasons)


def _drawn(
    line: OwnLine,
    wanted: Resolved,
    request: Request,
    progress: Callable[[str, int, int], None] | None,
) -> Tally | None:
    """Return the draws of a line held against the spec; None where it cannot be drawn here."""
    builtin = _builtin(request.backends.get(line.framework), line.code)
    if builtin is None or request.kind.name not in builtin.dtypes:
        return None
    tally, draws = Tally(wanted, request.kind), draws_of(wanted.layout.size)
    weight = LayerWeight(line.code, line.shape, str(line.axes))
    try:
        require_memory(BYTES * wanted.layout.size)
        for number in range(draws):
            if progress is not None:
                progress(f"{line.framework} {line.name}", number, draws)
            tally.add(np.asarray(builtin.draw(weight, request.kind.name, number)))
        if progress is not None:
            progress(f"{line.framework} {line.name}", draws, draws)
    except Exception:  # what the line means is known without a draw
        return None
    return tally


def _builtin(backend: Backend[Any] | None, code: str) -> Builtin | None:
    if not isinstance(backend, HasBuiltins):
        return None
    try:
        return next((builtin for builtin in backend.builtins() if builtin.line == code), None)
    except Exception:  # a third party's package must not stop the others
        return None
