"""What each initialization does, asserted on numbers; verdicts, errors and the picture."""

from __future__ import annotations

import itertools
import json
import math
import sys
import time
import warnings

import numpy as np
import pytest

from initspec import InitSpec, InitSpecError, propagate
from initspec.errors import NetworkError

SEEDS = range(4)


def _ratio(found):
    return found.layers[-1].std / found.layers[0].std


@pytest.mark.parametrize("seed", SEEDS)
def test_sigmoid_with_std_1_piles_up_at_its_ends(seed):
    """Most outputs lie at 0 and 1, in every layer, and few near a half."""
    found = propagate(InitSpec.normal(1.0), "sigmoid", seed=seed)
    assert found.state == "saturated"
    for layer in found.layers:
        assert layer.saturated > 0.55
        counts = layer.histogram.counts
        assert sum(counts[16:24]) < 0.1 * sum(counts)


@pytest.mark.parametrize("seed", SEEDS)
def test_sigmoid_with_std_001_stays_near_a_half(seed):
    """All outputs lie within 0.15 of 0.5, none is saturated, and no gradient comes back."""
    found = propagate(InitSpec.normal(0.01), "sigmoid", seed=seed)
    assert found.state == "vanishing"
    for layer in found.layers:
        assert layer.saturated == 0
        assert layer.std < 0.03
        assert layer.histogram.low > 0.35
        assert layer.histogram.high < 0.65
    assert found.layers[0].gradient_std < 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_sigmoid_with_xavier_is_spread(seed):
    """Neither piled up nor collapsed: std around 0.12 in every layer, kept from first to last.

    The gradient falls all the same, by about a quarter a layer: sqrt(chi) at the fixed point.
    """
    found = propagate(InitSpec.glorot_normal(), "sigmoid", seed=seed)
    for layer in found.layers:
        assert layer.saturated < 0.01
        assert 0.08 < layer.std < 0.25
        assert layer.spread > 0.1
    assert 0.4 < _ratio(found) < 1.2
    assert found.state == "vanishing"
    assert "gradient" in found.verdict
    assert "activations" not in found.verdict
    factor = (found.layers[0].gradient_std / found.layers[-1].gradient_std) ** (1 / 4)
    assert factor == pytest.approx(math.sqrt(found.layers[-1].prediction.chi), rel=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_relu_with_std_001_dies(seed):
    """The activations fall by 0.01 * sqrt(100 / 2) = 0.07 in each layer."""
    found = propagate(InitSpec.normal(0.01), "relu", seed=seed)
    assert found.state == "vanishing"
    assert _ratio(found) == pytest.approx(0.0707**4, rel=0.9)
    assert propagate(InitSpec.normal(0.01), "relu", depth=60, seed=seed).layers[-1].std == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_relu_with_xavier_shrinks_layer_by_layer(seed):
    """By 1 / sqrt(2) in each layer, forward and backward."""
    found = propagate(InitSpec.glorot_normal(), "relu", width=400, seed=seed)
    stds = [layer.std for layer in found.layers]
    for before, after in itertools.pairwise(stds):
        assert after / before == pytest.approx(0.5**0.5, rel=0.15)
    assert found.state == "vanishing"
    assert propagate(InitSpec.glorot_normal(), "relu", depth=30, seed=seed).state == "vanishing"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("depth", [5, 20, 50])
def test_relu_with_he_is_even(seed, depth):
    """The std of the last layer is that of the first, but for the wander of a finite width."""
    found = propagate(InitSpec.he_normal(), "relu", depth, width=512, samples=100, seed=seed)
    assert found.state == "healthy"
    wander = math.exp(3 * math.sqrt(5 * depth / 512) / 2)
    assert 1 / wander < _ratio(found) < wander


@pytest.mark.parametrize("name", ["tanh", "selu", "leaky_relu", "elu", "softsign"])
def test_recommended_is_healthy(name):
    """Ten layers of each recommended pair keep signal and gradient."""
    assert propagate(InitSpec.for_activation(name), name, 10, 256, 200).state == "healthy"


def test_selu_keeps_mean_0_and_variance_1():
    """The fixed point of Klambauer et al. (2017), after 30 layers of width 512."""
    last = propagate(InitSpec.lecun_normal(), "selu", 30, 512, 500).layers[-1]
    assert abs(last.mean) < 0.05
    assert last.std == pytest.approx(1, abs=0.05)
    assert last.saturated < 0.01


@pytest.mark.parametrize("spec", ["constant(value=0.1)", "zeros", "ones"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
def test_equal_weights_are_symmetric(spec, activation):
    """Every unit learns the same, whatever it is."""
    found = propagate(InitSpec.parse(spec), activation)
    assert found.state == "symmetric"
    assert all(layer.spread < 1e-4 for layer in found.layers)
    assert all(layer.rank <= 1.0001 for layer in found.layers)
    assert all(layer.prediction is None for layer in found.layers)


def test_random_weights_are_never_symmetric():
    """Not on inputs of 0, nor where a sigmoid hides how little the units differ."""
    for activation in ("relu", "sigmoid"):
        found = propagate(InitSpec.he_normal(), activation, inputs=np.zeros((10, 100)))
        assert found.state == "vanishing"
        assert not found.symmetric
    assert propagate(InitSpec.normal(1e-6), "sigmoid").state == "vanishing"
    assert propagate(InitSpec.normal(1e-7, mean=1.0), "tanh").state == "symmetric"


def test_one_number_is_judged_by_its_size():
    """It has no standard deviation, which is not a signal that vanishes."""
    assert propagate(InitSpec.he_normal(), "tanh", depth=1, width=1, samples=1).state == "healthy"


def test_weights_whose_square_overflows():
    """A verdict, and no theory, where sigma_w^2 is beyond float64."""
    found = propagate(InitSpec.normal(1e200), dtype="float64")
    assert found.state == "exploding"
    assert found.layers[0].prediction is None


def test_identity_is_not_symmetric():
    """Its weights are not random, and yet its units differ; no theory of random weights holds."""
    found = propagate(InitSpec.identity(), "relu")
    assert found.state == "healthy"
    assert found.layers[0].prediction is None


def test_explosion_is_a_verdict_and_no_warning():
    """Overflow is reported, in float32 and in float64, without a single warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for dtype, depth in (("float32", 15), ("float64", 80)):
            for activation in ("relu", "gelu", "softplus", lambda x: x * x):
                found = propagate(InitSpec.normal(1e4), activation, depth, 64, 20, dtype=dtype)
                assert found.state == "exploding"
                assert "overflow" in found.verdict
                assert found.layers[-1].overflowed
                assert found.singular_values is None
                json.dumps(found.to_dict(), allow_nan=False)
        small = propagate(InitSpec.normal(0.5), "relu")
        assert small.state == "exploding"
        assert "overflow" not in small.verdict


@pytest.mark.parametrize("residual", [None, 0.5])
def test_what_is_not_a_number_is_no_overflow(residual):
    """The logarithm of a negative number is undefined, and that is what the verdict says."""
    found = propagate(InitSpec.he_normal(), np.log, residual=residual)
    assert found.state == "undefined"
    assert "overflow" not in found.verdict
    assert f"such as {found.undefined:.3g}" in found.verdict
    assert found.undefined < 0
    assert math.isnan(found.layers[-1].std)
    json.dumps(found.to_dict(), allow_nan=False)
    # Defined everywhere; in float32 exp is not finite on the way.
    found = propagate(InitSpec.normal(3.0), lambda z: z * np.exp(z) / (1 + np.exp(z)), depth=10)
    assert found.state == "exploding"
    assert found.undefined is None
    # Infinite sums first: inf - inf in the layers above is an overflow.
    found = propagate(InitSpec.normal(10.0), "linear", 60, 100, 20)
    assert found.state == "exploding"
    assert found.undefined is None


def test_dead_units():
    """A bias far below 0 leaves ReLU units that no input wakes."""
    found = propagate(InitSpec.normal(1e-3), "relu", bias_std=1.0)
    assert found.layers[0].dead == pytest.approx(0.5, abs=0.15)
    assert propagate(InitSpec.normal(1e-3), "tanh", bias_std=1.0).layers[0].dead == 0


def test_inputs_of_one_s_own():
    """Their number, width and dtype are taken; one sample has no correlation."""
    found = propagate(InitSpec.he_normal(), "relu", inputs=[[1, 2, 3.0]])
    assert found.samples == 1
    assert math.isnan(found.layers[0].correlation)
    assert found.layers[0].prediction.length == pytest.approx(2 * 14 / 3)
    assert found.singular_values.shape == (3,)


def test_callable_and_parameters():
    """A function is as good as a name; a name takes its parameters."""
    by_name = propagate(InitSpec.lecun_normal(), "tanh", depth=3).layers[-1]
    by_function = propagate(InitSpec.lecun_normal(), np.tanh, depth=3).layers[-1]
    assert by_function.std == by_name.std
    assert by_function.gradient_std == pytest.approx(by_name.gradient_std, rel=1e-5)
    assert by_function.saturated == by_name.saturated
    slope = propagate(InitSpec.he_normal(negative_slope=0.3), "leaky_relu", negative_slope=0.3)
    assert slope.activation == "leaky_relu(negative_slope=0.3)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"activation": "rellu"}, "did you mean 'relu'"),
        ({"activation": "softmax"}, "not elementwise"),
        ({"activation": math.tanh}, "numpy.tanh"),
        ({"activation": "relu", "negative_slope": 1.0}, "takes no parameter"),
        ({"depth": 0}, "depth=0: pass an integer of at least 1"),
        ({"width": 0}, "width=0"),
        ({"width": 2.5}, "width=2.5"),
        ({"depth": True}, "depth=True"),
        ({"samples": -1}, "samples=-1"),
        ({"inputs": [[1.0, math.nan]]}, "1 of 2 inputs are not finite"),
        ({"inputs": [[1e300]]}, "not finite in float32"),
        ({"inputs": [1.0, 2.0]}, "samples, units"),
        ({"inputs": np.ones((0, 3))}, "none of them 0"),
        ({"inputs": [["a"]]}, "not an array of real numbers"),
        ({"inputs": [[1.0]], "residual": 1.0}, "residual network of width 100"),
        ({"residual": math.inf}, "finite"),
        ({"bias_std": -1.0}, "0 or more"),
        ({"dtype": "float16"}, "float32"),
        ({"seed": -1}, "seed"),
        ({"kernel": (0,)}, "kernel=0"),
        ({"kernel": 3}, r"such as \(3,\)"),
        ({"inputs": np.ones((2, 3)) * 1j}, "not an array of real numbers"),
        ({"inputs": np.full((2, 3), "1")}, "not an array of real numbers"),
        ({"spec": InitSpec.dirac()}, "kernel"),
        ({"spec": InitSpec.delta_orthogonal()}, "kernel"),
        ({"spec": "he_normal"}, "pass an InitSpec"),
        ({"spec": InitSpec.identity(), "kernel": (3,)}, "identity"),
    ],
)
def test_bad_input(arguments, said):
    """The error says what was given and what to do, and is an InitSpecError."""
    with pytest.raises(InitSpecError, match=said):
        propagate(**({"spec": InitSpec.he_normal()} | arguments))


def test_depth_50_and_width_512_take_under_3_seconds():
    """Three seconds on two cores; or, on a busy machine, 12 times its bare matrix products.

    Measured side by side: the products of one pass forward and back take 0.26 s on two quiet cores.
    """
    x, w = np.ones((1000, 512), np.float32), np.ones((512, 512), np.float32)

    def seconds(call):
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    for _ in range(3):
        taken = seconds(lambda: propagate(InitSpec.he_normal(), "relu", 50, 512, 1000))
        if taken < 3 or taken < 12 * seconds(lambda: [x @ w for _ in range(2 * 50)]):
            return
    pytest.fail(f"{taken:.1f} s")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("case", ["healthy", "overflow", "flat", "conv"])
def test_plot(case, dark, tmp_path):
    """Every axis is labelled, and its text can be told from the ground."""
    colors = pytest.importorskip("matplotlib.colors")
    found = {
        "healthy": lambda: propagate(InitSpec.he_normal(), depth=12),
        "overflow": lambda: propagate(InitSpec.normal(10.0), depth=60, samples=20),
        "flat": lambda: propagate(InitSpec.zeros(), "relu"),
        "conv": lambda: propagate(
            InitSpec.he_normal(), "relu", 3, 16, 10, kernel=(3, 3), jacobian=False
        ),
    }[case]()
    for suffix in ("png", "svg"):
        path = tmp_path / f"out.{suffix}"
        figure = found.plot(path, dark=dark)
        assert path.stat().st_size > 5000
    ground = np.mean(colors.to_rgb(figure.get_facecolor()))
    for axis in figure.axes:
        assert axis.get_xlabel()
        for text in (axis.xaxis.label, axis.yaxis.label, axis.title):
            assert abs(np.mean(colors.to_rgb(text.get_color())) - ground) > 0.5
            assert text.get_fontsize() >= 9
    assert {"share of outputs", "std of the gradient"} <= {a.get_ylabel() for a in figure.axes}


def test_plot_says_what_it_lacks(tmp_path, monkeypatch):
    """A folder that does not exist, a format nobody knows, and no matplotlib."""
    found = propagate(InitSpec.he_normal(), depth=2, width=10, samples=5)
    if "matplotlib" in sys.modules:
        for path in (tmp_path / "none" / "out.png", tmp_path / "out.txt2"):
            with pytest.raises(NetworkError, match="cannot write"):
                found.plot(path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(NetworkError, match=r"pip install 'initspec\[plot\]'"):
        found.plot()


def test_importing_initspec_leaves_the_laboratory_alone():
    """`import initspec` fetches neither the laboratory nor matplotlib."""
    import subprocess

    code = (
        "import sys, initspec; assert 'initspec.propagation' not in sys.modules;"
        "from initspec import propagate; assert callable(propagate);"
        "assert not {'matplotlib', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_verdict_says_why_nothing_passes():
    """Zero inputs, and an activation without a slope, are not mended by other weights."""
    found = propagate(InitSpec.he_normal(), inputs=np.zeros((10, 100)))
    assert "all inputs are 0" in found.verdict
    found = propagate(InitSpec.lecun_normal(), np.sign)
    assert found.state == "vanishing"
    assert "no gradient passes" in found.verdict
    assert "slope is 0" in propagate(InitSpec.lecun_normal(), np.sign, residual=1.0).verdict
    found = propagate(InitSpec.normal(0.01), "relu", depth=80)  # the signal dies, not the slope
    assert "make the weights larger" in found.verdict
    found = propagate(InitSpec.normal(1e7), "tanh")
    assert found.state == "saturated"
    assert "make the weights smaller" in found.verdict
