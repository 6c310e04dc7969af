"""Deterministic properties of a backend as a whole, beside the laws of its draws.

Resolution: what initspec resolves is what the typed tables say. Metamorphic relations between draws
of one seed. And the portable stream: the same bits as its golden vectors.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from initspec import Axes, InitSpec
from initspec.backend import Backend
from initspec.dtypes import FLOATS, numpy_dtype
from initspec_conformance.checks.base import Evidence, deterministic
from initspec_conformance.expected.arrays import Array
from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import entry_law
from initspec_conformance.expected.tables import resolved_rows, weights
from initspec_conformance.results.findings import Finding
from initspec_conformance.runner.cells import CellResult, RunConfig
from initspec_conformance.runner.sampling import (
    BadDrawError,
    CallError,
    DrawThread,
    Sampler,
    TimeBudget,
)

SHAPE, AXES = (2048, 512), Axes("out in")
SEED = 1234


@dataclass(frozen=True)
class Property:
    """A deterministic property of a backend.

    Attributes:
        name: its name.
        group: the row of a report's table that it is counted in.
        asserts: what it asserts, a sentence.
        evidence: compares a backend with it.
    """

    name: str
    group: str
    asserts: str
    evidence: Callable[[BackendSampler], Evidence]


class BackendSampler:
    """Draws of one backend for one property, each checked as those of the battery are."""

    def __init__(self, backend: Backend[Any], thread: DrawThread, seconds: float) -> None:
        self.backend = backend
        self._thread, self._budget = thread, TimeBudget(seconds)

    @property
    def dtype(self) -> str:
        """The dtype that is drawn in unless another is passed."""
        dtypes = self.backend.dtypes
        return "float32" if "float32" in dtypes else dtypes[0]

    def convention(self, rank: int) -> Axes | None:
        """Return what the backend names as its axes of a rank."""
        axes: Axes | None = self._thread(lambda: self.backend.default_axes(rank), self._budget)
        return axes

    def __call__(
        self,
        spec: InitSpec,
        shape: tuple[int, ...],
        axes: Axes | None = AXES,
        dtype: str = "",
        **how: Any,
    ) -> Array:
        """Return a draw; `how` is entropy, or seed and name."""
        dtype = dtype or self.dtype
        expected = Expected(spec, shape, axes, dtype)
        draw = self.backend.draw
        sampler = Sampler(
            expected,
            lambda _: draw(spec, shape, axes=axes, dtype=dtype, **how),
            self._thread,
            self._budget,
        )
        return sampler(SEED)


def _resolution(_: BackendSampler) -> Evidence:
    """Fans, std and bounds against the typed tables, and SciPy's law against both."""
    wrong = []
    for weight in weights():
        fans = tuple(Axes(weight.axes).fans(weight.shape))
        large = tuple(Axes(weight.axes).fans(weight.large))
        if fans != weight.fans or large != weight.large_fans:
            wrong.append(f"{weight.name}: fans {fans} and {large}")
    for row in resolved_rows():
        spec = InitSpec.parse(row.spec)
        std = spec.std(SHAPE, AXES)
        if not math.isclose(std, row.std, rel_tol=1e-9, abs_tol=1e-12):
            wrong.append(f"{spec}: std {std:.10g} where {row.std:.10g} is typed")
        bounds = spec.bounds(SHAPE, AXES)
        if row.bound is not None and not np.allclose(bounds, (-row.bound, row.bound), rtol=1e-9):
            wrong.append(f"{spec}: bounds {bounds} where +-{row.bound:.10g} is typed")
        law = entry_law(spec, AXES.fans(SHAPE))
        # A sparse law's own std is that of its non-zeros.
        dense = law is not None and not row.spec.startswith("sparse")
        if dense and law and not math.isclose(law.moments()[1], row.std, rel_tol=1e-9):
            wrong.append(f"{spec}: SciPy's std {law.moments()[1]:.10g}")
    n = len(weights()) + len(resolved_rows())
    return deterministic(len(wrong), n, "; ".join(wrong[:3]) or f"{n} rows as they were typed")


def _convention(draw: BackendSampler) -> Evidence:
    """Without axes a draw follows the default axes of the backend."""
    spec, wrong = InitSpec.parse("he_normal"), []
    shapes = ((6, 20), (3, 6, 8), (3, 5, 6, 8), (2, 3, 5, 6, 8))
    for shape in shapes:
        axes = draw.convention(len(shape))
        if axes is None:
            continue
        named = draw(spec, shape, axes, entropy=SEED)
        unnamed = draw(spec, shape, None, entropy=SEED)
        if not np.array_equal(named, unnamed):
            wrong.append(f"rank {len(shape)} without axes differs from '{axes}'")
    return deterministic(
        len(wrong), len(shapes), "; ".join(wrong) or "draws without axes follow them"
    )


def _gain(draw: BackendSampler) -> Evidence:
    """|W(gain g) - g W(gain 1)| <= 4 eps max |W|, and the same for the fan and for sigma."""
    shape = (512, 520)
    pairs = []
    for text in ("he_normal", "glorot_uniform", "he_truncated_normal"):
        spec = InitSpec.parse(text)
        pairs.append((f"gain of {text}", spec.replace(gain=1.7), spec, 1.7))
        swapped = spec.replace(mode="fan_in"), spec.replace(mode="fan_out")
        pairs.append((f"mode of {text}", *swapped, math.sqrt(512 / 520)))
    pairs.append(
        ("std of normal", InitSpec.normal(std=0.03), InitSpec.normal(std=1.0), 0.03),
    )
    worst, message = 0.0, ""
    for what, scaled, plain, factor in pairs:
        a = draw(scaled, shape, entropy=SEED).astype(np.float64)
        b = factor * draw(plain, shape, entropy=SEED).astype(np.float64)
        off = float(np.max(np.abs(a - b)) / np.max(np.abs(b)) / FLOATS[draw.dtype].eps)
        if off >= worst:
            worst, message = off, f"{what}: off by {off:.3g} eps of the largest weight, 4 allowed"
    evidence = deterministic(int(not worst <= 4), len(pairs), message)
    return Evidence(worst, None, len(pairs), message, failed=evidence.failed)


def _rounding(draw: BackendSampler) -> Evidence:
    """A draw in 16 bits is the float32 draw of the same seed, rounded to nearest even."""
    narrow = [d for d in draw.backend.dtypes if d in ("float16", "bfloat16")]
    if not narrow or "float32" not in draw.backend.dtypes:
        return deterministic(0, 0, "this backend has no 16-bit dtypes")
    wrong, n = [], 0
    for text in ("he_normal", "glorot_uniform", "he_truncated_normal", "sparse(sparsity=0.5)"):
        spec = InitSpec.parse(text)
        wide = draw(spec, (128, 130), dtype="float32", entropy=SEED)
        for dtype in narrow:
            rounded = wide.astype(numpy_dtype(FLOATS[dtype]))
            other = int((draw(spec, (128, 130), dtype=dtype, entropy=SEED) != rounded).sum())
            n += rounded.size
            if other:
                wrong.append(f"{text} in {dtype}: {other} of {rounded.size} values differ")
    return deterministic(
        len(wrong), n, "; ".join(wrong) or f"{n} values are the rounded float32 ones"
    )


def _golden() -> Iterator[dict[str, Any]]:
    yield from json.loads((files("initspec.stream") / "golden.json").read_text("utf-8"))["weights"]


def _stream(draw: BackendSampler) -> Evidence:
    """Seeded draws have the bits of the portable stream's golden vectors."""
    wrong, n = [], 0
    for row in _golden():
        spec, shape, dtype = InitSpec.parse(row["spec"]), tuple(row["shape"]), row["dtype"]
        if dtype not in draw.backend.dtypes or not math.prod(shape):
            continue
        axes = (
            Axes(row["axes"])
            if row["axes"]
            else (Axes("out in kernel...") if len(shape) > 1 else None)
        )
        weight = draw(spec, shape, axes, dtype, seed=int(row["seed"]), name=row["name"])
        n += 1
        if "orthogonal" in row["spec"]:
            # The last bits of a QR are LAPACK's: the values agree to 1e-6 of the gain.
            head = weight.ravel()[: len(row["first"])].astype(np.float64)
            expected = np.array([float.fromhex(text) for text in row["first"]])
            same = np.abs(head - expected).max() <= 1e-6 * spec.gain + FLOATS[dtype].eps
        else:
            same = hashlib.sha256(weight.tobytes()).hexdigest() == row["sha256"]
        if not same:
            wrong.append(f"{spec} {shape} {dtype} seed {row['seed']} name {row['name']!r}")
    message = "; ".join(wrong[:3]) or f"{n} golden vectors, bit by bit"
    return deterministic(len(wrong), n, message)


def _names(draw: BackendSampler) -> Evidence:
    """The seed and the name both fix the weight; entropy and the order of calls do not."""
    spec, shape = InitSpec.parse("he_normal"), (64, 48)
    first = draw(spec, shape, seed=7, name="a")
    wrong = []
    if not np.array_equal(first, draw(spec, shape, seed=7, name="a", entropy=99)):
        wrong.append("entropy changes a seeded draw")
    for seed, name in ((7, "b"), (8, "a")):
        other = draw(spec, shape, seed=seed, name=name).astype(np.float64).ravel()
        z = abs(np.corrcoef(first.astype(np.float64).ravel(), other)[0, 1]) * math.sqrt(other.size)
        if not z < 7:
            wrong.append(f"seed {seed}, name {name!r} follows seed 7, name 'a': z = {z:.0f}")
    return deterministic(len(wrong), 3, "; ".join(wrong) or "another seed or name, another weight")


PROPERTIES = (
    Property(
        "resolution",
        "resolution and scaling",
        "fans, std and bounds are those of the papers and the layers",
        _resolution,
    ),
    Property(
        "convention",
        "resolution and scaling",
        "a draw without axes takes the backend's own convention",
        _convention,
    ),
    Property(
        "scaling",
        "resolution and scaling",
        "gain, mode and std scale one and the same noise",
        _gain,
    ),
    Property("rounding", "dtype", "16-bit draws are the float32 draw, rounded once", _rounding),
    Property(
        "stream", "portable stream", "seeded draws have the bits of the golden vectors", _stream
    ),
    Property(
        "names", "portable stream", "seed and name choose the weight, and nothing else does", _names
    ),
)
"""Every property of a backend."""


@dataclass(frozen=True)
class PropertyCell:
    """A property of one backend."""

    backend: Backend[Any]
    prop: Property

    @property
    def owner(self) -> str:
        """The backend's name."""
        return str(self.backend.name)

    @property
    def id(self) -> str:
        """The property's name."""
        return self.prop.name

    @property
    def tests(self) -> tuple[str, ...]:
        """The name of its test, as findings have it."""
        return (self.prop.name,)


def check_property(cell: PropertyCell, config: RunConfig, thread: DrawThread) -> CellResult:
    """Compare a backend with a property; what cannot be drawn is a failure of it."""
    draw = BackendSampler(cell.backend, thread, config.level.seconds)
    evidence = _evidence(cell.prop, draw)
    finding = Finding(
        check=cell.prop.name,
        message=evidence.message,
        statistic=evidence.statistic,
        p_values=None,
        n=evidence.n,
        min_discrepancy=0.0,
        reproduce=config.reproduce(cell.owner, cell.id),
        passed=not evidence.failed,
        backend=cell.owner,
        group=cell.prop.group,
    )
    return CellResult([finding])


def _evidence(prop: Property, draw: BackendSampler) -> Evidence:
    try:
        return prop.evidence(draw)
    except BadDrawError as error:
        return deterministic(1, 1, str(error))
    except CallError as error:
        return deterministic(1, 1, f"default_axes raised {error}")
    except TimeoutError:
        return deterministic(1, 1, "default_axes hangs")
    except Exception as error:  # what it returned may be anything
        return deterministic(1, 1, f"{type(error).__name__}: {error}")
