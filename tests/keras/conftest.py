"""What the Keras tests share. They run on the Keras backend that KERAS_BACKEND names."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

# TensorFlow reads it on import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from initspec_keras import backend

_REASON = backend.why_unusable()
collect_ignore_glob = ["test_*.py"] if _REASON else []

COUNT = 2**20


def _check(draws: Any, law: Any, rounding: float = 0.0) -> None:
    values = np.asarray(draws).astype(np.float64).ravel()
    n = values.size
    mean, variance, kurtosis = law.mean(), law.var(), float(law.stats("k")) + 3
    assert abs(values.mean() - mean) < 5 * math.sqrt(variance / n)
    # Rounding to the dtype adds a variance of its own, (eps * value)^2 / 12 and less.
    slack = variance * (5 * math.sqrt((kurtosis - 1) / n) + rounding**2)
    assert abs(np.mean((values - mean) ** 2) - variance) < slack
    ordered = np.sort(values)
    # A rounded value stands for half an ulp on either side of it.
    places = np.arange(0, n, max(1, n // 4096))
    seen = ordered[places]
    width = rounding / 2 * np.abs(seen)
    above = (places + 1) / n - law.cdf(seen + width)
    below = law.cdf(seen - width) - places / n
    limit = math.sqrt(math.log(2 / 1e-6) / (2 * n))
    assert max(above.max(), below.max()) < limit
    low, high = law.support()
    assert ordered[0] >= low - 4 * rounding * abs(low) if math.isfinite(low) else True
    assert ordered[-1] <= high + 4 * rounding * abs(high) if math.isfinite(high) else True


@pytest.fixture
def follows() -> Callable[..., None]:
    """Assert that draws follow a scipy law: mean, variance, cdf, support.

    False alarms: mean and variance 5 standard errors, 6e-7 each; the cdf 1e-6 by the inequality of
    Dvoretzky, Kiefer and Wolfowitz with Massart's constant, looked at in 4096 of the draws.
    """
    return _check


@pytest.fixture
def array() -> Callable[[Any], np.ndarray]:
    """Return a tensor of the active framework as a NumPy array."""
    import keras

    return lambda tensor: np.asarray(keras.ops.convert_to_numpy(tensor))


@pytest.fixture
def fresh() -> Callable[..., str]:
    """Run Python code in a process of its own and return what it printed."""

    def run(code: str, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    return run
