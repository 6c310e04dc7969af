"""That both ways to a random orthogonal matrix are uniform, signs included.

Checks stay within 5 standard errors (false alarms: 6e-7 each) or the DKW bound at 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from initspec import InitSpec
from initspec.dtypes import FLOATS

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")

N = 4000
PATHS = ["by_qr", "by_reflections"]


def matrices(path: str, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    from initspec_torch import haar

    monkeypatch.setitem(haar._WIDTH, "cpu", 3)  # so that even 8 columns are several blocks
    monkeypatch.setattr(haar, "_SMALL", 64 if path == "by_qr" else 0)
    called: list[str] = []
    for name in PATHS:
        original: Callable = getattr(haar, name)
        monkeypatch.setattr(
            haar, name, lambda *a, f=original, name=name: (called.append(name), f(*a))[1]
        )
    generator = torch.Generator().manual_seed(11)
    drawn = haar.haar((N, *shape), torch.float32, torch.device("cpu"), generator)
    assert called == [path]
    return drawn.double().numpy()


def within(samples: np.ndarray, expected: float) -> None:
    error = samples.std() / math.sqrt(len(samples))
    assert abs(samples.mean() - expected) <= 5 * error


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("shape", [(8, 8), (8, 5), (5, 8)])
def test_uniform(path: str, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries follow the Beta law of a unit vector, fourth moments are Haar's, signs are fair."""
    q = matrices(path, shape, monkeypatch)
    long, short = max(shape), min(shape)
    tall = q if shape[0] >= shape[1] else q.transpose(0, 2, 1)
    assert np.abs(tall.transpose(0, 2, 1) @ tall - np.eye(short)).max() <= 32 * 2.0**-23
    law = stats.beta((long - 1) / 2, (long - 1) / 2, loc=-1, scale=2)
    reach = math.sqrt(math.log(2e6) / 2 / N)
    for i, j in ((0, 0), (0, short - 1), (long - 1, 0), (long - 1, short - 1), (2, 3)):
        assert stats.ks_1samp(tall[:, i, j], law.cdf).statistic <= reach, (i, j)
    # E q^4 = 3 / (n (n + 2)), n * k entries.
    within((q**4).sum((1, 2)), 3 * short / (long + 2))
    # E q_11 q_12 q_21 q_22 = -1 / ((n - 1) n (n + 2)): columns are not independent.
    corners = tall[:, 0, 0] * tall[:, 0, 1] * tall[:, 1, 0] * tall[:, 1, 1]
    within(corners, -1 / ((long - 1) * long * (long + 2)))
    if long == short:
        within((np.linalg.det(q) > 0) * 1.0, 0.5)
        # Diaconis & Shahshahani (1994): the trace has the moments of N(0, 1) up to order 2n + 1.
        trace = np.trace(q, axis1=1, axis2=2)
        for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3)):
            within(trace**power, moment)
        # The trace of Q^2 has mean 1.
        within(np.trace(q @ q, axis1=1, axis2=2), 1.0)


@pytest.mark.parametrize("shape", [(512, 520), (1000, 300), (300, 1000), (130, 130), (64, 65)])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_orthonormal(shape: tuple[int, int], dtype: str) -> None:
    """Rows (columns, if tall) are orthonormal to 32 eps; torch's orthogonal_ raises in bfloat16."""
    spec = InitSpec.orthogonal(gain=1.0)
    generator = torch.Generator().manual_seed(12)
    w = spec.to_torch()(torch.empty(shape, dtype=getattr(torch, dtype)), generator)
    resolved = spec.resolve(shape)
    values = resolved.layout.logical(w.double().numpy())
    assert list(resolved.distribution.defects(resolved, values, FLOATS[dtype])) == []


def test_reflections_are_as_exact_as_qr() -> None:
    """At 1000 rows the Gram matrix stays within 12 eps (QR: 7; carelessly scaled vectors: 30)."""
    from initspec_torch import haar

    for dtype, eps in ((torch.float32, 2.0**-23), (torch.float64, 2.0**-52)):
        q = torch.empty(1, 1000, 300, dtype=dtype)
        haar.by_reflections(q, torch.Generator().manual_seed(13))
        exact = q[0].numpy().astype(np.longdouble)
        assert np.abs(exact.T @ exact - np.eye(300)).max() <= 12 * eps


def test_reduced_precision_settings_do_not_reach_it() -> None:
    """Neither autocast nor a lower matmul precision makes an orthogonal matrix inexact."""
    spec, resolved = InitSpec.orthogonal(), InitSpec.orthogonal().resolve((200, 150))
    before = torch.get_float32_matmul_precision()
    try:
        for precision in ("highest", "high", "medium"):
            torch.set_float32_matmul_precision(precision)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                w = spec.to_torch()(torch.empty(200, 150))
            values = resolved.layout.logical(w.double().numpy())
            assert list(resolved.distribution.defects(resolved, values, FLOATS["float32"])) == []
    finally:
        torch.set_float32_matmul_precision(before)


def test_a_zero_normal_still_reflects(monkeypatch: pytest.MonkeyPatch) -> None:
    """A normal that is exactly 0 where it stands alone gives a sign, not nan."""
    from initspec_torch import haar

    monkeypatch.setattr(torch.Tensor, "normal_", lambda self, **_: self.zero_())
    for columns in (1, 3):
        q = torch.empty(1, 3, columns)
        haar.by_reflections(q, None)
        assert torch.allclose(q[0].T @ q[0], torch.eye(columns), atol=1e-6)
