"""That each framework's own initializer draws the law of the spec that it is translated to.

For each function of each framework, under every one of its names: its line is drawn and held
against the spec's law (one sample) and against a NumPy draw of the spec (two samples); then
the lines that the table writes for it are drawn, in every framework that is installed, and held
against the law too. The rates of false alarms are those of `tests.laws`. Structured weights are
compared exactly.
"""

from __future__ import annotations

import math
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from initspec import DeltaOrthogonal, Identity, InitSpec, Orthogonal, Sparse
from initspec.distributions import Constant
from initspec.spec.resolve import Resolved
from initspec.translate import Line, translate
from tests import laws
from tests.vocabularies import OWN

stats = pytest.importorskip("scipy.stats")

MATRIX = (256, 512)  # fans that differ, 2^17 entries
KERNEL = (32, 8, 16, 32)

REQUIRED = {
    "torch.nn.init.constant_": "val=0.3",
    "torch.nn.init.constant": "val=0.3",
    "torch.nn.init.sparse_": "sparsity=0.9",
    "torch.nn.init.sparse": "sparsity=0.9",
    "jax.nn.initializers.constant": "0.3",
    "jax.nn.initializers.variance_scaling": "2.0, 'fan_in', 'truncated_normal'",
    "jax.nn.initializers.zeros": "key, shape",
    "jax.nn.initializers.ones": "key, shape",
}
SHAPES = {
    "orthogonal": (48, 64),
    "delta_orthogonal": (3, 4, 16, 32),
    "dirac": (6, 4, 3, 5),
    "identity": (48, 32),
}

NAMES = [
    (
        f"{entry.path}({', '.join(filter(None, ['w' * (one.name == 'torch'), said]))})",
        SHAPES.get(entry.topic, MATRIX),
    )
    for one in OWN
    for entry in one.entries.values()
    if entry.reader is not None
    for said in [REQUIRED.get(entry.path, "")]
]

T, K, J = "torch.nn.init", "keras.initializers", "jax.nn.initializers"
ARGUMENTS = [
    (f"{T}.uniform_(w, -0.3, 0.1)", MATRIX),
    (f"{T}.normal_(w, 0.5, 0.02)", MATRIX),
    (f"{T}.normal_(w, mean=0.5, std=0)", MATRIX),
    (f"{T}.trunc_normal_(w, std=0.02)", MATRIX),
    (f"{T}.trunc_normal_(w, 0.0, 0.02, -0.04, 0.04)", MATRIX),
    (f"{T}.trunc_normal_(w, 1.0, 2.0, 0.5, 6.0)", MATRIX),
    (f"{T}.trunc_normal_(w, 0.0, 1.0, 1.5, 3.0)", MATRIX),
    (f"{T}.trunc_normal_(w, 0.0, 1.0, -math.inf, 0.5)", MATRIX),
    (f"{T}.xavier_uniform_(w, gain=torch.nn.init.calculate_gain('relu'))", KERNEL),
    (f"{T}.xavier_normal_(w, gain=3.0)", KERNEL),
    (f"{T}.kaiming_uniform_(w, a=math.sqrt(5))", KERNEL),
    (f"{T}.kaiming_uniform_(w, 0.2, 'FAN_OUT')", KERNEL),
    (f"{T}.kaiming_normal_(w, a=0.2, mode='fan_out')", KERNEL),
    *((f"{T}.kaiming_normal_(w, nonlinearity={name!r}, a=0.5)", MATRIX)
      for name in ("linear", "sigmoid", "tanh", "relu", "selu", "conv2d")),
    (f"{T}.orthogonal_(w, gain=-2.0)", (48, 64)),
    (f"{T}.orthogonal_(w)", (16, 4, 3, 3)),
    (f"{T}.orthogonal_(w)", (64, 4, 3)),
    (f"{T}.sparse_(w, 0.07, std=2.0)", (100, 1300)),
    (f"{T}.sparse_(w, sparsity=1.0)", (8, 8)),
    (f"{T}.dirac_(w, groups=3)", (12, 5, 3)),
    (f"{T}.eye_(w)", (5, 9)),
    (f"{K}.RandomNormal(0.5, 0.02)", MATRIX),
    (f"{K}.RandomUniform(minval=0.0, maxval=2.0)", MATRIX),
    (f"{K}.TruncatedNormal(1.0, 3.0)", MATRIX),
    *((f"{K}.VarianceScaling(0.5, {mode!r}, {law!r})", KERNEL)
      for mode, law in (("fan_in", "normal"), ("fan_out", "truncated_normal"),
                        ("fan_avg", "untruncated_normal"), ("fan_out", "Uniform"))),
    (f"{K}.HeNormal(input_axes=[0, 1, 2], output_axes=[0, 1, 3])", KERNEL),
    (f"{K}.HeNormal(input_axes=[0], output_axes=[1, 2])", (32, 64, 64)),
    (f"{K}.HeUniform(input_axes=[1], output_axes=[2])", (16, 128, 64)),
    (f"{K}.HeUniform(input_axes=[-1])", MATRIX),
    (f"{K}.LecunNormal(seed=7)", (131072,)),
    (f"{K}.Orthogonal(gain=3.0)", (3, 3, 4, 64)),
    (f"{K}.Orthogonal()", (64, 48)),
    (f"{K}.Identity(2.5)", (7, 4)),
    (f"{K}.Constant(-1.5)", (7, 4)),
    (f"{J}.normal(-0.3)", MATRIX),
    (f"{J}.uniform(-0.3)", MATRIX),
    (f"{J}.truncated_normal(0.5, lower=-1.0, upper=3.0)", MATRIX),
    (f"{J}.truncated_normal(-0.5, None, -1.0, 3.0)", MATRIX),
    *((f"{J}.variance_scaling(0.7, {mode!r}, {law!r})", KERNEL)
      for mode, law in (("fan_in", "normal"), ("fan_out", "truncated_normal"),
                        ("fan_avg", "uniform"), ("fan_geo_avg", "truncated_normal"))),
    (f"{J}.variance_scaling(0.0, 'fan_in', 'normal')", (3, 4)),
    (f"{J}.he_normal(in_axis=1, out_axis=0)", KERNEL),
    (f"{J}.he_normal(in_axis=-1, out_axis=-2)", KERNEL),
    (f"{J}.he_uniform(in_axis=0, out_axis=1)", KERNEL),
    (f"{J}.lecun_normal(in_axis=-1, out_axis=-2, batch_axis=0)", KERNEL),
    (f"{J}.he_uniform(in_axis=(0, 1), out_axis=(2, 3))", KERNEL),
    (f"{J}.glorot_uniform(in_axis=0, out_axis=-1, batch_axis=(1,))", KERNEL),
    (f"{J}.orthogonal(2.0, column_axis=0)", (48, 4, 3)),
    (f"{J}.orthogonal(column_axis=1)", (4, 48, 3)),
    (f"{J}.orthogonal(column_axis=-3)", (48, 4, 3)),
    (f"{J}.delta_orthogonal(2.0, column_axis=-2)", (5, 16, 24)),
]  # fmt: skip

CELLS = NAMES + ARGUMENTS
LAYERS = [
    (f"{K}.HeNormal()", (16, 16, 256, 2), "kernel kernel stack out"),
    (f"{K}.HeUniform()", (3, 3, 128, 64), "kernel kernel out in"),
    (f"{K}.Orthogonal()", (64, 4, 16), "in out out"),
    (f"{T}.kaiming_normal_(w, mode='fan_out')", (256, 64, 3, 3), "(stack=4 out) in kernel kernel"),
    (f"{T}.kaiming_normal_(w)", (512, 1, 16, 16), "(stack=512 out) in kernel kernel"),
    (f"{T}.xavier_uniform_(w)", (512, 256), "(stack=4 out) in"),
    (f"{J}.lecun_normal()", (8, 128, 128), "stack in out"),
    (f"{J}.he_uniform(in_axis=-1, out_axis=-2)", MATRIX, "out in"),
]
"""Layers that the frameworks store in different layouts: source, shape and axes there."""
POWERS = [
    (f"InitSpec.variance_scaling(0.7, {mode!r}, {law!r}, power={power})", MATRIX, "out in")
    for mode, law, power in (
        ("fan_in", "normal", -1.0),
        ("fan_out", "uniform", -0.75),
        ("fan_avg", "truncated_normal", 0.5),
        ("fan_geo_avg", "uniform", -2.0),
    )
]
"""Powers of the fan that no framework has: its own number for the shape, or by hand."""


def needs(name: str) -> pytest.MarkDecorator:
    """Return the marker of a framework."""
    return getattr(pytest.mark, name)


def written_lines() -> Iterator[Any]:
    """Give each line that the table writes for the cells: several cells come to the same one."""
    seen = set()
    for source, shape, axes in [*((*cell, None) for cell in CELLS), *LAYERS, *POWERS]:
        translation = translate(source, shape=shape, axes=axes)
        for line in translation.lines:
            if line.code is None:
                assert line.notes, f"{source} to {line.framework}: no line and no reason"
                continue
            here = translation.spec.resolve(shape, translation.axes or "kernel...")
            key = (line.framework, line.code, line.shape, translation.spec)
            if key not in seen:
                seen.add(key)
                marks, name = needs(line.framework), f"{line.code}-{line.shape}-of-{source}"
                yield pytest.param(here, line, marks=marks, id=name)


def framework(name: str) -> Any:
    """Return a framework's module; skip where it is not installed."""
    return pytest.importorskip(name, reason=f"{name} is not installed here")


def draw(name: str, code: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return what a framework's own line draws, its generator seeded by the line."""
    module, seed = framework(name), zlib.crc32(code.encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated names, and torch's word on far bounds
        if name == "torch":
            module.manual_seed(seed)
            weight = module.full(shape, math.nan)
            exec(code, {"torch": module, "math": math, "w": weight})
            return weight.double().numpy()
        if name == "keras":
            module.utils.set_random_seed(seed)
            made = eval(code, {"keras": module})(shape, dtype="float32")
            return module.ops.convert_to_numpy(made).astype(np.float64)
        key = module.random.key(seed)
        made = eval(code, {"jax": module, "key": key, "shape": shape})
        return np.asarray(made(key, shape) if callable(made) else made, np.float64)


def strays(name: str) -> int:
    """Return how many values of a truncated law may lie outside its bounds.

    Keras on torch picks among four normals, and takes one outside where all four are: 0.0455^4 is
    4.3 in a million, 0.6 of 2^17 values; more than 8 come by chance once in 10^7 draws
    (keras/src/backend/torch/random.py, truncated_normal).
    """
    return 8 if name == "keras" and framework(name).config.backend() == "torch" else 0


def assert_law(resolved: Resolved, weight: np.ndarray, stray: int = 0) -> None:
    """Hold a drawn weight against what its spec says of it."""
    family, law = resolved.distribution, resolved.law
    logical = resolved.layout.logical(weight)
    matrix = logical.reshape(resolved.layout.stack, resolved.layout.out, resolved.layout.columns)
    match family:
        case Constant():
            assert np.all(weight == np.float32(family.value))
        case Identity():
            expected = np.zeros_like(logical)
            expected[..., resolved.layout.centre] = resolved.gain * np.eye(
                resolved.layout.out, resolved.layout.in_
            )
            np.testing.assert_array_equal(logical, expected)
        case DeltaOrthogonal():
            assert_haar(logical[..., resolved.layout.centre] / resolved.gain)
            assert np.count_nonzero(logical) == logical[..., resolved.layout.centre].size
        case Orthogonal():
            assert_haar(matrix / resolved.gain)
        case Sparse():
            zeros = np.sum(matrix == 0, axis=2 if family.along == "in" else 1)
            assert set(zeros.ravel()) == {family.zeros(resolved.layout)[0]}
            laws.assert_follows(weight[weight != 0], stats.norm(0, resolved.scale))
        case _:
            assert law.cdf is not None
            laws.assert_moments(weight, law.mean, law.std, law.kurtosis)
            laws.assert_cdf(weight, law.cdf)
            ulp = 4e-7 * max(abs(law.low), abs(law.high)) if math.isfinite(law.low) else 0.0
            assert np.sum((weight < law.low - ulp) | (weight > law.high + ulp)) <= stray


def assert_haar(members: np.ndarray) -> None:
    """Hold matrices [stack, rows, columns] against a uniform orthogonal law."""
    rows, columns = members.shape[1:]
    tall = members if rows >= columns else members.transpose(0, 2, 1)
    gram = tall.transpose(0, 2, 1) @ tall
    assert np.max(np.abs(gram - np.eye(min(rows, columns)))) < 1e-5
    # An entry of a unit vector: (1 + entry) / 2 is Beta. QR without its signs fixed fails here.
    half = (max(rows, columns) - 1) / 2
    distance = stats.kstest((1 + members.ravel()) / 2, stats.beta(half, half).cdf).statistic
    assert distance < laws.reach(members.size)


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        pytest.param(line, shape, marks=needs(line.partition(".")[0]), id=f"{line}-{shape}")
        for line, shape in CELLS
    ],
)
def test_line_has_the_law_of_its_spec(line: str, shape: tuple[int, ...]) -> None:
    """A drawn line agrees with the spec's law and with a NumPy draw of the spec."""
    name = line.partition(".")[0]
    weight = draw(name, line, shape)
    translation = translate(line, shape=shape)
    resolved = translation.spec.resolve(shape, translation.axes or "kernel...")
    assert_law(resolved, weight, strays(name))
    if resolved.law.cdf is not None and resolved.law.std:
        ours = translation.spec.to_numpy(axes=translation.axes or "kernel...")(
            shape, rng=np.random.default_rng(zlib.crc32(line.encode()))
        )
        distance = stats.ks_2samp(weight.ravel(), ours.ravel()).statistic
        assert distance < math.sqrt(2) * laws.reach(weight.size)


@pytest.mark.parametrize(("here", "line"), list(written_lines()))
def test_line_written_elsewhere_has_the_law_of_the_spec(here: Resolved, line: Line) -> None:
    """The line that the table writes, drawn in its framework's own layout, is of that law too."""
    framework(line.framework)
    assert line.code is not None
    assert line.shape is not None
    spec = eval(line.initspec.partition(".to_")[0], {"InitSpec": InitSpec, "math": math})
    there = spec.resolve(line.shape, line.axes or "kernel...")
    assert (here.scale, here.layout.size) == (there.scale, there.layout.size)
    assert_law(there, draw(line.framework, line.code, line.shape), strays(line.framework))


@pytest.mark.parametrize(
    ("drawn", "claimed"),
    [
        ("he_truncated_normal", "he_normal"),
        ("he_normal", "he_truncated_normal"),
        ("he_normal", "he_normal(mode=fan_out)"),
        ("he_uniform", "he_normal"),
        ("truncated_normal(std=0.02, corrected=False)", "truncated_normal(std=0.02)"),
        ("uniform(low=0.0, high=0.01)", "uniform(low=-0.01, high=0.01)"),
        ("normal(std=0.02)", "normal(std=0.0204)"),
        ("orthogonal", "orthogonal(gain=1.0001)"),
        ("sparse(sparsity=0.9)", "sparse(sparsity=0.9, along=out)"),
    ],
)
def test_a_wrong_row_is_refuted(drawn: str, claimed: str) -> None:
    """The check fails where a line is said to be another spec than it is."""
    shape = (48, 64) if drawn == "orthogonal" else MATRIX
    weight = InitSpec.parse(drawn).to_numpy()(shape, rng=np.random.default_rng(3)).astype(float)
    assert_law(InitSpec.parse(drawn).resolve(shape), weight)
    with pytest.raises(AssertionError):
        assert_law(InitSpec.parse(claimed).resolve(shape), weight)
