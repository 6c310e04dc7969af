"""The draws of AnyInit, held against the unit variance that its sampler is for.

It has no models of its own: `audit_callable` judges 256 draws of one weight.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from initspec import InitSpec

PACKAGES = ("anyinit", "numpy")
"""Whose versions belong to the results."""

ENVIRONMENT: dict[str, str] = {}

_SPECS = {"normal": InitSpec.normal(std=1.0), "uniform": InitSpec.uniform(-(3**0.5), 3**0.5)}
_SHAPE = (64, 64)


def rows() -> Iterator[dict[str, Any]]:
    """Yield a row for each distribution."""
    import numpy as np
    from anyinit.core.distributions import sample
    from anyinit.core.fan import ParamSpec
    from initspec_conformance import audit_callable

    for name, spec in _SPECS.items():

        def draw(shape: tuple[int, ...], dtype: str, seed: int, name: str = name) -> Any:
            weight = sample(ParamSpec("dense", shape), name, np.random.default_rng(seed))
            return weight.astype(dtype)

        start = time.process_time()
        report = audit_callable(draw, spec, _SHAPE, level="quick")
        yield {
            "family": f"sample, {name}",
            "source": "anyinit/core/distributions.py",
            "parameters": 1,
            "elements": _SHAPE[0] * _SHAPE[1],
            "kept": [],
            "tests": report.tests,
            "seconds": round(time.process_time() - start, 2),
            "findings": [[str(_SHAPE), f.check, f.message, ""] for f in report.failures],
        }
