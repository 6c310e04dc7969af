"""Bad input: each raises an InitSpecError that says what was given, what is allowed, what to do."""

from __future__ import annotations

import math
import re

import ml_dtypes
import numpy as np
import pytest

from initspec import (
    Constant,
    FanRule,
    InitSpec,
    InitSpecError,
    Normal,
    Range,
    Sparse,
    Std,
    TruncatedNormal,
    Uniform,
    errors,
    gain,
)
from initspec.distributions import FAMILIES, Elementwise
from initspec.dtypes import float_type

NAN, INF = math.nan, math.inf
NO_NUMBERS = [None, "1", True, False, 1j, [1.0], np.array([1.0]), np.bool_(True), b"1", Normal()]
NO_NUMBERS += [np.array(True), np.array("1"), np.array(1j), np.str_("1")]
NOT_FINITE = [NAN, INF, -INF, np.float32(INF), 10**400, np.longdouble("1e4000")]


def refuse(call, *says, kind=InitSpecError):
    """Assert that `call` raises `kind` with each of `says` in its message."""
    with pytest.raises(kind) as caught:
        call()
    for words in says:
        assert words in str(caught.value), str(caught.value)


def test_errors_are_value_errors():
    """Every error of initspec is an InitSpecError, and that is a ValueError."""
    kinds = [kind for name, kind in vars(errors).items() if name.endswith("Error")]
    assert len(kinds) >= 7
    assert all(issubclass(kind, InitSpecError) and issubclass(kind, ValueError) for kind in kinds)


@pytest.mark.parametrize(
    ("call", "given", "nearest"),
    [
        (lambda: InitSpec("norml"), "'norml'", "'normal'"),
        (lambda: InitSpec("Normal"), "'Normal'", "'normal'"),
        (lambda: InitSpec("normal", "hee"), "'hee'", "'he'"),
        (lambda: InitSpec("normal", "He"), "'He'", "'he'"),
        (lambda: InitSpec(mode="fan_inn"), "'fan_inn'", "'fan_in'"),
        (lambda: InitSpec(mode="FAN_OUT"), "'FAN_OUT'", "'fan_out'"),
        (lambda: Sparse(0.5, "inn"), "'inn'", "'in'"),
        (lambda: InitSpec().replace(gian=1), "'gian'", "'gain'"),
        (lambda: InitSpec().to("torhc"), "'torhc'", "'torch'"),
        (lambda: InitSpec.parse("he_norml"), "'he_norml'", "'he_normal'"),
        (lambda: InitSpec().std((2, 3), "out inn"), "'inn'", "'in'"),
    ],
)
def test_unknown_names(call, given, nearest):
    """An unknown name is answered with the nearest, in two lines of a terminal."""
    refuse(call, given, f"did you mean {nearest}")
    with pytest.raises(InitSpecError) as caught:
        call()
    assert len(str(caught.value)) <= 160


@pytest.mark.parametrize("given", [None, 3, 1.5, [], object, FanRule, "xx"], ids=repr)
def test_no_distribution(given):
    """What is no distribution is answered with all that there are."""
    refuse(lambda: InitSpec(given), "unknown distribution", "truncated_normal", "orthogonal")


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: InitSpec("xavier_uniform"), "InitSpec.xavier_uniform()"),
        (lambda: InitSpec("Kaiming_Normal"), "InitSpec.kaiming_normal()"),
        (lambda: InitSpec("glorot_unifrm"), "InitSpec.glorot_uniform()"),
        (lambda: InitSpec("zeros"), "InitSpec.zeros()"),
        (lambda: InitSpec("he"), "InitSpec('normal', 'he')"),
        (lambda: InitSpec(Std(0.5)), "InitSpec('normal', Std(std=0.5, mean=0.0))"),
        (lambda: InitSpec("normal", "he_uniform"), "InitSpec.he_uniform()"),
        (lambda: InitSpec.for_activation("gelu", "lecun_normal"), "InitSpec.lecun_normal()"),
        (lambda: InitSpec.variance_scaling(1, "fan_in", "he_uniform"), "InitSpec.he_uniform()"),
    ],
)
def test_a_whole_spec_in_place_of_a_part(call, line):
    """The name of a spec, or of a rule, where a distribution belongs: the line to write works."""
    refuse(call, f"write {line}", kind=errors.SpecError)
    assert isinstance(eval(line), InitSpec)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gaussian", "normal"),
        ("RandomNormal", "normal"),
        ("random_uniform", "uniform"),
        ("trunc_normal_", "truncated_normal"),
        ("untruncated_normal", "normal"),
        ("eye", "identity"),
        ("orthogonal_", "orthogonal"),
    ],
)
def test_what_laws_are_called_elsewhere(name, meant):
    """The guess is the same law, as a distribution and as a line."""
    refuse(lambda: InitSpec(name), f"did you mean {meant!r}?")
    refuse(lambda: InitSpec.parse(name), f"did you mean {meant!r}?")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gaussian", "normal"),
        ("he", "he_uniform"),
        ("xavier", "xavier_normal"),
        ("eye", "identity"),
        ("HeNormal", "he_normal"),
        ("trunc_normal_", "truncated_normal"),
        ("for_activaton", "for_activation"),
    ],
)
def test_constructors_that_do_not_exist(name, meant):
    """`InitSpec.gaussian`: the constructor that was meant; a private name, or none alike: no guess.

    hasattr goes on working, which is what asks for most of the names that there are not.
    """
    with pytest.raises(AttributeError, match=rf"{name!r}; write .*InitSpec\.{meant}\(\.\.\.\)"):
        getattr(InitSpec, name)
    for missing in ("zzz", f"_{name}"):
        with pytest.raises(AttributeError, match=f"no attribute {missing!r}$"):
            getattr(InitSpec, missing)


@pytest.mark.parametrize("name", ["HeNormal", "kaiming_normal_", "GlorotUniform"])
def test_names_as_frameworks_spell_them(name):
    """They may mean another law there, as Keras' HeNormal does."""
    for call in (lambda: InitSpec(name), lambda: InitSpec.parse(name)):
        refuse(call, "normal" if "ormal" in name else "uniform", "initspec translate")


def test_distribution_that_needs_an_argument():
    """The name of a distribution without its argument says to pass the object."""
    for name, kind in (("constant", Constant), ("sparse", Sparse)):
        refuse(
            lambda name=name: InitSpec(name), "Missing required argument", f"{kind.__name__}(...)"
        )
        refuse(
            lambda kind=kind: InitSpec(kind), "Missing required argument", f"{kind.__name__}(...)"
        )


POSITIVES = {
    "gain": lambda x: InitSpec(gain=x),
    "scale": InitSpec.variance_scaling,
    "std": InitSpec.normal,
    "gain of orthogonal": InitSpec.orthogonal,
    "std of truncated": InitSpec.truncated_normal,
    "std of sparse": lambda x: InitSpec.sparse(0.5, x),
}
REALS = {
    "mean": lambda x: InitSpec.normal(mean=x),
    "low": lambda x: InitSpec.uniform(x, 1e300),
    "high": lambda x: InitSpec.uniform(-1e300, x),
    "lower": lambda x: TruncatedNormal(x, 2.0),
    "upper": lambda x: TruncatedNormal(-2.0, x),
    "value": InitSpec.constant,
    "sparsity": Sparse,
    "negative_slope": lambda x: InitSpec.he_normal(negative_slope=x),
}


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("field", POSITIVES | REALS)
def test_no_numbers(field, value):
    """Where a number belongs, nothing else passes: no bool, no string, no array."""
    refuse(lambda: (POSITIVES | REALS)[field](value), f"{field.split()[0]}=", "pass a real number")


@pytest.mark.parametrize("value", NOT_FINITE, ids=repr)
@pytest.mark.parametrize("field", POSITIVES | REALS)
def test_not_finite(field, value):
    """No number of a spec is nan, infinite or beyond float64."""
    refuse(
        lambda: (POSITIVES | REALS)[field](value), f"{field.split()[0]}=", "pass a finite number"
    )


@pytest.mark.parametrize("value", [0, 0.0, -0.0, -1, -5e-324], ids=repr)
@pytest.mark.parametrize("field", POSITIVES)
def test_not_positive(field, value):
    """Gain, scale and std lie above 0."""
    refuse(lambda: POSITIVES[field](value), repr(value), "above 0", kind=errors.SpecError)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: InitSpec.he_normal(negative_slope=1e200), ("negative_slope=1e+200", "lower it")),
        (lambda: InitSpec.uniform(1, 1), ("low=1.0", "high=1.0", "must lie below")),
        (lambda: InitSpec.uniform(2, 1), ("low=2.0", "must lie below")),
        (lambda: Range(0.0, -0.0), ("must lie below",)),
        (lambda: TruncatedNormal(2, 2), ("lower=2.0", "upper=2.0", "must lie below")),
        (lambda: TruncatedNormal(2, -2), ("must lie below",)),
        (lambda: InitSpec.he_truncated_normal(lower=3, upper=1), ("must lie below",)),
        (lambda: TruncatedNormal(9, 10), ("lower=9.0", "too little", "nearer to 0")),
        (lambda: TruncatedNormal(-1e9, -1e8), ("too little",)),
        (lambda: TruncatedNormal(0, 1e-10), ("too little", "apart")),
        (lambda: TruncatedNormal(corrected=1), ("corrected=1", "True or False")),
        (lambda: TruncatedNormal(corrected="yes"), ("corrected='yes'", "True or False")),
        (lambda: Sparse(1), ("sparsity=1.0", "[0, 1)")),
        (lambda: Sparse(-0.1), ("sparsity=-0.1", "[0, 1)")),
        (lambda: Sparse(1 - 1e-17), ("[0, 1)",)),
        (lambda: InitSpec(Sparse(0.5), Std(1, mean=1)), ("mean=1.0", "leave it out")),
        (lambda: InitSpec("orthogonal", "he"), ("'he'", "orthogonal", "leave it out")),
        (lambda: InitSpec("dirac", 2.0), ("variance=2.0", "dirac", "leave it out")),
        (lambda: InitSpec("identity", Std(1.0)), ("identity", "leave it out")),
        (lambda: InitSpec("delta_orthogonal", "lecun"), ("delta_orthogonal", "leave it out")),
        (lambda: InitSpec(Constant(1), "he"), ("constant", "leave it out")),
        (lambda: InitSpec(Constant(1), None, gain=2), ("gain=2.0", "constant", "leave it out")),
        (lambda: InitSpec("normal", Range(0, 1)), ("Range(", "normal", "FanRule, Std")),
        (lambda: InitSpec("normal", Std(1), mode="fan_in"), ("mode='fan_in'", "Std(", "leave")),
        (lambda: InitSpec(Uniform(), Range(0, 1), mode="fan_in"), ("Range(", "leave")),
        (lambda: InitSpec("orthogonal", None, mode="fan_in"), ("orthogonal", "leave")),
        (lambda: InitSpec(Constant(1), None, mode="fan_in"), ("constant", "leave")),
        (lambda: InitSpec(mode=""), ("mode ''", "fan_geo_avg")),
        (lambda: InitSpec(mode=1), ("mode 1", "fan_geo_avg")),
        (lambda: InitSpec(variance=Normal()), ("scale=", "real number")),
    ],
)
def test_fields_that_do_not_go(call, says):
    """Values out of range and fields that do not go together."""
    refuse(call, *says, kind=errors.SpecError)


SHAPES = {
    "identity": [(3, 4, 5), (3, 4, 1)],
    "dirac": [(3, 4), (0, 4)],
    "delta_orthogonal": [(3, 4), (4, 3)],
}


@pytest.mark.parametrize("family", SHAPES)
def test_shapes_that_cannot_carry_a_family(family):
    """identity, dirac and delta_orthogonal say what shape they need and what to use instead."""
    for shape in SHAPES[family]:
        for call in (
            lambda shape=shape: InitSpec(family, None).std(shape),
            lambda shape=shape: InitSpec(family, None).to_numpy()(shape),
        ):
            refuse(call, family, str(shape), "kernel axis", "use ", kind=errors.ShapeError)


def test_delta_orthogonal_needs_no_fewer_outputs_than_inputs():
    """The rule that fails is named, and not the one about the kernel."""
    with pytest.raises(errors.ShapeError, match="and has 3 outputs and 4 inputs") as caught:
        InitSpec.delta_orthogonal().to_numpy()((3, 4, 5))
    assert "kernel axis" not in str(caught.value)


REMEDIES = {
    "orthogonal": "pass a shape of two axes or more",
    "sparse": "pass a shape of two axes or more",
    "identity": "pass a shape of two axes, or",
    "dirac": "pass a shape of three axes or more",
    "delta_orthogonal": "pass a shape of three axes or more",
}


@pytest.mark.parametrize("shape", [(), (7,)])
@pytest.mark.parametrize(
    "spec",
    [
        InitSpec.he_normal(),
        InitSpec.glorot_uniform(),
        InitSpec.orthogonal(),
        InitSpec.identity(),
        InitSpec.dirac(),
        InitSpec.delta_orthogonal(),
        InitSpec.sparse(0.5),
    ],
    ids=str,
)
def test_low_rank_without_axes(spec, shape):
    """What needs roles for the axes says on rank 0 and 1 what to pass."""
    remedy = REMEDIES.get(spec.distribution.name(), "axes='out [in=512]'")
    for call in (lambda: spec.std(shape), lambda: spec.to_numpy()(shape)):
        refuse(call, str(spec), str(shape), remedy, kind=errors.AxesError)


@pytest.mark.parametrize("family", REMEDIES)
def test_the_remedy_for_low_rank_is_enough(family):
    """A shape of as many axes as the message asks for is filled, with nothing more to find out."""
    rank = 3 if "three" in REMEDIES[family] else 2
    spec = InitSpec.sparse(0.5) if family == "sparse" else InitSpec(family, None)
    assert spec.to_numpy()((4, 4, 3)[:rank]).any()


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
        part = scaled if issubclass(family, Elementwise) else none if family.random else fixed
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
    ("values", "line"),
    [
        (("leaky_relu", 0.2), "gain('leaky_relu', negative_slope=0.2)"),
        (("gelu", "tanh"), "gain('gelu', approximate='tanh')"),
        (("hardtanh", -1, 2), "gain('hardtanh', min_val=-1, max_val=2)"),
        (("relu", None), "gain('relu')"),
        (("tanh", 0.2), "gain('tanh')"),
    ],
)
def test_parameters_of_a_gain_by_position(values, line):
    """`gain("leaky_relu", 0.2)`, as torch's calculate_gain: the line has the parameter's name."""
    refuse(lambda: gain(*values), f"write {line}", kind=errors.CallError)
    assert eval(line, {"gain": gain}) > 0


@pytest.mark.parametrize("make", [InitSpec, InitSpec.xavier_uniform, InitSpec.orthogonal])
def test_the_name_of_an_activation_is_no_gain(make):
    """`gain="tanh"`: the number, or the whole spec, is written as the message has it."""
    refuse(lambda: make(gain="tanh"), "initspec.gain('tanh')", "InitSpec.for_activation('tanh')")


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
