"""The native audit: which of the frameworks' own initializers differ where, and by which check.

The verdicts are derived by hand: from what each framework's source counts as fans, beside the fans
that the layers have, and from its documentation.
"""

import os
import tomllib
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
from initspec_conformance.levels import LEVELS, Level
from initspec_conformance.native import native_audit
from initspec_conformance.native.cells import cells_of, layers
from initspec_conformance.tables import weights

from benchmarks.disagreements.measure import PLACES, why_not
from benchmarks.native_audit.causes import CAUSES
from benchmarks.native_audit.measure import AUDITED
from benchmarks.native_audit.page import PAGE, by_cause, load, page
from initspec import Axes, InitSpec
from initspec.backend import usable
from initspec.errors import InitSpecError
from initspec.native import HasNatives, Native

BRIEF = Level("brief", 1 << 15, 1 << 8, 60.0)
COMMITTED = load()

COUNTED = {
    # torch/nn/init.py, _calculate_fan_in_and_fan_out: size(1) and size(0), times the rest.
    "torch": {
        "torch Linear(20, 48)": (20, 48),
        "torch Linear(1000, 1000)": (1000, 1000),
        "torch Conv1d(6, 8, 5)": (30, 40),
        "torch Conv2d(6, 8, (3, 5))": (90, 120),
        "torch Conv3d(6, 4, (2, 3, 5))": (180, 120),
        "torch Conv2d(32, 64, 3, groups=4)": (72, 576),
        "torch depthwise Conv2d(32, 32, 3, groups=32)": (9, 288),
        "torch ConvTranspose2d(32, 64, 3)": (576, 288),
        "torch ConvTranspose2d(32, 64, 3, groups=4)": (144, 288),
        "torch MultiheadAttention(64, 4).in_proj_weight": (64, 192),
        "torch LSTM(10, 16).weight_ih_l0": (10, 64),
        "torch LSTM(10, 16).weight_hh_l0": (16, 64),
        "Embedding(100, 12)": (12, 100),
        "mixture of 5 experts, 6 to 8": (48, 40),
    },
    # keras/src/initializers/random_initializers.py, compute_fans: shape[-2] and shape[-1], times
    # the rest; a vector's length is both.
    "keras": {
        "Keras Dense(48) on 20": (20, 48),
        "Keras Dense(1000) on 1000": (1000, 1000),
        "Keras Conv1D(8, 5) on 6": (30, 40),
        "Keras Conv2D(8, (3, 5)) on 6": (90, 120),
        "Keras Conv3D(4, (2, 3, 5)) on 6": (180, 120),
        "Keras Conv2D(64, 3, groups=4) on 32": (72, 576),
        "Keras DepthwiseConv2D(3) on 32": (288, 9),
        "Keras Conv2DTranspose(64, 3) on 32": (576, 288),
        "Keras LSTM(16) kernel on 10": (10, 64),
        "Keras LSTM(16) recurrent kernel": (16, 64),
        "Keras MultiHeadAttention(4, 16) query kernel on 64": (256, 1024),
        "Keras MultiHeadAttention(4, 16) output kernel to 40": (64, 160),
        "Embedding(100, 12)": (100, 12),
        "mixture of 5 experts, 6 to 8": (30, 40),
        "bias of Linear(512, 48)": (48, 48),
    },
    # jax/_src/nn/initializers.py, _compute_fans: shape[-2] and shape[-1], times the rest.
    "jax": {
        "flax Dense(48) on 20": (20, 48),
        "flax Dense(1000) on 1000": (1000, 1000),
        "flax Conv(8, (5,)) on 6": (30, 40),
        "flax Conv(8, (3, 5)) on 6": (90, 120),
        "flax Conv(4, (2, 3, 5)) on 6": (180, 120),
        "flax Conv(64, (3, 3), feature_group_count=4) on 32": (72, 576),
        "flax Conv(32, (3, 3), feature_group_count=32) on 32": (9, 288),
        "flax ConvTranspose(64, (3, 3)) on 32": (288, 576),
        "Embedding(100, 12)": (100, 12),
        "mixture of 5 experts, 6 to 8": (30, 40),
    },
}
"""The fans that each framework counts."""

RULES = {
    "torch": {
        "torch.nn.init.xavier_normal_(w)": "fan_avg",
        "torch.nn.init.xavier_uniform_(w)": "fan_avg",
        "torch.nn.init.kaiming_normal_(w)": "fan_in",
        "torch.nn.init.kaiming_uniform_(w)": "fan_in",
        "torch.nn.init.kaiming_normal_(w, mode='fan_out')": "fan_out",
        "torch.nn.init.kaiming_uniform_(w, mode='fan_out')": "fan_out",
    },
    "keras": {
        "keras.initializers.HeNormal()": "fan_in",
        "keras.initializers.HeUniform()": "fan_in",
        "keras.initializers.GlorotNormal()": "fan_avg",
        "keras.initializers.GlorotUniform()": "fan_avg",
        "keras.initializers.LecunNormal()": "fan_in",
        "keras.initializers.LecunUniform()": "fan_in",
        "keras.initializers.VarianceScaling(scale=2.0, mode='fan_out', "
        "distribution='untruncated_normal')": "fan_out",
    },
    "jax": {
        "jax.nn.initializers.he_normal()": "fan_in",
        "jax.nn.initializers.he_uniform()": "fan_in",
        "jax.nn.initializers.glorot_normal()": "fan_avg",
        "jax.nn.initializers.glorot_uniform()": "fan_avg",
        "jax.nn.initializers.lecun_normal()": "fan_in",
        "jax.nn.initializers.lecun_uniform()": "fan_in",
        "jax.nn.initializers.variance_scaling(scale=2.0, mode='fan_out', "
        "distribution='normal')": "fan_out",
    },
}
"""The fan that each function divides by."""

NAMED = "truncated_normal(std=0.02)"
"""What trunc_normal_(std=0.02) says that it is."""

OTHERS = {
    "torch": {
        # Its bounds are absolute: 100 standard deviations away.
        ("torch.nn.init.trunc_normal_(w, std=0.02)", NAMED): (
            "support",
            ("torch Linear(20, 48)", "torch Linear(1000, 1000)"),
        ),
        # It flattens to size(0) x the rest: right where these are outputs and inputs of one layer,
        # and of a group whose outputs are no more than its inputs.
        ("torch.nn.init.orthogonal_(w)", "orthogonal"): (
            "orthogonality",
            (
                "torch depthwise Conv2d(32, 32, 3, groups=32)",
                "torch ConvTranspose2d(32, 64, 3)",
                "torch ConvTranspose2d(32, 64, 3, groups=4)",
                "torch MultiheadAttention(64, 4).in_proj_weight",
                "torch LSTM(10, 16).weight_ih_l0",
                "torch LSTM(10, 16).weight_hh_l0",
                "Embedding(100, 12)",
                "mixture of 5 experts, 6 to 8",
            ),
        ),
        # torch.randperm without the generator.
        (
            "torch.nn.init.sparse_(w, sparsity=0.9)",
            "sparse(sparsity=0.9, std=0.01, along=out)",
        ): ("reproducible", ("torch Linear(20, 48)",)),
        # The tap size // 2 of a kernel of 2 x 3 x 5.
        ("torch.nn.init.dirac_(w)", "dirac"): ("fixed", ("torch Conv3d(6, 4, (2, 3, 5))",)),
        # xavier_uniform_ on the fused weight: fans 64 and 192.
        ("torch.nn.MultiheadAttention(...).in_proj_weight", "glorot_uniform"): (
            "variance",
            ("torch MultiheadAttention(64, 4).in_proj_weight",),
        ),
    },
    "keras": {
        ("keras.initializers.TruncatedNormal(stddev=0.02)", NAMED): (
            "variance",
            ("Keras Dense(48) on 20",),
        ),
        ("keras.initializers.HeNormal()", "he_normal"): (
            "tails",
            ("Keras Dense(48) on 20", "Keras Dense(1000) on 1000"),
        ),
        # It flattens to the rest x shape[-1].
        ("keras.initializers.Orthogonal()", "orthogonal"): (
            "orthogonality",
            (
                "Keras DepthwiseConv2D(3) on 32",
                "Keras Conv2DTranspose(64, 3) on 32",
                "Keras LSTM(16) kernel on 10",
                "Keras LSTM(16) recurrent kernel",
                "Keras MultiHeadAttention(4, 16) query kernel on 64",
                "Embedding(100, 12)",
                "mixture of 5 experts, 6 to 8",
            ),
        ),
        # Glorot takes the average: (72 + 576) / 2, (288 + 9) / 2, (10 + 64) / 2. A transposed
        # kernel has its fans the other way round, and the right average.
        ("keras.layers.Conv2D(..., groups=4): kernel", "glorot_uniform"): (
            "variance",
            ("Keras Conv2D(64, 3, groups=4) on 32",),
        ),
        ("keras.layers.DepthwiseConv2D(...): kernel", "glorot_uniform"): (
            "variance",
            ("Keras DepthwiseConv2D(3) on 32",),
        ),
        ("keras.layers.LSTM(...): kernel", "glorot_uniform"): (
            "variance",
            ("Keras LSTM(16) kernel on 10",),
        ),
        ("keras.layers.LSTM(...): recurrent kernel", "orthogonal"): (
            "orthogonality",
            ("Keras LSTM(16) recurrent kernel",),
        ),
        (
            "init = keras.initializers.HeNormal(); two Dense(48, kernel_initializer=init)",
            "he_truncated_normal",
        ): ("copies", ("two Keras Dense(48) on 20",)),
    },
    "jax": {
        ("jax.nn.initializers.truncated_normal(stddev=0.02)", NAMED): (
            "variance",
            ("flax Dense(48) on 20",),
        ),
        ("jax.nn.initializers.he_normal()", "he_normal"): (
            "tails",
            ("flax Dense(48) on 20", "flax Dense(1000) on 1000"),
        ),
        # It flattens to the rest x shape[-1]. flax stores a transposed kernel as any other, and
        # the gates of an LSTM apart.
        ("jax.nn.initializers.orthogonal()", "orthogonal"): (
            "orthogonality",
            (
                "flax Conv(32, (3, 3), feature_group_count=32) on 32",
                "Embedding(100, 12)",
                "mixture of 5 experts, 6 to 8",
            ),
        ),
    },
}
"""What differs in float32 beside the fans: (line, spec) -> (check, layers)."""


def _true_fans():
    text = (files("initspec_conformance.native") / "layers.toml").read_text("utf-8")
    rows = tomllib.loads(text)["weight"]
    return {weight.name: weight.fans for weight in weights()} | {
        row["name"]: tuple(row["fans"]) for row in rows
    }


def _fan(fans, mode):
    return {"fan_in": fans[0], "fan_out": fans[1], "fan_avg": sum(fans) / 2}[mode]


def expected(place):
    """Return what differs in float32, (line, spec, layer) -> check."""
    framework = place.partition("-")[0]
    found = {
        (line, spec, layer): check
        for (line, spec), (check, where) in OTHERS[framework].items()
        for layer in where
    }
    true = _true_fans()
    for line, mode in RULES[framework].items():
        for layer, counted in COUNTED[framework].items():
            if _fan(counted, mode) != _fan(true[layer], mode):
                found[line, None, layer] = "variance"
    return found


def _audit(place, level, only):
    """Return the cells of an audit in this process, as the page keeps them."""
    name = place.partition("-")[0]
    report = native_audit([name], level, only=only)
    failed = {}
    for finding in report.failures:
        failed.setdefault(finding.cell, []).append(finding.check)
    return [
        {
            "line": cell.native.line,
            "spec": str(cell.native.spec),
            "layer": cell.layer.name,
            "dtype": cell.target.dtype,
            "failed": failed.get(cell.id, []),
        }
        for cell in cells_of([usable(name)], only)
    ]


def _cannot(place):
    """Say why a place cannot be audited in this process; None where it can."""
    missing = why_not(place)
    if missing is not None:
        return missing
    engine = PLACES[place].environment.get("KERAS_BACKEND")
    here = os.environ.get("KERAS_BACKEND", "tensorflow")
    if engine not in (None, here):
        return f"this process has KERAS_BACKEND={here}; run with KERAS_BACKEND={engine}"
    return None


@cache
def measured(place, dtypes):
    """Audit a place; skip the test where it is not here."""
    if reason := _cannot(place):
        pytest.skip(f"{place}: {reason}")
    # In 16 bits deviations are small; elsewhere few draws are enough, and cheaper.
    return _audit(place, LEVELS["quick"] if dtypes == "*float16" else BRIEF, f"*/{dtypes}")


def committed(place, dtype):
    """Return the cells of the page."""
    return [c for c in COMMITTED[place]["cells"] if c["dtype"].endswith(dtype.lstrip("*"))]


SOURCES = {"here": measured, "the page": committed}
EVERY = pytest.mark.parametrize("place", AUDITED)
BOTH = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


@EVERY
@BOTH
def test_float32_verdicts(place, source):
    """Exactly these initializers differ on exactly these layers, by these checks."""
    wanted = expected(place)
    found = {}
    for cell in source(place, "float32"):
        if place == "keras-torch" and cell["failed"] == ["support"]:
            # A rare value: whether it is met on a small weight is chance; see the next test.
            assert "truncated" in cell["spec"], cell
            continue
        if cell["failed"]:
            key = (cell["line"], cell["spec"], cell["layer"])
            found[key if key in wanted else (key[0], None, key[2])] = cell["failed"]
    assert set(found) == set(wanted)
    assert {key: wanted[key] for key in found if wanted[key] not in found[key]} == {}


@EVERY
@BOTH
def test_values_outside_the_bounds(place, source):
    """Keras on torch draws 4 truncated normals of a million outside, of two million 8.6."""
    if not place.startswith("keras"):
        pytest.skip(f"{place}: of Keras alone")
    lines = ("keras.initializers.TruncatedNormal(stddev=0.02)", "keras.initializers.HeNormal()")
    cells = [
        cell
        for cell in source(place, "float32")
        if cell["line"] in lines
        and cell["layer"] == "Keras Dense(1000) on 1000"
        and cell["spec"] != "he_normal"
    ]
    assert len(cells) == 2
    for cell in cells:
        assert cell["failed"] == (["support"] if place == "keras-torch" else [])


@EVERY
@BOTH
def test_float64_verdicts(place, source):
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


@pytest.mark.parametrize("place", NARROW)
@BOTH
def test_narrow_verdicts(place, source):
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
    text = (files("initspec_conformance.native") / "layers.toml").read_text("utf-8")
    for row in tomllib.loads(text)["weight"]:
        layout = Axes(row["axes"]).layout(tuple(row["shape"]))
        assert tuple(layout.fans) == tuple(row["fans"]), row["name"]
        taps = int(np.prod(layout.kernel, dtype=int))
        assert [layout.stack, layout.out, layout.in_, taps] == row["logical"], row["name"]
    names = [layer.name for layer in layers()]
    assert len(set(names)) == len(names)


def test_page_is_that_of_the_results():
    """`python -m benchmarks.native_audit --page` changes nothing."""
    assert PAGE.read_text("utf-8") == page(COMMITTED)


def test_every_disagreement_has_its_reason():
    """No disagreement on the page is unexplained, and no reason is without one."""
    found = by_cause(COMMITTED)
    assert "" not in found, [(place, cell["line"], cell["dtype"]) for place, cell in found[""]]
    assert set(found) == {cause.id for cause in CAUSES}


class Speaker:
    """A stranger's backend whose framework has an initializer: right, wrong or broken."""

    name, dtypes, known_deviations = "speaker", ("float32",), ()

    def __init__(self, *natives):
        self._natives = natives

    def version(self):
        return "1"

    def why_unusable(self):
        return None

    def default_axes(self, rank):
        return None

    def compile(self, spec, axes, seed, name):
        raise NotImplementedError

    def draw(self, spec, shape, **how):
        raise NotImplementedError

    def natives(self):
        return self._natives


def _native(line, scale=1.0, layer="torch Linear(20, 48)"):
    def draw(shape, dtype, seed):
        if scale is None:
            raise RuntimeError("no such kernel")
        return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)

    return Native(line, InitSpec.normal(1.0), "the docs", (layer,), draw, ("float32",))


def test_a_strangers_natives_are_judged():
    """A right initializer agrees, a wrong one differs in what is wrong, a broken one is told."""
    speaker = Speaker(_native("right(w)"), _native("wrong(w)", 1.05), _native("broken(w)", None))
    assert isinstance(speaker, HasNatives)
    seen = []
    report = native_audit(
        [speaker, "numpy"], BRIEF, progress=lambda *what: seen.append(what), workers=1
    )
    failed = {(f.cell.partition("(")[0], f.check) for f in report.failures}
    assert ("wrong", "variance") in failed
    assert ("broken", "draws") in failed
    assert "right" not in {name for name, _ in failed}
    assert report.versions == {"speaker": "1"}
    assert [count for count, *_ in seen] == [1, 2, 3]
    assert {passed for *_, passed in seen} == {True, False}
    assert {cell for _, cell in report.sketches} == {finding.cell for finding in report.checks}


def test_a_disagreement_can_be_repeated():
    """The snippet of a failure finds it again, and nothing else."""
    speaker = Speaker(_native("wrong(w)", 1.05), _native("wrong(w, gain=2)", 1.05))
    failure = native_audit([speaker], "quick", seed=11).failures[0]
    seen = []
    snippet = failure.reproduce.replace("'speaker'", "speaker").replace("print(", "seen.append(")
    exec(snippet, {"speaker": speaker, "seen": seen})
    again = seen[0]
    assert failure.message in {finding.message for finding in again.failures}
    assert {finding.cell for finding in again.checks} == {failure.cell}


def test_nothing_to_audit():
    """No backend, one without initializers, no cell and no layer are errors that say so."""
    with pytest.raises(InitSpecError, match="no backend: nothing to audit"):
        native_audit([])
    with pytest.raises(InitSpecError, match="numpy: nothing to audit"):
        native_audit(["numpy"])
    with pytest.raises(InitSpecError, match="matches none of 1 cells"):
        native_audit([Speaker(_native("right(w)"))], only="left*")
    with pytest.raises(InitSpecError, match="no layer like"):
        native_audit([Speaker(_native("right(w)", layer="torch Lynear*"))])


def test_ctrl_c_leaves_what_was_found():
    """An interrupted audit did not pass, and holds what it found."""

    def stop(*_):
        raise KeyboardInterrupt

    speaker = Speaker(*(_native(f"right{i}(w)") for i in range(4)))
    report = native_audit([speaker], BRIEF, progress=stop, workers=1)
    assert report.interrupted
    assert not report.passed
    assert report.checks


@EVERY
def test_cells_are_found_by_their_ids(place):
    """The id of a cell, as a pattern, means that cell alone."""
    if reason := _cannot(place):
        pytest.skip(f"{place}: {reason}")
    cells = cells_of([usable(place.partition("-")[0])])
    ids = [cell.id for cell in cells]
    assert len(set(ids)) == len(ids)
    assert not any(set("*?[") & set(cell) for cell in ids)
