"""That the framework's own initializers are read back as the specs that they are.

What each line of the frameworks draws is held against its spec in `test_lines`; here the object
that the line makes is read as that spec, over the same names and arguments.
"""

from __future__ import annotations

import ast
import copy
import inspect
import json
import math
import re
import warnings
from functools import partial
from importlib import resources
from typing import Any

import pytest
from hypothesis import example, given, settings

from initspec import InitSpec, InitSpecError, InitSpecWarning
from initspec.backend import read_native
from initspec.distributions import FAMILIES
from initspec.translate import translate
from tests.contract.test_lines import CELLS, framework, needs
from tests.core.spec.strategies import specs
from tests.vocabularies import OWN

LINES = sorted({line for line, _ in CELLS})
NAMES = [name for words in OWN for name in words.strings or ()]


def cells(lines: list[str]) -> list[Any]:
    """Return lines as parameters, each with the marker of its framework."""
    return [pytest.param(line, marks=needs(line.partition(".")[0]), id=line) for line in lines]


def native(line: str) -> Any:
    """Return the initializer that a line makes: of torch, which draws at once, a partial."""
    name = line.partition(".")[0]
    scope = {name: framework(name), "math": math, "partial": partial, "key": 0, "shape": ()}
    if name == "torch":
        call: Any = ast.parse(line, mode="eval").body
        path = ast.unparse(call.func)
        signature = inspect.signature(eval(f"{path.rstrip('_')}_", scope))  # names are deprecated
        arguments = zip([*signature.parameters][1:], call.args[1:], strict=False)
        words = [*arguments, *((word.arg, word.value) for word in call.keywords)]
        given = {key: eval(ast.unparse(value), scope) for key, value in words}
        function = eval(path, scope)
        return partial(function, **given) if given else function
    return eval(line.removesuffix("(key, shape)"), scope)


@pytest.mark.parametrize("line", cells(LINES))
def test_object_is_the_spec_of_its_line(line: str) -> None:
    """Under every public name and over a grid of arguments, with the axes that the line counts."""
    translation = translate(line)
    spec, axes = read_native(native(line))
    assert spec == translation.spec
    usual = next(words.axes for words in OWN if words.name == translation.framework)
    assert translation.axes in (None if axes is None else str(axes), str(usual), None)
    if axes is not None:
        with pytest.warns(InitSpecWarning, match=re.escape(f"axes='{axes}'")):
            assert InitSpec.from_native(native(line)) == spec


@given(spec=specs)
@example(spec=InitSpec.he_normal(gain=math.sqrt(2)))
@example(spec=InitSpec.he_truncated_normal(negative_slope=0.2, gain=1.1))
@settings(max_examples=60)
def test_compiled_initializer_is_its_spec(backend, spec) -> None:
    """What `to` returned, exactly, and what a copy of it is."""
    compiled = spec.to(backend.name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert InitSpec.from_native(compiled) == spec
        assert InitSpec.from_native(copy.copy(compiled)) == spec


def golden_specs() -> list[InitSpec]:
    """Return the specs of the golden vectors, which has every family and each form of its law."""
    text = (resources.files("initspec.stream") / "golden.json").read_text("utf-8")
    lines = dict.fromkeys(weight["spec"] for weight in json.loads(text)["weights"])
    return [InitSpec.parse(line) for line in lines]


def test_golden_specs_are_read_back(backend) -> None:
    """Every family, so that a new one is among them: an object, and what Keras saves of ours."""
    every = golden_specs()
    assert {spec.distribution.name() for spec in every} == set(FAMILIES)
    for spec in every:
        compiled = spec.to(backend.name)
        forms = [compiled]
        if type(compiled).__name__ == "InitSpecInitializer":
            forms.append(framework("keras").initializers.serialize(compiled))
        assert [read_native(form)[0] for form in forms] == [spec] * len(forms)


def test_axes_of_a_compiled_initializer_are_a_warning(backend) -> None:
    """Where the law depends on them; a seed and a name are no part of it."""
    compiled = InitSpec.he_normal().to(backend.name, "in out", 7, "w")
    with pytest.warns(InitSpecWarning, match="pass axes='in out'") as warned:
        assert InitSpec.from_native(compiled) == InitSpec.he_normal()
    assert warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = InitSpec.normal(0.02).to(backend.name, "in out")
        assert InitSpec.from_native(compiled) == InitSpec.normal(0.02)


@pytest.mark.keras
@pytest.mark.parametrize(
    "name", [*NAMES, *(w for words in OWN if words.name == "keras" for w in words.entries)]
)
def test_names_of_keras(name: str) -> None:
    """As Keras takes a name, a class, a configuration and an object: one spec, or one refusal."""
    keras = framework("keras")
    if name in ("get", "serialize", "deserialize"):
        with pytest.raises(InitSpecError, match="names and configurations"):
            InitSpec.from_native(name)
        return
    constant = name.lower() == "constant"  # of which Keras makes nothing without a value
    made = keras.initializers.Constant() if constant else keras.initializers.get(name)
    forms = [name, {"class_name": name, "config": {}}, made, type(made)]
    if "STFT" in type(made).__name__ or type(made) is keras.initializers.Initializer:
        for form in forms:
            with pytest.raises(InitSpecError, match="has no equal"):
                InitSpec.from_native(form)
        return
    forms.append(keras.initializers.serialize(made))
    (spec,) = {InitSpec.from_native(form) for form in forms}
    assert spec == translate(repr(name)).spec


@pytest.mark.keras
@pytest.mark.parametrize(
    "line",
    [
        "he_truncated_normal(gain=1.5)",
        "normal(std=0.02)",
        "uniform(low=-1.0, high=2.0)",
        "orthogonal(gain=3.0)",
        "constant(value=0.1)",
        "identity(gain=2.0)",
        "dirac",
        "sparse(sparsity=0.5)",
    ],
)
def test_configurations_of_compiled_initializers(line: str) -> None:
    """What a saved model of Keras holds of an initializer of ours is read back."""
    keras = framework("keras")
    spec = InitSpec.parse(line)
    assert InitSpec.from_native(keras.initializers.serialize(spec.to_keras())) == spec
    loaded = keras.initializers.get(keras.initializers.serialize(spec.to_keras()))
    assert InitSpec.from_native(loaded) == spec


@pytest.mark.keras
def test_keras_layers() -> None:
    """What a layer holds, an attribute that was changed, and a generator as the seed."""
    keras = framework("keras")
    layer = keras.layers.Dense(3, kernel_initializer="he_uniform")
    assert InitSpec.from_native(layer.kernel_initializer) == InitSpec.he_uniform()
    assert InitSpec.from_native(layer.get_config()["kernel_initializer"]) == InitSpec.he_uniform()
    assert InitSpec.from_native(layer.bias_initializer) == InitSpec.zeros()
    changed = keras.initializers.HeNormal(seed=keras.random.SeedGenerator(1))
    changed.scale = 3.0  # which its call reads
    spec = InitSpec.variance_scaling(3.0, distribution="truncated_normal")
    assert InitSpec.from_native(changed) == spec


@pytest.mark.jax
def test_flax_closures() -> None:
    """Those that it exports, in its partitioning, with a dtype set, and its layers' defaults."""
    linen, nnx = pytest.importorskip("flax.linen"), pytest.importorskip("flax.nnx")
    jax = framework("jax")
    init = jax.nn.initializers.normal(0.3)
    wrapped = [
        linen.with_partitioning(init, (None, "model")),
        linen.with_logical_partitioning(init, ("embed",)),
        nnx.with_partitioning(init, ("model",)),
        linen.with_partitioning(partial(init, dtype="bfloat16"), (None,)),
    ]
    assert {InitSpec.from_native(form) for form in wrapped} == {InitSpec.normal(0.3)}
    for module in (linen.initializers, nnx.initializers):
        assert InitSpec.from_native(module.zeros_init()) == InitSpec.zeros()
        assert InitSpec.from_native(module.ones_init()) == InitSpec.ones()
        spec = InitSpec.lecun_truncated_normal()
        assert InitSpec.from_native(module.lecun_normal()) == spec
    assert InitSpec.from_native(linen.Dense(3).kernel_init) == spec
    with pytest.warns(InitSpecWarning, match="axes='stack kernel'"):
        rows = InitSpec.from_native(linen.Embed(5, 3).embedding_init)
    assert rows == InitSpec.lecun_normal()
    assert rows.fans((5, 3), "stack kernel").fan_in == 3  # JAX counts the features


REFUSED = [
    ("torch", "partial(torch.nn.init.constant_, 0.3)", "first argument of torch.nn.init.constant_"),
    ("torch", "torch.nn.init.constant_", r"constant_\(val=...\)"),
    ("torch", "partial(torch.nn.init.kaiming_normal_, gain=2.0)", "unknown argument 'gain'"),
    ("torch", "partial(torch.nn.init.kaiming_normal_, mode='in')", "unknown mode 'in'"),
    ("torch", "torch.nn.init.calculate_gain", "has no equal"),
    ("torch", "torch.nn.init._no_grad_zero_", "not an initializer of"),
    ("torch", "torch.Tensor.exponential_", "no family of initspec"),
    ("torch", "torch.nn.Linear(2, 2)", "not an initializer of"),
    ("torch", "torch.zeros", "not an initializer of"),
    ("torch", "torch.ones(3)", "Tensor of shape"),
    ("keras", "type('Mine', (keras.initializers.HeNormal,), {})()", "not one of keras.init"),
    ("keras", "type('HeNormal', (keras.initializers.HeNormal,), {})", "not one of keras.init"),
    ("keras", "type(InitSpec.dirac().to_keras())", "not one of keras.initializers"),
    ("keras", "keras.initializers.Identity(-2.0)", "its diagonal is negative"),
    ("keras", "keras.initializers.Constant(keras.ops.ones(3))", "numbers and no arrays"),
    ("keras", "keras.initializers.get(keras.ops.ones(3))", "not an initializer of"),
    ("keras", "keras.layers.Dense(3)", "not an initializer of"),
    ("jax", "jax.nn.initializers.he_normal", r"call it, jax.nn.initializers.he_normal\(\)"),
    ("jax", "partial(jax.nn.initializers.constant)", r"call it, .*constant\(value=...\)"),
    ("jax", "jax.nn.initializers.Initializer", "the protocol"),
    ("jax", "jax.nn.initializers.normal(1.0, 'complex64')", "complex64 has no equal"),
    ("jax", "partial(jax.nn.initializers.normal(), dtype='complex64')", "has no equal"),
    ("jax", "partial(jax.nn.initializers.zeros, None)", "dtype, out_sharding, by name"),
    ("jax", "jax.nn.initializers.constant(jax.numpy.ones(3))", "numbers and no arrays"),
    ("jax", "jax.nn.initializers.variance_scaling(1.0, 'fan', 'normal')", "unknown mode 'fan'"),
    ("jax", "jax.nn.initializers.normal(-math.inf)", "finite number"),
    ("jax", "jax.random.normal", "not an initializer of"),
    ("jax", "jax.vmap(jax.nn.initializers.zeros)", "not an initializer of"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [pytest.param(*case, marks=needs(case[0]), id=case[1]) for case in REFUSED],
)
def test_what_is_not_read_says_why(name: str, code: str, message: str) -> None:
    """Other functions of the frameworks, closures, classes and arguments."""
    names = {name: framework(name)}
    scope = {"partial": partial, "math": math, "InitSpec": InitSpec, "__name__": "mine", **names}
    with pytest.raises(InitSpecError, match=message):
        InitSpec.from_native(eval(code, scope))


@pytest.mark.jax
def test_a_closure_of_another_library_is_not_jax() -> None:
    """One of the same name, variables and signature, and a wrapper that is not flax'."""
    jax = framework("jax")

    def normal(stddev: float, dtype: Any = None) -> Any:
        def init(key: Any, shape: Any, dtype: Any = dtype, out_sharding: Any = None) -> Any:
            return stddev * 2

        init.__module__ = "jax._src.nn.initializers"
        return init

    def doubled(init: Any) -> Any:
        def wrapper(*args: Any) -> Any:
            return 2 * init(*args)

        wrapper.__wrapped__ = init  # type: ignore[attr-defined]
        return wrapper

    for closure in (normal(0.1), doubled(jax.nn.initializers.normal(0.1))):
        with pytest.raises(InitSpecError, match="not an initializer of"):
            InitSpec.from_native(closure)
