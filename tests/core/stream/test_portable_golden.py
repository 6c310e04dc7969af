"""The golden vectors: initspec, and two re-implementations of the page, give the same bits.

`naive.py` (plain Python) and `docs/portable-stream.js` were written from docs/portable-stream.md.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from initspec import InitSpec
from initspec.dtypes import float_type
from initspec.stream.draw import draw
from tests.core.stream import naive

ROOT = Path(__file__).parents[3]
GOLDEN = json.loads(resources.files("initspec.stream").joinpath("golden.json").read_text("utf-8"))
WEIGHTS = GOLDEN["weights"]
IDS = [f"{i}-{w['spec']}-{w['dtype']}" for i, w in enumerate(WEIGHTS)]


def _draw(vector):
    spec = InitSpec.parse(vector["spec"])
    resolved = spec.resolve(vector["shape"], vector["axes"])
    return draw(resolved, float_type(vector["dtype"]), int(vector["seed"]), vector["name"])


def _sha256(array):
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()


@pytest.mark.parametrize("vector", WEIGHTS, ids=IDS)
def test_initspec_gives_the_golden_bits(vector):
    """Every family, dtype and kind of name; orthogonal float64 weights to 1e-6 * gain."""
    drawn = _draw(vector)
    first = [float.fromhex(x) for x in vector["first"]]
    if "orthogonal" in vector["spec"]:
        assert np.abs(drawn.ravel()[:6].astype(float) - first).max() <= 1e-6 * vector["gain"]
    else:
        assert [float(x) for x in drawn.ravel()[:6]] == first
        assert _sha256(drawn) == vector["sha256"]


@pytest.mark.slow
@pytest.mark.parametrize("vector", WEIGHTS, ids=IDS)
def test_the_naive_implementation_agrees(vector):
    """Integers, decimals and struct give the same SHA-256; orthogonal to 1e-6 * gain."""
    fields = ("shape", "axes", "seed", "name", "dtype")
    shape, axes, seed, name, dtype = (vector[field] for field in fields)
    values = naive.weight(vector, shape, axes, int(seed), name, dtype)
    if "orthogonal" in vector["spec"]:
        error = np.abs(np.array(values) - _draw(vector).ravel().astype(float)).max()
        half = {"bfloat16": 2.0**-8, "float16": 2.0**-11}.get(dtype, 0.0)
        assert error <= (1e-6 + half) * vector["gain"]
    else:
        assert hashlib.sha256(naive.encode(values, dtype)).hexdigest() == vector["sha256"]


def test_every_family_and_dtype_has_a_vector():
    """A family that is added gets golden vectors."""
    from initspec.distributions import FAMILIES
    from initspec.dtypes import FLOATS

    assert {w["distribution"]["type"] for w in WEIGHTS} == set(FAMILIES)
    assert {w["dtype"] for w in WEIGHTS} == set(FLOATS)


SCRIPT = """
import { readFileSync } from "node:fs";
const source = readFileSync(process.argv[1], "utf-8");
const s = await import("data:text/javascript;base64," + Buffer.from(source).toString("base64"));
const hash = async (w) => Buffer.from(await s.sha256(new Uint8Array(w.buffer))).toString("hex");
for (const { name, seed, shape, sampler, args } of JSON.parse(readFileSync(0, "utf-8"))) {
  const w = sampler === "weight" ? await s.weight(...args, shape, BigInt(seed), name)
    : s[sampler](await s.noise(BigInt(seed), name, shape.reduce((a, b) => a * b)), ...args);
  console.log(await hash(w), await hash(s.transposed(w, shape)));
}
"""
NAMES = [("w", 7), ("qkv[2]", 0), ("w[[2]]", 2**64 - 1), ("层.😀", 7), ("w[02]", 1), ("\udc80", 1)]


def _by_javascript(jobs):
    """Return the SHA-256 of each job's weight and of its transpose, from Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node here: the JavaScript re-implementation is not run")
    source = str(ROOT / "docs" / "portable-stream.js")
    run = subprocess.run(
        [node, "--input-type=module", "-e", SCRIPT, "--", source],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [line.split() for line in run.stdout.splitlines()]


def _hashes(line, shape, seed, name):
    w = draw(InitSpec.parse(line).resolve(shape), float_type("float32"), seed, name)
    return [_sha256(w), _sha256(np.ascontiguousarray(np.moveaxis(w, (1, 0), (-2, -1))))]


def test_javascript_agrees():
    """docs/portable-stream.js under Node: normal, truncated at 2 and uniform, by SHA-256."""
    specs = [
        ("normal(std=0.02, mean=0.5)", "truncatedNormal", [0.5, 0.02]),
        ("truncated_normal(std=0.3, corrected=False)", "truncatedNormal", [0.0, 0.3, 2.0]),
        ("uniform(low=-0.1, high=0.3)", "uniform", [-0.1, 0.3]),
    ]
    jobs, expected = [], []
    for line, sampler, args in specs:
        for name, seed in NAMES:
            job = {"name": name, "seed": str(seed), "shape": [7, 143]}
            jobs.append(job | {"sampler": sampler, "args": args})
            expected.append(_hashes(line, (7, 143), seed, name))
    assert _by_javascript(jobs) == expected


def test_javascript_knows_the_rules():
    """Its LeCun, Glorot and He weights, of dense layers and of a convolution, in both layouts."""
    jobs, expected = [], []
    for shape in ((31, 17), (16, 9), (6, 5, 3, 2)):
        for rule in ("lecun", "glorot", "he"):
            for family in ("normal", "uniform", "truncated_normal"):
                line = f"{rule}_{family}"
                job = {"name": "w", "seed": "7", "shape": shape}
                jobs.append(job | {"sampler": "weight", "args": [line]})
                expected.append(_hashes(line, shape, 7, "w"))
    assert _by_javascript(jobs) == expected


DRAWS = """
import json, sys
import numpy as np
from initspec import InitSpec
from initspec.dtypes import float_type
from initspec.stream.draw import draw
drawn = {}
for number, (line, shape, axes, dtype) in enumerate(json.load(sys.stdin)):
    w = draw(InitSpec.parse(line).resolve(shape, axes), float_type(dtype), 7, "w")
    drawn[str(number)] = w.view(np.uint16) if dtype == "bfloat16" else w
np.savez(sys.argv[1], **drawn)
"""
FOUND = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
MACHINES = {
    "no SIMD dispatch": {"NPY_DISABLE_CPU_FEATURES": " ".join(FOUND)},
    "1 thread": {"INITSPEC_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    "2 threads": {"INITSPEC_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    "4 threads": {"INITSPEC_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"},
    "BLAS of Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "BLAS of Sandybridge": {"OPENBLAS_CORETYPE": "Sandybridge"},
    "BLAS of Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
}
SHAPES = {
    "he_normal": [((300, 500), None), ((3, 50, 700), "kernel in out")],
    "he_truncated_normal": [((300, 500), None), ((12, 50, 70), "stack out in")],
    "glorot_uniform": [((300, 500), None), ((3, 50, 700), "kernel in out")],
    "sparse(0.3)": [((300, 500), None), ((300, 500), "in (stack=2 out)")],
    "orthogonal(gain=1.4)": [((300, 200), None), ((150, 400), "in (stack=2 out)")],
    "delta_orthogonal": [((3, 100, 150), "kernel in out")],
    "sinusoidal": [((300, 16), "stack out")],
    "ramp(start=-6.0, stop=1.0, power=0.7)": [((500,), None)],
}
JOBS = [
    (line, shape, axes, dtype)
    for line, cells in SHAPES.items()
    for shape, axes in cells
    for dtype in ("float32", "float64", "bfloat16", "float16")
]


def _on(machine, folder):
    """Draw all jobs in a fresh process, as on another machine."""
    subprocess.run(
        [sys.executable, "-c", DRAWS, str(folder / "drawn.npz")],
        input=json.dumps(JOBS),
        text=True,
        check=True,
        env=os.environ | machine,
    )
    with np.load(folder / "drawn.npz") as drawn:
        return [drawn[str(number)] for number in range(len(JOBS))]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """All jobs on this machine as it is."""
    return _on({}, tmp_path_factory.mktemp("here"))


@pytest.mark.parametrize("machine", MACHINES)
def test_another_machine_has_the_same_bits(machine, here, tmp_path):
    """Threads, NumPy's SIMD and BLAS' kernels change no bit; orthogonal weights 1e-6 * gain."""
    for job, w, other in zip(JOBS, here, _on(MACHINES[machine], tmp_path), strict=True):
        line, _, _, dtype = job
        if "orthogonal" in line and dtype in ("float32", "float64"):
            assert np.abs(w.astype(float) - other).max() <= 1e-6 * InitSpec.parse(line).gain, job
        elif "orthogonal" in line:  # rounded to a half, 1e-6 may be one unit
            steps = w.view(np.uint16).astype(int) - other.view(np.uint16)
            assert np.abs(steps).max() <= 1, job
        else:
            assert w.tobytes() == other.tobytes(), job
