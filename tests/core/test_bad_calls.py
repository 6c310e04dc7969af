"""Calls of initializers with what they cannot draw: dtypes, shapes, keys, values out of range."""

from __future__ import annotations

import re

import ml_dtypes
import numpy as np
import pytest

from initspec import InitSpec, InitSpecError, errors
from initspec.distributions import FAMILIES, Elementwise, LogUniform, Mapped
from initspec.dtypes import float_type
from tests.refusal import refuse

BAD_DTYPES = [
    *(
        "int8",
        "int32",
        "uint8",
        "bool",
        "complex64",
        "complex128",
        "object",
        "str",
        "float8_e4m3fn",
    ),
    *("float128", "foat32", "", "f4,,", "f4,f4", "torch.int32"),
    *(np.int32, np.complex64, np.dtype("M8[ns]"), int, bool, complex, None, 32, object(), [], {}),
    ml_dtypes.float8_e4m3fn,
]


@pytest.mark.parametrize("dtype", BAD_DTYPES, ids=lambda one: repr(one).split(" at 0x")[0])
def test_dtypes(dtype):
    """Integer, complex and other dtypes are refused before anything is drawn, and None is too."""
    allowed = "float16, bfloat16, float32, float64"
    refuse(lambda: float_type(dtype), "dtype", allowed, kind=errors.DtypeError)
    refuse(lambda: InitSpec().to_numpy()((2, 3), dtype), allowed, kind=errors.DtypeError)


@pytest.mark.parametrize("dtype", ["complex64", "torch.complex128", np.complex64, complex, "c8"])
def test_complex_dtypes(dtype):
    """Complex weights are two real ones: the message has the gain of each, where that is right."""
    refuse(lambda: float_type(dtype), "complex", "spec.gain * 2**-0.5", kind=errors.DtypeError)
    with pytest.raises(errors.DtypeError) as caught:
        float_type(dtype)
    scaled, fixed, none = str(caught.value).partition("; ")[2].split("; ")
    for name, family in FAMILIES.items():
        random = family.random is True  # of an identity it depends on the noise
        scales = issubclass(family, Elementwise) and not issubclass(family, LogUniform | Mapped)
        part = scaled if scales else none if random else fixed
        if name != "repeat":  # it is as what it repeats
            assert re.search(rf"\b{name}\b", part), name


@pytest.mark.parametrize("sizes", [(512, 256), (3, 4, 5), (3, 3, 32, 64), (2, 3, 3, 32, 64)])
def test_sizes_of_a_shape_one_after_the_other(sizes):
    """`init(512, 256)`: they stand together in one tuple."""
    refuse(lambda: InitSpec().to_numpy()(*sizes), "sizes", f"init({sizes})", kind=errors.CallError)
    if len(sizes) == 2:
        for method in (InitSpec().fans, InitSpec().std, InitSpec().resolve):
            refuse(lambda method=method: method(*sizes), "sizes", "(512, 256)")


def test_more_arguments_than_an_initializer_takes():
    """`init(shape, dtype, rng, 5)`: how many there may be."""
    call = InitSpec().to_numpy()
    refuse(lambda: call((3, 4), "float32", None, 5), "4 arguments", "3", kind=errors.CallError)


@pytest.mark.parametrize("key", [np.zeros(2, np.uint32), None, object()])
def test_a_key_before_the_shape(key):
    """`init(key, shape)`, as in JAX: NumPy draws with a Generator, which comes last."""
    call = "init((3, 4), rng=numpy.random.default_rng(0))"
    refuse(lambda: InitSpec().to_numpy()(key, (3, 4)), call, kind=errors.TargetError)


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("float32", "float32"),
        ("f4", "float32"),
        (">f4", "float32"),
        (np.float16, "float16"),
        (np.dtype("float64"), "float64"),
        (float, "float64"),
        (ml_dtypes.bfloat16, "bfloat16"),
        (np.dtype(ml_dtypes.bfloat16), "bfloat16"),
        ("torch.bfloat16", "bfloat16"),
        ("fp16", "float16"),
        ("BF16", "bfloat16"),
        ("fp32", "float32"),
        ("fp64", "float64"),
        ("half", "float16"),
        ("Float32", "float32"),
    ],
)
def test_names_of_dtypes(dtype, name):
    """The ways to say a dtype."""
    assert float_type(dtype).name == name


SPECS_BEYOND = [
    ("float16", InitSpec.constant(65520.0), "float16 ends at 65504"),
    ("float16", InitSpec.normal(1e4), "float16 ends at 65504"),
    ("float16", InitSpec.uniform(0, 7e4), "float16 ends at 65504"),
    ("float16", InitSpec.truncated_normal(5e4), "float16 ends at 65504"),
    ("float16", InitSpec.normal(1.0, mean=7e4), "float16 ends at 65504"),
    ("float16", InitSpec.orthogonal(7e4), "float16 ends at 65504"),
    ("float16", InitSpec.identity(7e4), "float16 ends at 65504"),
    ("float16", InitSpec.sparse(0.5, 1e4), "float16 ends at 65504"),
    ("float16", InitSpec.he_normal(gain=1e6), "float16 ends at 65504"),
    ("bfloat16", InitSpec.constant(3.4e38), "bfloat16 ends at"),
    ("float32", InitSpec.constant(-3.5e38), "float32 ends at"),
    ("float32", InitSpec.uniform(-3e38, 3e38), "float32 ends at"),
    ("float64", InitSpec.uniform(-1.7e308, 1.7e308), "float64 ends at"),
    ("float64", InitSpec.normal(1e308), "float64 ends at"),
    ("float16", InitSpec.normal(1e-8), "float16 starts at 5.96"),
    ("float16", InitSpec.constant(1e-8), "float16 starts at 5.96"),
    ("float16", InitSpec.orthogonal(1e-8), "float16 starts at 5.96"),
    ("float16", InitSpec.identity(1e-8), "float16 starts at 5.96"),
    ("float16", InitSpec.identity(noise=1e-8), "float16 starts at 5.96"),
    ("float16", InitSpec.identity(noise=1e4), "reaches 80001"),
    ("float16", InitSpec.sparse(0.5, 1e-8), "float16 starts at 5.96"),
    ("float32", InitSpec.normal(1e-39), "float32 starts at"),
    ("float64", InitSpec.normal(1e-310), "float64 starts at"),
]


@pytest.mark.parametrize(("dtype", "spec", "says"), SPECS_BEYOND, ids=str)
def test_values_beyond_the_dtype(dtype, spec, says):
    """Values that a dtype cannot hold are refused, before anything is drawn."""
    refuse(lambda: spec.to_numpy()((8, 8), dtype), says, "wider dtype", kind=errors.DtypeError)
    assert spec.to_numpy()((0, 8), dtype).shape == (0, 8)  # there is no value to hold


@pytest.mark.parametrize(
    ("dtype", "spec"),
    [
        ("float16", InitSpec.constant(65504.0)),
        ("float16", InitSpec.uniform(-65504, 65504)),
        ("float16", InitSpec.normal(8000)),
        ("float16", InitSpec.zeros()),
        ("float16", InitSpec.truncated_normal(0.02, lower=-1e9, upper=1e9)),
        ("float16", InitSpec.truncated_normal(1e4, lower=-1, upper=1, corrected=False)),
        ("float16", InitSpec.constant(2.0**-24)),
        ("bfloat16", InitSpec.uniform(-1e38, 1e38)),
        ("float32", InitSpec.uniform(-1.7e38, 1.7e38)),
        ("float64", InitSpec.uniform(-8e307, 8e307)),
        ("float64", InitSpec.normal(1e300)),
        ("float64", InitSpec.normal(1e-300)),
    ],
    ids=str,
)
def test_values_within_the_dtype(dtype, spec):
    """Values that it can hold are drawn: finite, and not all of them 0 unless they should be."""
    weight = spec.to_numpy()((64, 64), dtype, np.random.default_rng(0)).astype("float64")
    assert np.isfinite(weight).all()
    assert weight.any() == (spec != InitSpec.zeros())


@pytest.mark.parametrize("rng", [0, np.random, np.random.RandomState(0), "0", np.random.PCG64(0)])
def test_no_generator(rng):
    """What is no numpy.random.Generator is refused."""
    refuse(
        lambda: InitSpec().to_numpy()((2, 3), rng=rng),
        "numpy.random.default_rng(0)",
        kind=errors.TargetError,
    )


@pytest.mark.parametrize("target", [5, None, "12", (2.0, 3), np.ones((2, 3)), (-1, 2), np.array(5)])
def test_no_shape(target):
    """Where a shape belongs: no number, no text, no array of weights, nothing negative."""
    refuse(lambda: InitSpec().to_numpy()(target), "shape=", kind=InitSpecError)
    refuse(lambda: InitSpec().std(target) if target is not None else InitSpec().std(), "shape")
