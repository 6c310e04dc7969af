"""A seed and a name give every backend the bits of the portable stream.

The bits are held against the golden vectors, which an independent implementation in plain Python
reproduces, and against `initspec.stream.draw` on the same axes.
"""

from __future__ import annotations

import gc
import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest
from typer.testing import CliRunner

from initspec import Axes, InitSpec, InitSpecError, InitSpecWarning
from initspec.axes import OUT_IN, by_rank
from initspec.backend import usable
from initspec.cli.app import app
from initspec.dtypes import float_type
from initspec.errors import ShapeError
from initspec.spec.resolve import resolve
from initspec.stream.draw import draw
from initspec.stream.threads import THREADS

VECTORS = json.loads(files("initspec.stream").joinpath("golden.json").read_text("utf-8"))["weights"]

FAMILIES = [
    ("he_normal", (37, 19), "out in"),
    ("glorot_uniform", (37, 19), "in out"),
    ("uniform(low=-0.1, high=0.3)", (65,), None),
    ("log_uniform(low=0.001, high=0.1, through=inverse_softplus)", (65,), None),
    ("he_truncated_normal", (3, 3, 5, 8), "kernel kernel in (stack=4 out)"),
    ("truncated_normal(lower=1.0, upper=3.0)", (16, 5, 3), "in out kernel"),
    ("sparse(0.7)", (12, 7), "(stack=2 out) in"),
    ("sparse(0.7, along=out)", (7, 12), "in (stack=2 out)"),
    ("orthogonal(gain=1.4)", (6, 24), "in (stack=4 out)"),
    ("delta_orthogonal", (8, 4, 3, 3), "out in kernel kernel"),
    ("identity(gain=0.5)", (4, 6), "out in"),
    ("dirac", (3, 3, 4, 8), "kernel kernel in out"),
    ("constant(0.3)", (5,), None),
    ("ramp(start=0.1, stop=0.7)", (5,), None),
    ("ramp(start=1.0, step=0.3, along=in)", (3, 5, 8), "kernel in (stack=4 out)"),
    ("sinusoidal(gain=0.5)", (67, 8), "stack out"),
    ("sinusoidal(halves=True, grid=True, extra_tokens=1)", (8, 2, 5), "out stack stack"),
    ("rotary", (7,), None),
    ("hippo_legs", (2, 4, 4), "stack in out"),
    ("repeat(of=he_normal(mode=fan_out), times=4)", (3, 3, 4, 8), "kernel kernel in out"),
    ("repeat(of=orthogonal, along=stack)", (6, 8), "in (stack=2 out)"),
    ("identity(gain=0.5, noise=0.1)", (6, 5), "out in"),
    ("he_normal", (31, 9), "stack out"),
    ("he_normal(mode=fan_out)", (6, 4, 5), "in out out"),
]


def _bits(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(("line", "shape", "axes"), FAMILIES)
def test_bits_are_the_portable_stream(backend, line, shape, axes, dtype):
    """Every family, on several layouts and in every dtype, has the bits of the core's own draw."""
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.name} does not draw {dtype}")
    spec, axes = InitSpec.parse(line), None if axes is None else Axes(axes)
    kind = float_type(dtype)
    expected = draw(resolve(spec, shape, axes, kind=kind), kind, 7, "layer.weight")
    drawn = backend.draw(spec, shape, axes=axes, dtype=dtype, seed=7, name="layer.weight")
    assert drawn.dtype == expected.dtype
    assert _bits(drawn) == _bits(expected)


def test_every_layer_has_the_bits(backend, weight):
    """Each row of the table of layers, every family that fits it, in every dtype."""
    fitting = 0
    for line in dict.fromkeys(line for line, _, _ in FAMILIES):
        spec = InitSpec.parse(line)
        try:
            resolutions = {
                dtype: resolve(spec, weight.shape, Axes(weight.axes), kind=float_type(dtype))
                for dtype in backend.dtypes
            }
        except ShapeError:  # no dirac without a kernel, for one
            continue
        fitting += 1
        for dtype, resolved in resolutions.items():
            expected = draw(resolved, float_type(dtype), 7, "layer.weight")
            drawn = backend.draw(
                spec, weight.shape, axes=Axes(weight.axes), dtype=dtype, seed=7, name="layer.weight"
            )
            assert _bits(drawn) == _bits(expected), (line, dtype)
    assert fitting >= 7


@pytest.mark.parametrize(("shape", "axes"), [((300, 200), "out in"), ((200, 300), "in out")])
def test_threads_change_no_bit(backend, monkeypatch, shape, axes):
    """1, 2 and 4 threads on weights of several tiles give one SHA-256 for each family and dtype."""
    for line in ("he_normal", "glorot_uniform", "he_truncated_normal", "sparse(0.7)", "orthogonal"):
        for dtype in backend.dtypes:
            hashes = set()
            for threads in ("1", "2", "4"):
                monkeypatch.setenv(THREADS, threads)
                spec = InitSpec.parse(line)
                drawn = backend.draw(spec, shape, axes=Axes(axes), dtype=dtype, seed=7, name="w")
                hashes.add(_bits(drawn))
            assert len(hashes) == 1, (line, dtype)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: f"{one['spec']}-{one['dtype']}")
def test_golden_vectors(backend, vector):
    """Each golden vector comes out; an orthogonal one to 1e-6 of its gain."""
    shape = tuple(vector["shape"])
    spec = InitSpec.parse(vector["spec"])
    # Without axes the vectors mean `out in kernel...`, which is not every backend's convention.
    axes = by_rank(OUT_IN, len(shape)) if vector["axes"] is None else Axes(vector["axes"])
    drawn = backend.draw(
        spec,
        shape,
        axes=axes,
        dtype=vector["dtype"],
        seed=int(vector["seed"]),
        name=vector["name"],
    )
    first = np.array([float.fromhex(value) for value in vector["first"]])
    values = np.ascontiguousarray(drawn).ravel()[: len(first)].astype(np.float64)
    if "orthogonal" in vector["spec"]:
        eps = float_type(vector["dtype"]).eps
        np.testing.assert_allclose(values, first, rtol=0, atol=(1e-6 + eps) * spec.gain)
    else:
        np.testing.assert_array_equal(values, first)
        assert _bits(drawn) == vector["sha256"]


def test_layouts_are_transposes(backend):
    """The weight of `out in` and the kernel of `in out` are exact transposes."""
    spec = InitSpec.he_normal()
    weight = backend.draw(spec, (20, 12), axes=Axes("out in"), seed=3, name="w")
    kernel = backend.draw(spec, (12, 20), axes=Axes("in out"), seed=3, name="w")
    np.testing.assert_array_equal(weight, kernel.T)


def test_fused_and_separate_agree(backend):
    """Member i of a stack named N is the lone parameter named N[i]; gates permute by name."""
    spec = InitSpec.orthogonal()
    fused = backend.draw(spec, (24, 8), axes=Axes("(stack=3 out) in"), seed=3, name="qkv")
    for i in range(3):
        lone = backend.draw(spec, (8, 8), axes=Axes("out in"), seed=3, name=f"qkv[{i}]")
        np.testing.assert_array_equal(fused[8 * i : 8 * i + 8], lone)
    gates = backend.draw(spec, (8, 24), axes=Axes("in (stack=3 out)"), seed=3, name="qkv")
    np.testing.assert_array_equal(gates[:, 8:16].T, fused[8:16])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_compare_with_a_seed_shows_one_hash(backend, dtype):
    """`initspec compare --seed 7` prints one SHA-256 for NumPy and this backend."""
    if dtype not in backend.dtypes:
        pytest.skip(f"{backend.name} does not draw {dtype}")
    shape, axes = (3, 3, 8, 16), "kernel kernel in (stack=4 out)"
    whole = InitSpec.he_normal().to_numpy(axes, seed=7, name="w")(shape, dtype)
    names = ["numpy", *{backend.name} - {"numpy"}]
    given = ["compare", "he_normal", "--shape", "3,3,8,16", "--axes", axes, "--dtype", dtype]
    given += ["--seed", "7", "--name", "w", "--backends", ",".join(names)]
    said = CliRunner().invoke(app, given, env={"COLUMNS": "200"})
    assert said.exit_code == 0, said.output
    hashes = [line for line in said.output.splitlines() if line.startswith("SHA-256")]
    assert hashes == [f"SHA-256 {_bits(whole)} ({', '.join(names)})"]
    rows = json.loads(CliRunner().invoke(app, [*given, "--json"]).output)["rows"]
    assert [row["sha256"] for row in rows] == [_bits(whole)] * len(names)


def test_seed_and_name_both_matter(backend):
    """Another seed or another name is another weight, whatever was drawn before."""
    spec, axes = InitSpec.he_normal(), Axes("out in")
    keys = [(0, "a"), (1, "a"), (0, "b"), (2**64 - 1, ""), (0, "")]
    drawn = [backend.draw(spec, (16, 16), axes=axes, seed=s, name=n) for s, n in keys]
    assert len({_bits(one) for one in drawn}) == len(keys)
    again = backend.draw(spec, (16, 16), axes=axes, seed=0, name="a")
    np.testing.assert_array_equal(again, drawn[0])


def test_scale_enters_after_the_noise(backend):
    """The noise is that of the name alone: a gain of 2 doubles every number."""
    spec, axes = InitSpec.he_normal(), Axes("out in")
    one = backend.draw(spec, (16, 16), axes=axes, seed=5)
    two = backend.draw(spec.replace(gain=2.0), (16, 16), axes=axes, seed=5)
    np.testing.assert_array_equal(two, 2 * one)


@pytest.mark.parametrize("seed", [True, -1, 1.0, 2**64, "7", np.float64(3)])
def test_bad_seeds(backend, seed):
    """A seed that is no integer from 0 to 2^64 - 1 raises before anything is compiled."""
    with pytest.raises(InitSpecError, match="seed="):
        InitSpec.he_normal().to(usable(backend.name), seed=seed)


def test_bad_names(backend):
    """A name that is no str raises."""
    with pytest.raises(InitSpecError, match="name="):
        InitSpec.he_normal().to(usable(backend.name), seed=1, name=7)


def _weight(backend, init, shape):
    """Return a new weight that a compiled initializer has drawn."""
    if backend.name == "torch":
        import torch

        return init(torch.empty(shape))
    return init(None, shape) if backend.name == "jax" else init(shape)


def test_a_second_weight_of_one_name_warns_once(backend):
    """One seeded initializer that fills two weights of one name says, once, that they are equal."""
    init = InitSpec.he_normal().to(usable(backend.name), "out in", seed=1, name="w")
    weights = [_weight(backend, init, (4, 3))]
    with pytest.warns(InitSpecWarning, match="second weight under the name 'w'"):
        weights.append(_weight(backend, init, (4, 3)))
    weights.append(_weight(backend, init, (4, 3)))  # a second warning would be an error


@pytest.mark.parametrize("line", ["he_normal", "orthogonal", "sparse(0.5)"])
@pytest.mark.parametrize("shape", [(4, 3), (6, 3)])
def test_weights_without_a_name_warn_across_initializers(backend, line, shape):
    """Each weight has an initializer of its own, and both have one seed: not under a name."""
    used, spec = usable(backend.name), InitSpec.parse(line)
    seed = 40_000 + len(line) + shape[0]
    first = _weight(backend, spec.to(used, "out in", seed=seed), (4, 3))
    with pytest.warns(InitSpecWarning, match="second weight without a name"):
        second = _weight(backend, spec.to(used, "out in", seed=seed), shape)
    twins = [
        _weight(backend, spec.to(used, "out in", seed=seed, name="w"), (4, 3)) for _ in range(2)
    ]
    del first, second, twins


def test_a_weight_that_is_gone_is_not_a_second_one(backend):
    """A model that is built, dropped and built again; and one seed in two frameworks."""
    used, spec = usable(backend.name), InitSpec.he_normal()
    here = spec.to_numpy("out in", seed=50_000)((4, 3)) if backend.name != "numpy" else None
    for _ in range(2):
        weight = _weight(backend, spec.to(used, "out in", seed=50_000), (4, 3))
        del weight
        gc.collect()
    del here


def test_what_is_not_random_may_be_repeated(backend):
    """Biases of zeros are equal in every layer."""
    for line in ("zeros", "identity"):
        init = InitSpec.parse(line).to(usable(backend.name), "out in", seed=1)
        weights = [_weight(backend, init, (4, 3)) for _ in range(2)]
        other = InitSpec.parse(line).to(usable(backend.name), "out in", seed=1)
        weights.append(_weight(backend, other, (4, 3)))
