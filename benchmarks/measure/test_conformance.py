"""Rows of the conformance suite: the battery without the draws, an audit, and inspected files."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from initspec_conformance import inspect
from initspec_conformance.checks import checks_of
from initspec_conformance.checks.batch import Batch
from initspec_conformance.expected.expected import expected_of
from initspec_conformance.runner.judge import stage

from initspec import InitSpec

CASES = {
    "normal": (InitSpec.he_normal(), (512, 1024), 4),
    "normal-single": (InitSpec.he_normal(), (1024, 2048), 1),
    "truncated": (InitSpec.he_truncated_normal(), (512, 1024), 4),
    "sparse": (InitSpec.sparse(0.9), (512, 1024), 4),
    "orthogonal": (InitSpec.orthogonal(), (512, 64, 64), 1),
}
"""Which weight, and how many draws of it."""


@pytest.mark.parametrize("case", CASES)
def test_battery(bench, case):
    """2^21 entries through every check that the family has."""
    spec, shape, count = CASES[case]
    *stack, out, in_ = shape
    shape = (*(bench.size(n, 4) for n in stack), bench.size(out), bench.size(in_))
    target = expected_of(spec, shape, "stack out in" if stack else "out in", "float32")
    draws = [spec.to_numpy(target.axes, seed=seed)(shape)[None] for seed in range(count)]
    checks = checks_of(target)
    bench.cpu(
        f"conformance-{case}",
        lambda: stage(checks, target, (Batch(target, draw, i) for i, draw in enumerate(draws))),
    )


def test_memory(bench):
    """All of a process that audits a large weight: Python, NumPy, scipy, two stages and draws."""
    side = bench.size(4096)
    bench.process("conformance-memory", "conformance", "benchmarks.measure.audit", side)


@pytest.mark.parametrize("code", ["F32", "F16"])
def test_inspect(bench, tmp_path, code):
    """A file of twelve weights, against its hash by coreutils."""
    path = tmp_path / "w.safetensors"
    shape = (bench.size(2304), bench.size(768))
    draw = np.random.default_rng(0).standard_normal
    weights = [draw(shape, np.float32).astype(f"f{int(code[1:]) // 8}") for _ in range(12)]
    size = weights[0].nbytes
    header = {
        f"h.{i}.fc.weight": {
            "dtype": code,
            "shape": shape,
            "data_offsets": [i * size, (i + 1) * size],
        }
        for i in range(len(weights))
    }
    text = json.dumps(header).encode()
    path.write_bytes(b"".join([len(text).to_bytes(8, "little"), text, *weights]))
    bench.ratio(
        f"conformance-inspect-{code.lower()}",
        lambda: inspect(path),
        lambda: subprocess.run(["sha256sum", path], stdout=subprocess.DEVNULL, check=True),
    )
