"""The native audit: which of the frameworks' own initializers differ where, and by which check."""

import tomllib
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
from initspec_conformance.runner.builtin_audit import native_audit
from initspec_conformance.runner.builtin_cells import builtin_cells, layers
from initspec_conformance.runner.cells import matching
from initspec_conformance.runner.levels import LEVELS, Level
from native_expected import expected

from docs.measured.files import load
from docs.measured.native_audit.causes import CAUSES
from docs.measured.native_audit.measure import AUDITED
from docs.measured.native_audit.page import PAGE, PATH, by_cause, page
from docs.measured.places import PLACES
from initspec import Axes
from initspec.backend import usable
from tests.unoptimized import unoptimized

BRIEF = Level("brief", 1 << 15, 1 << 8, 60.0)
COMMITTED = load(PATH)


def _audit(place, level, only):
    """Return the cells of an audit in this process, as the page keeps them."""
    name = place.partition("-")[0]
    with unoptimized(place):
        report = native_audit([name], level, only=only)
    failed = {}
    for finding in report.failures:
        failed.setdefault(finding.cell, []).append(finding.check)
    return [
        {
            "line": cell.native.line,
            "spec": str(cell.native.spec),
            "layer": cell.layer.name,
            "dtype": cell.expected.dtype,
            "failed": failed.get(cell.id, []),
        }
        for cell in matching(builtin_cells([usable(name)]), only)
    ]


@cache
def measured(place, dtypes):
    """Audit a place; skip the test where it is not here."""
    if reason := PLACES[place].why_not_here():
        pytest.skip(f"{place}: {reason}")
    # In 16 bits deviations are small; elsewhere few draws are enough, and cheaper.
    return _audit(place, LEVELS["quick"] if dtypes == "*float16" else BRIEF, f"*/{dtypes}")


def committed(place, dtype):
    """Return the cells of the page."""
    return [c for c in COMMITTED[place]["cells"] if c["dtype"].endswith(dtype.lstrip("*"))]


def both(places):
    """Parametrize by the framework that is installed here, and by the page."""
    here = [
        pytest.param(measured, place, marks=getattr(pytest.mark, place.partition("-")[0]), id=place)
        for place in places
    ]
    page = [pytest.param(committed, place, id=f"the page, {place}") for place in places]
    return pytest.mark.parametrize(("source", "place"), here + page)


@both(AUDITED)
def test_float32_verdicts(source, place):
    """Exactly these initializers differ on exactly these layers, by these checks."""
    wanted = expected(place)
    cells, found = source(place, "float32"), {}
    for cell in cells:
        if place == "keras-torch" and cell["failed"] == ["support"]:
            # A rare value: whether it is met on a small weight is chance; on a large one it is not.
            assert "truncated" in cell["spec"], cell
            continue
        if cell["failed"]:
            key = (cell["line"], cell["spec"], cell["layer"])
            found[key if key in wanted else (key[0], None, key[2])] = cell["failed"]
    assert set(found) == set(wanted)
    assert {key: by for key, by in found.items() if wanted[key] not in by} == {}, wanted
    if place.startswith("keras"):  # in one test: another process would audit all again
        _check_values_outside(cells, place)


def _check_values_outside(cells, place):
    """Keras on torch draws 4 truncated normals of a million outside, of two million 8.6."""
    lines = ("keras.initializers.TruncatedNormal(stddev=0.02)", "keras.initializers.HeNormal()")
    cells = [
        cell
        for cell in cells
        if cell["line"] in lines
        and cell["layer"] == "Keras Dense(1000) on 1000"
        and cell["spec"] != "he_normal"
    ]
    assert len(cells) == 2
    for cell in cells:
        assert cell["failed"] == (["support"] if place == "keras-torch" else [])


@both(AUDITED)
def test_float64_verdicts(source, place):
    """In float64 the laws are those of float32; Keras' Constant on TensorFlow is a float32."""
    framework = place.partition("-")[0]
    first = {
        "torch": "torch Linear(20, 48)",
        "keras": "Keras Dense(48) on 20",
        "jax": "flax Dense(48) on 20",
    }[framework]
    wanted = {(line, spec) for line, spec, layer in expected(place) if layer == first}
    if place == "keras-tensorflow":
        wanted.add(("keras.initializers.Constant(value=0.1)", "constant(value=0.1)"))
    cells = source(place, "float64")
    assert {(c["line"], c["spec"]) for c in cells if c["failed"]} - _outside(place) == wanted


def _outside(place):
    """Return what may meet a rare value outside its bounds."""
    if place != "keras-torch":
        return set()
    lines = ("TruncatedNormal(stddev=0.02)", "HeNormal()", "GlorotNormal()", "LecunNormal()")
    return {
        (f"keras.initializers.{line}", spec)
        for line in lines
        for spec in (
            "he_truncated_normal",
            "glorot_truncated_normal",
            "lecun_truncated_normal",
            "truncated_normal(std=0.02, corrected=False)",
        )
    }


NARROW = {
    # uniform_ moves what rounds to its upper end to its lower one; trunc_normal_ is built on it,
    # which shows where the cells at the ends are wide enough.
    "torch": {
        "torch.nn.init.uniform_(w)": ("tails", ("float16", "bfloat16")),
        "torch.nn.init.xavier_uniform_(w)": ("tails", ("float16", "bfloat16")),
        "torch.nn.init.kaiming_uniform_(w)": ("tails", ("float16", "bfloat16")),
        "torch.nn.init.kaiming_uniform_(w, mode='fan_out')": ("tails", ("float16", "bfloat16")),
        "torch.nn.init.trunc_normal_(w)": ("tails", ("bfloat16",)),
        "torch.nn.init.trunc_normal_(w, std=0.02)": ("support", ("float16", "bfloat16")),
        # "geqrf_cpu" not implemented.
        "torch.nn.init.orthogonal_(w)": ("draws", ("float16", "bfloat16")),
        "torch.nn.init.sparse_(w, sparsity=0.9)": ("reproducible", ("float16", "bfloat16")),
    },
    # jax.random.uniform has as many bits as the mantissa, and all others are made of it.
    "jax": {
        f"jax.nn.initializers.{line}": ("distinct", ("float16", "bfloat16"))
        for line in (
            "normal()",
            "uniform()",
            "truncated_normal(stddev=0.02)",
            "he_normal()",
            "he_uniform()",
            "glorot_normal()",
            "glorot_uniform()",
            "lecun_normal()",
            "lecun_uniform()",
            "variance_scaling(scale=2.0, mode='fan_out', distribution='normal')",
            "he_normal(batch_axis=(0,))",
        )
    }
    | {
        # Unsupported dtype in a QR decomposition.
        f"jax.nn.initializers.{line}": ("draws", ("float16", "bfloat16"))
        for line in ("orthogonal()", "delta_orthogonal()")
    },
}
"""What differs in 16 bits, by which check."""

_KERAS = {
    # Numbers are scaled after they were rounded, and on JAX and for uniforms on TensorFlow have as
    # many bits as the mantissa: values are missing.
    f"keras.initializers.{line}": ("distinct", ("float16", "bfloat16"))
    for line in (
        "RandomNormal()",
        "RandomUniform()",
        "TruncatedNormal(stddev=0.02)",
        "HeNormal()",
        "HeUniform()",
        "GlorotNormal()",
        "GlorotUniform()",
        "GlorotUniform(input_axes=(0,), output_axes=(1, 2))",
        "LecunUniform()",
        "VarianceScaling(scale=2.0, mode='fan_out', distribution='untruncated_normal')",
    )
}
_LECUN, _ORTHOGONAL = "keras.initializers.LecunNormal()", "keras.initializers.Orthogonal()"
# Where a rounded number is scaled, and not drawn coarsely, sqrt(1 / 20) / 0.8796 = 0.254 is so
# near to a power of two that few values are lost; which ones are rounded to one shows.
NARROW["keras-tensorflow"] = _KERAS | {_LECUN: ("binades", ("float16", "bfloat16"))}
NARROW["keras-torch"] = {
    line: found
    for line, found in NARROW["keras-tensorflow"].items()
    # torch's normal_ takes the std, and rounds once.
    if "RandomNormal" not in line and "untruncated" not in line
}
NARROW["keras-jax"] = _KERAS | {_LECUN: ("distinct", ("float16", "bfloat16"))}
for _place in ("keras-torch", "keras-jax"):
    NARROW[_place][_ORTHOGONAL] = ("draws", ("float16", "bfloat16"))
# A QR decomposition in float16 itself, and none in bfloat16.
NARROW["keras-tensorflow"][_ORTHOGONAL] = ("orthogonality draws", ("float16", "bfloat16"))


@both(AUDITED)
def test_narrow_verdicts(source, place):
    """In 16 bits exactly these differ, whatever spec they are held against."""
    wanted = {
        (line, dtype): check for line, (check, dtypes) in NARROW[place].items() for dtype in dtypes
    }
    found = {}
    for cell in source(place, "*float16"):
        if cell["failed"]:
            found.setdefault((cell["line"], cell["dtype"]), set()).update(cell["failed"])
    assert set(found) == set(wanted)
    assert {k: check for k, check in wanted.items() if not set(check.split()) & found[k]} == {}


def test_layers_are_those_of_their_axes():
    """The fans that were typed for each layer are those of its axes."""
    text = (files("initspec_conformance.expected") / "layers.toml").read_text("utf-8")
    for row in tomllib.loads(text)["weight"]:
        layout = Axes(row["axes"]).layout(tuple(row["shape"]))
        assert tuple(layout.fans) == tuple(row["fans"]), row["name"]
        taps = int(np.prod(layout.kernel, dtype=int))
        assert [layout.stack, layout.out, layout.in_, taps] == row["logical"], row["name"]
    names = [layer.name for layer in layers()]
    assert len(set(names)) == len(names)


def test_page_is_that_of_the_results():
    """`python -m docs.measured.native_audit --page` changes nothing."""
    assert PAGE.read_text("utf-8") == page(COMMITTED)


def test_every_disagreement_has_its_reason():
    """No disagreement on the page is unexplained, and no reason is without one."""
    found = by_cause(COMMITTED)
    assert "" not in found, [(place, cell["line"], cell["dtype"]) for place, cell in found[""]]
    assert set(found) == {cause.id for cause in CAUSES}


@pytest.mark.parametrize("framework", AUDITED)
def test_cells_are_found_by_their_ids(framework):
    """The id of a cell, as a pattern, means that cell alone."""
    if reason := PLACES[framework].why_not_here():
        pytest.skip(f"{framework}: {reason}")
    cells = builtin_cells([usable(framework.partition("-")[0])])
    ids = [cell.id for cell in cells]
    assert len(set(ids)) == len(ids)
    assert not any(set("*?[") & set(cell) for cell in ids)
