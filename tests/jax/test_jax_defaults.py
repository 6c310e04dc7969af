"""The recipe of flax' defaults against flax.linen and flax.nnx, and the others on their layers."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

nn = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")
eqx = pytest.importorskip("equinox")

from initspec import Recipe, Rule, initialize, parameters, recipe  # noqa: E402
from tests.default_laws import TESTS, check_defaults, statistics  # noqa: E402
from tests.jax.test_jax_layer_table import LINEN, NNX  # noqa: E402
from tests.jax.test_jax_tree_models import KINDS as EQUINOX  # noqa: E402

BUILT = [*(f"linen.{name}" for name in LINEN), *(f"nnx.{name}" for name in NNX)]


def inputs_of(name):
    """Return what a layer of flax.linen is called with."""
    make, shape = LINEN[name]
    layer = make()
    inputs = (jnp.zeros(shape, int if name == "Embed" else float),)
    if hasattr(layer, "initialize_carry"):
        inputs = (layer.initialize_carry(jax.random.key(0), shape), *inputs)
    return inputs


def by_path(tree):
    """Return the arrays of a tree or of an nnx.Module by path."""
    if isinstance(tree, nnx.Module):
        flat = nnx.to_flat_state(nnx.state(tree, nnx.Param))
        return {".".join(map(str, path)): leaf.get_raw_value() for path, leaf in flat}
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def zoo(key):
    """Return the parameters of every layer by path, as flax initializes them."""
    made = {}
    for name, (make, _) in LINEN.items():
        made[f"linen.{name}"] = by_path(make().init(key, *inputs_of(name))["params"])
    for name, make in NNX.items():
        made[f"nnx.{name}"] = by_path(make(nnx.Rngs(key)))
    return made


@pytest.fixture(scope="module")
def flax_builds():
    """Return a function of the number of a build: one program for all layers, quickly compiled."""
    program = jax.jit(zoo, compiler_options={"xla_backend_optimization_level": 0})
    return functools.cache(lambda build: jax.device_get(program(jax.random.key(build))))


def model_of(name):
    """Return a layer without values, and what it is called with."""
    package, _, kind = name.partition(".")
    if package == "linen":
        return LINEN[kind][0](), inputs_of(kind)
    return nnx.eval_shape(lambda: NNX[kind](nnx.Rngs(0))), None


def check(name, given, builds):
    """Hold a recipe against builds of a layer."""
    model, inputs = model_of(name)
    # linen.WeightNorm keeps the kernel of its layer with columns of length 1.
    kept = [p.path for p in parameters(model, inputs=inputs) if "layer_instance." not in p.path]

    def chosen(values):
        return {path: np.asarray(values[path]) for path in kept}

    def drawn(build):
        filled = initialize(model_of(name)[0], given, build, inputs=inputs)
        return chosen(by_path(filled if inputs is None else filled["params"]))

    assigned = given.on(model, only=kept, inputs=inputs)
    check_defaults(assigned, lambda build: chosen(builds(build)[name]), drawn)


@pytest.mark.filterwarnings("ignore:still without values")
@pytest.mark.parametrize("name", BUILT)
def test_the_recipe_is_what_a_built_layer_starts_with(name, flax_builds):
    """Of every parameter: the mean, the std, the kurtosis, the bounds."""
    check(name, recipe("flax"), flax_builds)


def test_the_error_rate_is_that_of_this_file():
    """There are no more random statistics than share it."""
    models = [model_of(name) for name in BUILT]
    given = recipe("flax")
    assert sum(statistics(given.on(model, inputs=inputs)) for model, inputs in models) <= TESTS


MISTAKES = {
    "std": ("nnx.Linear", Rule("lecun_truncated_normal(gain=1.05)", role="kernel")),
    "distribution": ("nnx.Linear", Rule("lecun_normal", role="kernel")),
    "axes": ("linen.Einsum", Rule("lecun_truncated_normal", role="kernel")),
    "constant": ("nnx.PReLU", Rule("zeros", layer="PReLU")),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen(mistake, flax_builds):
    """Each kind of mistake, planted before the recipe's rules."""
    name, rule = MISTAKES[mistake]
    with pytest.raises(AssertionError):
        check(name, Recipe([rule]) + recipe("flax"), flax_builds)


@pytest.mark.parametrize("defaults", ["torch", "keras", "flax"])
def test_every_layer_has_rules(defaults):
    """The defaults of another framework are for these layers, too."""
    models = [model_of(name) for name in BUILT]
    models += [(eqx.filter_eval_shape(make), None) for make, *_ in EQUINOX.values()]
    for model, inputs in models:
        assigned = recipe(defaults).on(model, inputs=inputs)
        assert [a.path for a in assigned] == [p.path for p in parameters(model, inputs=inputs)]
        assert all(math.isfinite(a.std) for a in assigned)


@pytest.mark.parametrize(
    ("name", "path", "std"),
    [
        # Four gates, or three, as one matrix, whether flax stores them so or not.
        ("linen.LSTMCell", "if.kernel", (2 / (40 + 4 * 50)) ** 0.5),
        ("nnx.OptimizedLSTMCell", "dense_i.kernel", (2 / (40 + 4 * 50)) ** 0.5),
        ("nnx.GRUCell", "dense_i.kernel", (2 / (40 + 3 * 50)) ** 0.5),
        ("linen.ConvLSTMCell", "ih.kernel", (2 / (9 * 16 + 4 * 9 * 24)) ** 0.5),
        ("nnx.MultiHeadAttention", "query.kernel", (2 / (64 + 64)) ** 0.5),
    ],
)
def test_layers_start_as_in_keras(name, path, std):
    """A layer of flax under the recipe of Keras has the std that its kin there has."""
    model, inputs = model_of(name)
    assert recipe("keras").on(model, inputs=inputs)[path].std == pytest.approx(std)


def test_the_forget_gate_is_open_as_in_keras():
    """Whether each gate has a bias of its own, or the four of them one."""
    cell, inputs = model_of("linen.LSTMCell")
    filled = by_path(initialize(cell, "keras", 0, inputs=inputs)["params"])
    biases = {path: float(value.mean()) for path, value in filled.items() if "bias" in path}
    assert biases == {"hi.bias": 0, "hf.bias": 1, "hg.bias": 0, "ho.bias": 0}
    (cell, _) = model_of("nnx.OptimizedLSTMCell")
    bias = initialize(cell, "keras", 0).dense_h.bias.get_raw_value()
    assert bias.reshape(4, 50).mean(1).tolist() == [0, 1, 0, 0]
    cell, inputs = model_of("linen.ConvLSTMCell")
    filled = by_path(initialize(cell, "keras", 0, inputs=inputs)["params"])
    assert not filled["ih.bias"].any()


def test_the_biases_of_torch_in_flax():
    """The bound is that of the layer's fans: 1 / sqrt(fan_in) of a linear one."""
    model, _ = model_of("nnx.Linear")
    assert recipe("torch").on(model)["bias"].std == pytest.approx((3 * 300) ** -0.5)


class _Block(nn.Module):
    """A layer whose kernel flax counts otherwise than it is, as `nn.scan` takes it."""

    kind: str

    @nn.compact
    def __call__(self, x, _):
        layer = nn.Einsum((6, 6), "...a,ab->...b") if self.kind == "Einsum" else None
        return (layer or nn.ConvTranspose(6, (3, 3)))(x), None


@pytest.mark.parametrize(("kind", "fan_in"), [("Einsum", 6), ("ConvTranspose", 54)])
def test_stacked_layers_start_as_one_does(kind, fan_in):
    """The axes of a rule are those of the layer: a stack of scan is no receptive field."""
    scanned = nn.scan(_Block, variable_axes={"params": 0}, split_rngs={"params": True}, length=5)
    inputs = (jnp.zeros((1, 4, 4, 6)), None)
    own = Recipe([Rule("lecun_normal", "**.kernel", axes="kernel... in out"), Rule("zeros")])
    for rules in (recipe("flax"), own):
        made = {a.path: a for a in rules.on(scanned(kind), inputs=inputs)}
        (kernel,) = (a for path, a in made.items() if path.endswith("kernel"))
        assert kernel.fans.fan_in == fan_in
        assert kernel.std == pytest.approx(fan_in**-0.5)
