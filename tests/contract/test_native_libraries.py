"""That initializers of libraries beside the frameworks are read, and draw what is read.

flax, Haiku, TensorFlow and transformers: each public name is read or refused, so that one that
appears upstream fails here; what is read is held against the law that the object draws.
"""

from __future__ import annotations

import zlib
from functools import partial
from typing import Any

import numpy as np
import pytest

from initspec import InitSpec, InitSpecError
from initspec.backend import Axes, read_native
from initspec.translate import translate
from tests.contract.test_lines import MATRIX, assert_law, framework
from tests.vocabularies import OWN

KERNEL = (3, 3, 64, 128)
"""In before out, as JAX and TensorFlow have it."""


def hold(initializer: Any, weight: np.ndarray, axes: str) -> None:
    """Hold a drawn weight against the spec that the initializer is read as."""
    spec, counted = read_native(initializer)
    assert_law(spec.resolve(weight.shape, counted or Axes(axes)), weight.astype(np.float64))


def jax_names() -> set[str]:
    """Return the public names of jax.nn.initializers that the vocabulary has."""
    return set(next(words for words in OWN if words.name == "jax").entries)


@pytest.mark.jax
@pytest.mark.parametrize("module", ["flax.linen.initializers", "flax.nnx"])
def test_flax_exports_what_is_read(module: str) -> None:
    """The names of jax.nn.initializers, which are the same functions, and two of its own."""
    flax = pytest.importorskip(module)
    flax = getattr(flax, "initializers", flax)
    jax = framework("jax")
    functions = {name for name in dir(flax) if type(getattr(flax, name)).__name__ == "function"}
    assert functions - jax_names() == {"zeros_init", "ones_init"}
    for name in functions & jax_names():
        assert getattr(flax, name) is getattr(jax.nn.initializers, name)
    for name, spec in {"zeros_init": InitSpec.zeros(), "ones_init": InitSpec.ones()}.items():
        assert InitSpec.from_native(getattr(flax, name)()) == spec


@pytest.mark.jax
def test_wrappers_of_jax_and_flax() -> None:
    """jax.jit changes no law; what a partial sets around flax' wrappers is read, or refused."""
    jax, linen = framework("jax"), pytest.importorskip("flax.linen")
    init = jax.nn.initializers.normal(0.3)
    jitted = jax.jit(init, static_argnums=1)
    wrapped = linen.with_partitioning(linen.with_logical_partitioning(init, ("a",)), (None,))
    right = [jitted, partial(jitted, dtype="float32"), wrapped, partial(wrapped, dtype="bfloat16")]
    assert {InitSpec.from_native(form) for form in right} == {InitSpec.normal(0.3)}
    for form, says in (
        (partial(wrapped, dtype="complex64"), "complex64 has no equal"),
        (partial(wrapped, gain=2), "dtype, out_sharding, by name"),
        (partial(wrapped, jax.random.key(0)), "dtype, out_sharding, by name"),
        (jax.jit(lambda key, shape: 2 * init(key, shape)), "not an initializer of"),
    ):
        with pytest.raises(InitSpecError, match=says):
            InitSpec.from_native(form)


HAIKU = {
    "Constant": ("0.3", ""),
    "Identity": ("2.5", ""),
    "Orthogonal": ("2.0", "axis=0"),
    "RandomNormal": ("0.1, 0.5", ""),
    "RandomUniform": ("-0.3, 0.1", ""),
    "TruncatedNormal": ("0.1, 0.5, -1.0, 3.0", ""),
    "UniformScaling": ("0.5", ""),
    "VarianceScaling": ("2.0, 'fan_out', 'uniform'", "0.5, 'fan_avg'"),
}
"""The public classes, each with arguments."""


@pytest.mark.jax
def test_haiku() -> None:
    """Its objects have their arguments as attributes."""
    haiku, jax = pytest.importorskip("haiku"), framework("jax")
    names = {name for name in dir(haiku.initializers) if name[0].isupper()}
    assert names == {"Initializer", *HAIKU}
    for name, several in HAIKU.items():
        for arguments in several:
            line = f"haiku.initializers.{name}({arguments})"
            if name == "Constant" and not arguments:
                continue
            made = eval(line, {"haiku": haiku})
            assert read_native(made)[0] == translate(line).spec
            shape = (48, 64) if name in ("Identity", "Orthogonal") else KERNEL
            draw = haiku.transform(lambda made=made, shape=shape: made(shape, np.float32))
            drawn = draw.apply({}, jax.random.key(zlib.crc32(line.encode())))
            hold(made, np.asarray(drawn), "kernel... in out")
        with pytest.raises(InitSpecError, match=r"call it, haiku.initializers"):
            InitSpec.from_native(getattr(haiku.initializers, name))
    with pytest.raises(InitSpecError, match="base class"):
        InitSpec.from_native(haiku.initializers.Initializer)


TENSORFLOW = {
    "constant": ("0.3",),
    "zeros": ("",),
    "ones": ("",),
    "random_normal": ("", "0.5, 0.02"),
    "random_uniform": ("", "-0.3, 0.1"),
}
OF_VERSION_1 = {
    **TENSORFLOW,
    "truncated_normal": ("", "0.5, 0.02"),
    "glorot_normal": ("",),
    "glorot_uniform": ("",),
    "orthogonal": ("2.0",),
    "variance_scaling": ("", "2.0, 'fan_out', 'uniform'", "2.0, 'fan_avg', 'untruncated_normal'"),
}
NO_WEIGHTS = {"global_variables", "local_variables", "tables", "variables"}


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("module", "grid"), [("", TENSORFLOW), ("compat.v1", OF_VERSION_1)])
def test_tensorflow(module: str, grid: dict[str, tuple[str, ...]]) -> None:
    """tf.random_normal_initializer and its kin, and those of version 1; tf.keras is Keras."""
    tf = pytest.importorskip("tensorflow")
    owner = tf.compat.v1 if module else tf
    names = {name for name in dir(owner) if name.endswith("_initializer")}
    others = NO_WEIGHTS | {"uniform_unit_scaling"} if module else set()
    assert names == {f"{name}_initializer" for name in {*grid, *others}}
    tf.random.set_seed(7)
    for name, several in grid.items():
        for arguments in several:
            made = eval(f"owner.{name}_initializer({arguments})", {"owner": owner})
            shape = (48, 64) if name == "orthogonal" else KERNEL
            hold(made, made(shape, dtype=tf.float32).numpy(), "kernel... in out")
    for made in (tf.random_normal_initializer, tf.compat.v1.uniform_unit_scaling_initializer()):
        with pytest.raises(InitSpecError, match="not an initializer of"):
            InitSpec.from_native(made)
    integers = tf.compat.v1.random_uniform_initializer(0, 9, dtype=tf.int32)
    with pytest.raises(InitSpecError, match="of int32 has no equal"):
        InitSpec.from_native(integers)
    assert InitSpec.from_native(tf.keras.initializers.HeUniform()) == InitSpec.he_uniform()


TRANSFORMERS = {
    "constant_": {"val": 0.3},
    "sparse_": {"sparsity": 0.9},
    "kaiming_uniform_": {"a": 0.2, "mode": "fan_out"},
    "normal_": {"mean": 0.5, "std": 0.02},
    "trunc_normal_": {"std": 0.02, "a": -0.04, "b": 0.04},
    "uniform_": {"a": -0.3, "b": 0.1},
    "xavier_normal_": {"gain": 3.0},
}


@pytest.mark.torch
def test_transformers() -> None:
    """transformers.initialization, which has torch's functions with a check.

    Its lecun_normal_ is no lecun_normal: the bounds of its trunc_normal_ are no multiples of std.
    """
    module = pytest.importorskip("transformers.initialization")
    torch = framework("torch")
    functions = {name: getattr(module, name) for name in dir(module) if name.endswith("_")}
    functions = {name: f for name, f in functions.items() if not name.startswith("_")}
    refused = {"copy_", "default_flax_embed_init_", "lecun_normal_"} & functions.keys()
    torch.manual_seed(7)
    for name in functions.keys() - refused:
        arguments = TRANSFORMERS.get(name, {})
        shape = {"orthogonal_": (48, 64), "eye_": (48, 32), "dirac_": (6, 4, 3)}.get(name, MATRIX)
        made = partial(functions[name], **arguments)
        weight = torch.empty(shape)
        made(weight)
        hold(made, weight.numpy(), "out in kernel...")
    for name in refused:
        with pytest.raises(InitSpecError):
            InitSpec.from_native(functions[name])
