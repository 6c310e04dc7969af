"""What the JAX tests share."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from initspec_jax import backend

collect_ignore_glob = ["test_*.py"] if backend.why_unusable() else []


def _follows(draws: Any, law: Any, rounding: float = 0.0) -> None:
    values = np.asarray(draws).astype(np.float64).ravel()
    n = values.size
    mean, variance, kurtosis = law.mean(), law.var(), float(law.stats("k")) + 3
    assert abs(values.mean() - mean) < 5 * math.sqrt(variance / n)
    error = 5 * variance * math.sqrt((kurtosis - 1) / n)
    # Rounding to the dtype adds the variance (eps * value)^2 / 12 and less.
    assert abs(np.mean((values - mean) ** 2) - variance) < error + variance * rounding**2
    ordered = np.sort(values)
    half = rounding / 2 * np.abs(ordered)  # what a rounded value stands for, on either side
    above = np.arange(1, n + 1) / n - law.cdf(ordered + half)
    below = law.cdf(ordered - half) - np.arange(n) / n
    assert max(above.max(), below.max()) < math.sqrt(math.log(2 / 1e-6) / (2 * n))
    low, high = law.support()
    # A bound that the dtype cannot hold is rounded too.
    unit = max(rounding, 2.0**-23)
    assert ordered[0] >= low - unit * abs(low) if math.isfinite(low) else True
    assert ordered[-1] <= high + unit * abs(high) if math.isfinite(high) else True


@pytest.fixture
def follows() -> Callable[..., None]:
    """Assert that draws follow a scipy law: mean, variance, cdf, support.

    False alarms: mean and variance 5 standard errors, 6e-7 each; the cdf 1e-6 by the inequality of
    Dvoretzky, Kiefer and Wolfowitz with Massart's constant.
    """
    return _follows


@pytest.fixture
def fresh() -> Callable[..., str]:
    """Run Python code in a process of its own and return what it printed."""

    def run(code: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    return run
