"""Calls that were meant otherwise: each error has the line that works, and that line does."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

from initspec import InitSpec, InitSpecError
from initspec.errors import AxesError, CallError, SpecError, nearest, shown, with_article
from initspec.spec.constructors import CONSTRUCTORS
from tests.core.spec.strategies import NAMES

S = InitSpec


def message(call, kind=CallError):
    """Return what a call says, in one line, of at most two lines of a terminal."""
    with pytest.raises(kind) as caught:
        call()
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) <= 260, said
    return said


def written(call):
    """Return the value of the line that an error says to write."""
    said = message(call, (CallError, SpecError))
    line = re.search(r"(?:write|pass) (.*?)(?: \(or .*\)|, or call it.*|; .*)?$", said)[1]
    return eval(line, NAMES)


MEANT = [
    (lambda: S.normal(0.0, 0.02), S.normal(std=0.02)),
    (lambda: S.normal(1.0, 0.02), S.normal(std=0.02, mean=1.0)),
    (lambda: S.truncated_normal(0.5, 0.02), S.truncated_normal(std=0.02, mean=0.5)),
    (lambda: S.truncated_normal(0, 0.02, -1, 3), S.truncated_normal(0.02, lower=-1, upper=3)),
    (lambda: S.xavier_uniform(1.5), S.xavier_uniform(gain=1.5)),
    (lambda: S.he_normal(2, "fan_out"), S.he_normal(gain=2, mode="fan_out")),
    (lambda: S.dirac(2), S.dirac(gain=2)),
    (
        lambda: S.variance_scaling(2.0, "fan_in", "uniform", 7),
        S.variance_scaling(2.0, "fan_in", "uniform", gain=7),
    ),
    (lambda: S.normal(stddev=0.02), S.normal(std=0.02)),
    (lambda: S.normal(scale=0.02, loc=1), S.normal(std=0.02, mean=1)),
    (lambda: S.uniform(minval=0, maxval=1), S.uniform(0, 1)),
    (lambda: S.uniform(a=0, b=1), S.uniform(0, 1)),
    (lambda: S.truncated_normal(0.02, a=-3, b=3), S.truncated_normal(0.02, lower=-3, upper=3)),
    (lambda: S.kaiming_normal(a=0.2), S.he_normal(negative_slope=0.2)),
    (lambda: S.uniform(min=0, max=1), S.uniform(0, 1)),
    (lambda: S.truncated_normal(0.02, min=-3, max=3), S.truncated_normal(0.02, lower=-3, upper=3)),
    (lambda: S.he_normal(alpha=0.2), S.he_normal(negative_slope=0.2)),
    (lambda: S.normal(sigma=0.02, mu=1), S.normal(0.02, mean=1)),
    (lambda: S.normal(sd=0.02), S.normal(0.02)),
    (lambda: S.constant(val=3), S.constant(3)),
    (lambda: S.orthogonal(scale=2.0), S.orthogonal(2.0)),
    (lambda: S.orthogonal(multiplier=2.0), S.orthogonal(2.0)),
    (lambda: S.glorot_normal(factor=2.0), S.glorot_normal(gain=2.0)),
    (lambda: S.he_normal(nonlinearity="relu"), S.he_normal()),
    (lambda: S.kaiming_normal(nonlinearity="tanh"), S.for_activation("tanh")),
    (lambda: S.he_uniform(nonlinearity="gelu"), S.for_activation("gelu", "uniform")),
    (lambda: S.normal(0.02, 0.0), S.normal(0.02)),
    (lambda: S.truncated_normal(0.02, -1, 3), S.truncated_normal(0.02, lower=-1, upper=3)),
    (lambda: S.he_normal("fan_out"), S.he_normal(mode="fan_out")),
    (lambda: S.kaiming_normal(0.2, "fan_out"), S.he_normal(gain=0.2, mode="fan_out")),
    (lambda: S.kaiming_normal(0, "fan_out", "relu"), S.he_normal(mode="fan_out")),
    (
        lambda: S.kaiming_normal(0.2, "fan_out", "leaky_relu"),
        S.he_normal(mode="fan_out", negative_slope=0.2),
    ),
    (lambda: S.he_uniform(mode="fan_out", nonlinearity="relu"), S.he_uniform(mode="fan_out")),
    (
        lambda: S.kaiming_normal(a=0.2, mode="fan_out", nonlinearity="leaky_relu"),
        S.he_normal(mode="fan_out", negative_slope=0.2),
    ),
    (
        lambda: S.kaiming_uniform(mode="fan_out", nonlinearity="selu"),
        S.for_activation("selu", "uniform", mode="fan_out"),
    ),
    (lambda: S.he_normal(gain=2, nonlinearity="tanh"), S.for_activation("tanh")),
    (lambda: S.kaiming_normal(a=0, nonlinearity="tanh"), S.for_activation("tanh")),
    (lambda: S.kaiming_normal(a=0.2, nonlinearity="relu"), S.he_normal()),  # torch ignores a there
    (lambda: S.kaiming_normal(nonlinearity="leaky_relu"), S.for_activation("leaky_relu")),
    (lambda: S("he_normal(mode=fan_out)"), S.he_normal(mode="fan_out")),
    (lambda: S("normal(0.02)"), S.normal(0.02)),
]


@pytest.mark.parametrize(
    ("call", "meant"), MEANT, ids=lambda v: str(v) if "<" not in str(v) else ""
)
def test_the_line_that_was_meant(call, meant):
    """Arguments in another library's order or words: the line to write is the spec meant."""
    assert written(call) == meant


BY_POSITION = "by position a number may be a gain, a seed, a slope or an axis; write "
REASONS = [
    (lambda: S.normal(0.0, 0.02), "normal(0.0, 0.02): other libraries have the mean first; write"),
    (lambda: S.truncated_normal(0.02, -1, 3), "-1, 3): only std is taken by position; write "),
    (lambda: S.normal(0.02, "0"), "normal(0.02, '0'): other libraries have the mean first; write "),
    (lambda: S.he_normal(2, "fan_out"), f"he_normal(2, 'fan_out'): {BY_POSITION}"),
    (lambda: S.he_normal(True), f"he_normal(True): {BY_POSITION}"),
    (lambda: S.he_normal(np.array(2.0)), f"he_normal(array(2.)): {BY_POSITION}"),
    (lambda: S.he_normal(2, 3, "fan_out"), "many positional arguments; its arguments: gain=1.0, "),
    (lambda: S.sparse(0.1, 0.01, "out", 5), "many positional arguments; its arguments: sparsity, "),
    (lambda: S.truncated_normal(0.02, b=3), "b=3): bounds are in standard deviations; write "),
    (lambda: S.truncated_normal(stddev=0.02), "truncated_normal(stddev=0.02): write "),
    (lambda: S.uniform(minval=0, maxval=1), "uniform(minval=0, maxval=1): write "),
    (lambda: S.he_normal(nonlinearity="relu"), "He has the factor of ReLU in it; write "),
    (lambda: S.he_normal(gain=2, nonlinearity="tanh"), "the activation gives the gain; write "),
    (lambda: S.he_normal(a=0.2, nonlinearity="leaky_relu"), "He takes the slope of a leaky ReLU; "),
    (lambda: S.normal(1, 2, 3, 4), "too many positional arguments; its arguments: std=0.05, mean="),
    (lambda: S.uniform(0, 1, 2), "too many positional arguments; its arguments: low=-0.05, high="),
    (lambda: S.uniform(1, 16, "log"), "write InitSpec.uniform(1, 16, through='log')"),
    (lambda: S.normal(0, 1, 3), "too many positional arguments; its arguments: std=0.05, mean="),
    (lambda: S.zeros(3), "zeros(3): too many positional arguments; its arguments: none"),
    (lambda: S.normal(0.02, sd=0.02), "unexpected keyword argument 'sd'; its arguments: std="),
    (lambda: S.normal(std=0.02, sd=0.02), "unexpected keyword argument 'sd'; its arguments: std="),
    (
        lambda: S.sparse(std=0.1),
        "missing a required argument: 'sparsity'; its arguments: sparsity,",
    ),
    (lambda: S.he_normal(fan=3), "'fan'. Allowed: gain, mode, negative_slope"),
    (lambda: S.dirac(nonlinearity="relu"), "unknown argument of InitSpec.dirac: 'nonlinearity'"),
    (
        lambda: S.dirac(groups=2),
        "dirac().to_numpy(axes='(stack=2 out) in kernel...') (or to_torch, ",
    ),
    (
        lambda: S.normal(0.02, generator=None),
        "call or pass InitSpec.normal(...).to_numpy() (or to_",
    ),
    (lambda: S.normal(shape=(3, 3)), "call or pass InitSpec.normal().to_numpy() (or to_torch, "),
    (lambda: S.normal(gain=np.ones(3)), "call or pass InitSpec.normal(...).to_numpy()"),
    (
        lambda: S.he_normal(np.ones(3), nonlinearity="tanh"),
        "InitSpec.for_activation('tanh').to_numpy",
    ),
    (
        lambda: S.he_normal().to_numpy(mode="fan_out", name=3, x=1),
        "normal().replace(mode='fan_out').to",
    ),
]


@pytest.mark.parametrize(("call", "says"), REASONS)
def test_the_reason(call, says):
    """Why the call does not mean what it seems to, or what the function takes."""
    assert says in message(call)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: S.he_normal(mode="fan_out", seed=3), "he_normal(mode='fan_out').to_numpy(seed=3)"),
        (lambda: S.orthogonal(scale=2.0, column_axis=-1), "orthogonal(2.0).to_numpy(axes='...')"),
        (lambda: S.normal(0.0, 0.02, seed=3), "normal(0.02, mean=0.0).to_numpy(seed=3)"),
        (lambda: S.parse("he_normal(gain=2, seed=3)"), "he_normal(gain=2).to_numpy(seed=3)"),
        (
            lambda: S.variance_scaling(2.0, mode="fan_out", axes="out in", name="w", seed=3),
            "variance_scaling(2.0, 'fan_out').to_numpy(axes='out in', name='w', seed=3)",
        ),
    ],
)
def test_what_belongs_to_the_compilation(call, line):
    """The line to write keeps the other arguments."""
    assert f"write InitSpec.{line}" in message(call, InitSpecError)


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_a_number_by_position_is_what_every_framework_means(name):
    """Where a number without a name would be a gain here and a seed elsewhere, it is refused."""
    first = [
        parameter.name
        for parameter in inspect.signature(getattr(S, name)).parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    rules = name.partition("_")[0] in ("lecun", "glorot", "xavier", "he", "kaiming")
    assert first == {
        "variance_scaling": ["scale", "mode", "distribution"],
        "normal": ["std"],
        "truncated_normal": ["std"],
        "uniform": ["low", "high"],
        "log_uniform": ["low", "high"],
        "sparse": ["sparsity", "std", "along"],
        "constant": ["value"],
        "ramp": ["start", "stop"],
        "sinusoidal": [],
        "rotary": [],
        "hippo_legs": ["matrix"],
        "repeat": ["of", "times"],
    }.get(name, [] if rules or name in ("dirac", "zeros", "ones") else ["gain"])


@pytest.mark.parametrize("ends", [{"low": 0.1}, {"high": 0.1}, {"low": -0.05}])
def test_one_end_of_a_uniform(ends):
    """One end alone means four laws in four libraries."""
    assert "give both" in message(lambda: S.uniform(**ends), SpecError)
    assert S.uniform(-0.05, 0.05) == S.uniform()


@pytest.mark.parametrize("name", CONSTRUCTORS)
@pytest.mark.parametrize(
    "call",
    [
        lambda make: make((8, 8), dtype="float32"),
        lambda make: make((8, 8), "float32"),
        lambda make: make(np.ones((8, 8), np.float32)),
        lambda make: make(np.zeros(2, np.uint32), (8, 8), np.float32),
        lambda make: make(type("Layer", (), {"parameters": list})()),
    ],
)
def test_a_constructor_given_as_an_initializer(name, call):
    """`kernel_initializer=InitSpec.he_normal`: the call of a layer says what to pass."""
    said = message(lambda: call(getattr(S, name)))
    assert re.search(rf"InitSpec\.{name}\((\.\.\.)?\)\.to_numpy\(\)", said), said


@pytest.mark.parametrize(
    "call",
    [
        lambda spec: spec((8, 8)),
        lambda spec: spec((8, 8), dtype="float32"),
        lambda spec: spec(np.ones((8, 8))),
        lambda spec: spec(),
    ],
)
def test_a_spec_given_as_an_initializer(call):
    """`kernel_initializer=InitSpec.he_normal()`: the same."""
    assert "InitSpec.he_normal().to_numpy()" in message(lambda: call(S.he_normal()))


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda spec: spec.to_numpy((8, 8)), ".to_numpy()((8, 8))"),
        (lambda spec: spec.to_numpy((8, 8), "float32"), ".to_numpy()((8, 8))"),
        (lambda spec: spec.to_numpy((8, 8), dtype="half"), ".to_numpy()((8, 8), dtype='half')"),
        (lambda spec: spec.to_numpy(512, 256), ".to_numpy()((512, 256))"),
        (lambda spec: spec.to_numpy(512, 256, 3), ".to_numpy()((512, 256, 3))"),
        (lambda spec: spec.to_numpy(np.ones((8, 8))), ".to_numpy()(...)"),
        (lambda spec: spec.to_numpy(np.ones((8, 8)), (8, 8), np.float32), ".to_numpy()(...)"),
        (lambda spec: spec.to_numpy(shape=(8, 8)), ".to_numpy()(..., shape=(8, 8))"),
        (lambda spec: spec.to_numpy(dtype="fp16"), ".to_numpy()(..., dtype='fp16')"),
        (lambda spec: spec.to_numpy(mode="fan_out"), ".replace(mode='fan_out').to_numpy()"),
        (lambda spec: spec.to_numpy(mode="fan_out", dtype="half"), "(..., dtype='half')"),
        (lambda spec: spec.to_numpy(()), ".to_numpy()(())"),
        (lambda spec: spec.to("numpy", (8, 8)), ".to_numpy()((8, 8))"),
        (lambda spec: spec.to("dummy", (8, 8)), ".to('dummy')((8, 8))"),
    ],
)
def test_what_compiles_called_as_what_it_returns(call, line):
    """`kernel_init=spec.to_jax`: the call that compiles is not the call that draws."""
    assert line in message(lambda: call(S.he_normal()))


def test_the_method_is_that_of_the_caller():
    """`nn.Dense(kernel_init=spec.to_torch)`, a layer of flax: its arguments have to_jax there."""
    key = type("Key", (), {"__module__": "jaxlib._jax", "shape": ()})()
    for method in (S.he_normal().to_torch, S.he_normal().to_keras, S.he_normal().to_jax):
        assert "pass InitSpec.he_normal().to_jax()," in message(lambda f=method: f(key, (8, 8)))
    assert message(lambda: S.he_normal(key)).endswith("pass InitSpec.he_normal().to_jax()")
    assert "call it, InitSpec.he_normal().to('dummy')(" in message(
        lambda: S.he_normal().to("dummy", key, (8, 8))
    )
    layer = eval("lambda init: init((8, 8))", {"__name__": "torch.nn.modules.linear"})
    assert message(lambda: layer(S.he_normal())).endswith("pass InitSpec.he_normal().to_torch()")
    for array in (np.ones((8, 8)), (8, 8)):  # says nothing of a framework
        assert ".to_torch()," in message(lambda array=array: S.he_normal().to_torch(array))


@pytest.mark.parametrize(
    ("call", "spec"),
    [
        (
            lambda w: S.kaiming_normal(w, mode="fan_out", nonlinearity="relu"),
            S.he_normal(mode="fan_out"),
        ),
        (
            lambda w: S.kaiming_normal(w, a=0.2, nonlinearity="leaky_relu"),
            S.he_normal(negative_slope=0.2),
        ),
        (lambda w: S.xavier_uniform(w, gain=1.4), S.glorot_uniform(gain=1.4)),
        (lambda w: S.normal(w, std=0.02), S.normal(0.02)),
        (lambda w: S.normal(w, 0.0, 0.02), None),
        (lambda w: S.truncated_normal(w, std=0.02, a=-2, b=2), None),
        (lambda w: S.normal(w, std=w), None),
        (lambda w: S.xavier_normal(w, nonlinearity="relu"), None),
        (lambda w: S.dirac(w, groups=2), None),
    ],
)
def test_a_constructor_given_a_weight_keeps_the_other_arguments(call, spec):
    """Code of torch with other arguments: the line has them, or leaves a gap for all of them."""
    said = message(lambda: call(np.ones((8, 8))))
    line = said.partition("call or pass ")[2].partition(".to_numpy()")[0]
    assert line.endswith("(...)") if spec is None else eval(line, {"InitSpec": S}) == spec, said


def test_options_of_any_name_are_not_among_the_arguments():
    """`**parameters` of an activation."""
    assert message(lambda: S.for_activation("gelu", "normal", None, 3)).endswith(", mode=None")


def test_a_class_derived_from_the_specs():
    """It compiles with the methods that it inherits."""
    made = type("Mine", (S,), {}).he_normal()
    assert "Mine.he_normal().to_numpy() (or to_torch, " in message(lambda: type(made).he_normal(()))
    assert ".to_numpy()((8, 8))" in message(lambda: made.to_numpy((8, 8)))


def test_axes_as_a_list_of_words():
    """Axes are one line."""
    said = message(lambda: S.he_normal().to_numpy(["out", "in"]), AxesError)
    assert said.endswith("axes='out in'")


def test_errors_of_our_own_are_not_taken_for_wrong_calls():
    """A TypeError from inside passes as it is."""

    class Odd:
        def __eq__(self, other):
            raise TypeError("from inside")

        __hash__ = None

    with pytest.raises(TypeError, match="from inside"):
        S.sparse(0.5, along=Odd())


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32"])
def test_arrays_of_rank_0_are_numbers(dtype):
    """What a square root of a framework returns is a number, and exactly that one."""
    value = np.array(3, dtype)
    assert S.orthogonal(value) == S.orthogonal(3.0)
    assert S.normal(value, mean=value) == S.normal(3.0, mean=3.0)
    with pytest.raises(InitSpecError, match="std=an ndarray of shape"):
        S.normal(np.ones(3))


def test_words_of_messages():
    """A noun has its article, and an array is shown by its shape."""
    words = ["Embedding", "int", "Identity", "LSTM", "RNNCell", "UninitializedParameter", "ndarray"]
    assert all(with_article(word) == f"an {word}" for word in words)
    words = ["Linear", "GRU", "uint8", "ufunc", "UnitNorm", "Module", "DTensor"]
    assert all(with_article(word) == f"a {word}" for word in words)
    assert shown(np.ones((400, 300))) == "an ndarray of shape (400, 300)"
    assert shown(np.float32(2)) == repr(np.float32(2))
    assert shown(type("Key", (), {"shape": ()})()) == "a Key of shape ()"
    assert shown(object()) == "<object object>"
    assert (shown(np.float16), shown(float)) == ("numpy.float16", "float")
    assert len(shown(list(range(1000)))) <= 60
    assert nearest("Xavier-Uniform_", CONSTRUCTORS) == ["xavier_uniform"]
    assert nearest("", CONSTRUCTORS) == []
