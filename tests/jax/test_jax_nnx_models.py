"""Models of flax.nnx: their parameters, and how they are filled."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

nnx = pytest.importorskip("flax.nnx")

from initspec_jax.models.nnx import _children  # noqa: E402

from initspec import InitSpec, recipe  # noqa: E402
from initspec.errors import InitSpecError, InitSpecWarning, RecipeError, TargetError  # noqa: E402
from initspec.models.initialize import initialize  # noqa: E402
from initspec.models.owner import parameters  # noqa: E402
from initspec.models.rule import Rule  # noqa: E402
from tests.jax.nnx_net import (  # noqa: E402
    RULES,
    WIDTH,
    Block,
    Net,
    _Around,
    make,
    values,
)


def test_parameters():
    """Paths, roles, axes and layers are those of the structure and the layer table."""
    model = make()
    known = {p.path: p for p in parameters(model)}
    rows = {path: (p.role, str(p.axes), p.layer) for path, p in known.items()}
    expected = {
        "head.kernel": ("embedding", "stack out", "Embed"),
        "blocks.1.norm.scale": ("scale", "out", "LayerNorm"),
        "blocks.1.norm.bias": ("shift", "out", "LayerNorm"),
        "blocks.1.attention.query.kernel": ("kernel", "in out out", "MultiHeadAttention"),
        "blocks.1.attention.query.bias": ("bias", f"out out [in={WIDTH}]", "MultiHeadAttention"),
        "blocks.1.attention.out.kernel": ("kernel", "in in out", "MultiHeadAttention"),
        "blocks.2.proj.bias": ("bias", f"out [in={4 * WIDTH}]", "Linear"),
        "stack.kernel": ("kernel", "stack in out", "Linear"),
        "stack.bias": ("bias", f"stack out [in={WIDTH}]", "Linear"),
        "conv.kernel": ("kernel", "kernel... in (stack=4 out)", "Conv"),
        "conv.bias": ("bias", "(stack=4 out) [in=2 kernel=9]", "Conv"),
        "rnn.cell.dense_i.kernel": ("kernel", "in (stack=4 out)", "OptimizedLSTMCell"),
        "rnn.cell.dense_h.kernel": ("recurrent_kernel", "in (stack=4 out)", "OptimizedLSTMCell"),
        "rnn.cell.dense_h.bias": ("recurrent_bias", "(stack=4 out) [in=3]", "OptimizedLSTMCell"),
        "batch.scale": ("scale", "out", "BatchNorm"),
        "mine.scale": ("scale", "out", "MyRMSNorm"),
        "gate": ("other", "None", "Net"),
        "lora.kernel": ("kernel", "in out", "LoRALinear"),
        "lora.lora.lora_b": ("other", "in out", "LoRA"),
    }
    assert {path: rows[path] for path in expected} == expected
    for path, layer in (("blocks.1.attention.query.kernel", "LinearGeneral"),
                        ("rnn.cell.dense_h.bias", "Linear")):  # fmt: skip
        classes = known[path].places[0].classes
        assert classes.index(rows[path][2]) == 0 < classes.index(layer)
    assert known["head.kernel"].tied == ("wte.embedding",)
    assert "batch.mean" not in known
    assert {p.path for p in known.values() if p.zeros} == {"mine.scale"}
    # A copy, as of a model that a transformation returned, has the same in the same order.
    assert parameters(nnx.clone(model)) == parameters(model)
    assert len(parameters(model)) == len(jax.tree.leaves(nnx.state(model, nnx.Param)))


def test_children_are_those_of_nnx():
    """No attribute is passed over that nnx looks into."""
    model = make()
    model.mutable = jax.new_ref(jnp.zeros(2))
    nodes = [model, *(node for _, node in nnx.iter_graph(model) if nnx.graphlib.is_node(node))]
    assert len(nodes) > 10
    for node in nodes:
        theirs = [(str(key), id(child)) for key, child in nnx.iter_children(node, graph=True)]
        assert [(key, id(child)) for key, child in _children(node)] == theirs


def test_a_stack_counts_in_no_fan():
    """Nor where it lies along another axis than the first, which nnx notes nowhere: an error."""
    keys = jax.random.split(jax.random.key(0), 3)

    def stack(make, axis=0):
        return nnx.vmap(lambda key: make(nnx.Rngs(key)), out_axes=axis)(keys)

    lora = _Around(stack(lambda rngs: nnx.LoRA(8, 2, 4, rngs=rngs)))
    for name, std in (
        ("flax", (2 / 8) ** 0.5),
        ("keras", (2 / 8) ** 0.5),
        ("torch", 24**-0.5),
        ("he", 0.5),
    ):
        assigned = recipe(name).on(lora)
        assert assigned["inner.lora_a"].std == pytest.approx(std)
        assert assigned["inner.lora_b"].std == 0
    cells = stack(lambda rngs: nnx.OptimizedLSTMCell(4, 4, rngs=rngs))
    one = recipe("keras").on(nnx.OptimizedLSTMCell(4, 4, rngs=nnx.Rngs(0)))
    assert {a.path: a.std for a in recipe("keras").on(cells)} == {a.path: a.std for a in one}
    for layer in (
        lambda rngs: nnx.Linear(4, 4, rngs=rngs),
        lambda rngs: nnx.Conv(4, 6, (3,), feature_group_count=2, rngs=rngs),
        lambda rngs: nnx.MultiHeadAttention(2, 6, decode=False, rngs=rngs),
    ):
        recipe("he").on(stack(layer))
        with pytest.raises(RecipeError, match="no rule"):
            recipe("he").on(stack(layer, 1))


def test_a_class_of_the_same_name_is_another():
    """The table is of flax' classes and of what derives from them; a norm is one by its name."""

    class Linear(nnx.Module):
        def __init__(self):
            self.kernel = nnx.Param(jnp.ones((3, 4)))

    class LayerNorm(nnx.Module):
        def __init__(self):
            self.scale, self.kernel = nnx.Param(jnp.ones(4)), nnx.Param(jnp.ones(4))

    class Embed(nnx.Embed):
        pass

    layers = [Linear(), LayerNorm(), Embed(5, 4, rngs=nnx.Rngs(0))]
    roles = {p.path: p.role for p in parameters(nnx.Sequential(*layers))}
    assert roles == {
        "layers.0.kernel": "other",
        "layers.1.kernel": "other",
        "layers.1.scale": "scale",
        "layers.2.embedding": "embedding",
    }


def test_every_weight_is_that_of_its_name():
    """Each is the portable draw of its path, spec and axes, parts included; the rest stays."""
    model = make()
    mean = model.batch.mean[...]
    assert initialize(model, RULES, 7) is model
    made = values(model)
    for path, spec, axes in [
        ("head.kernel", InitSpec.normal(0.02), "stack out"),
        ("blocks.2.proj.kernel", InitSpec.he_normal(gain=6**-0.5), "in out"),
        ("blocks.0.attention.out.kernel", InitSpec.glorot_uniform(), "in in out"),
        ("stack.kernel", InitSpec.glorot_uniform(), "stack in out"),
        ("conv.kernel", InitSpec.glorot_uniform(), "kernel... in (stack=4 out)"),
        ("rnn.cell.dense_h.kernel", InitSpec.orthogonal(), "in (stack=4 out)"),
    ]:
        expected = spec.to_numpy(axes, seed=7, name=path)(made[path].shape)
        np.testing.assert_array_equal(made[path], expected, err_msg=path)
    assert made["rnn.cell.dense_h.bias"].tolist() == [0] * 3 + [1] * 3 + [0] * 6
    assert made["gate"].tolist() == [0.5] * 4
    assert (made["lora.lora.lora_a"] == 1).all()
    assert model.head.kernel is model.wte.embedding
    assert model.batch.mean[...] is mean
    x = jnp.ones((2, 5, WIDTH))
    assert bool(jnp.isfinite(jax.jit(model.blocks[0].__call__)(x)).all())


def test_a_part_is_a_block_of_the_whole_draw():
    """Under a law of its own a part has the numbers that the whole would have there."""
    axes, name, shape = "in (stack=4 out)", "kernel", (6, 20)
    rules = [
        Rule("normal(std=2.0)", axes=axes, part="stack[2]"),
        Rule("uniform(low=-1, high=1)", part="[0]"),
        Rule("he_normal", axes=axes),
    ]
    layer = nnx.Linear(*shape, use_bias=False, rngs=nnx.Rngs(0))
    initialize(layer, rules, 3)
    whole, wide, flat = (
        spec.to_numpy(axes, seed=3, name=name)(shape)
        for spec in (InitSpec.he_normal(), InitSpec.normal(2.0), InitSpec.uniform(-1, 1))
    )
    whole[0], whole[:, 10:15] = flat[0], wide[:, 10:15]  # the first rule wins
    np.testing.assert_array_equal(layer.kernel[...], whole)


def test_abstract_and_traced_models():
    """An abstract model gets arrays; a traced one the same, when its program runs."""
    rules = [Rule("zeros", "lora.lora.*"), *RULES]
    plain = values(initialize(make(), rules, 7))
    model = nnx.eval_shape(lambda: Net(nnx.Rngs(0)))
    with pytest.warns(InitSpecWarning, match=r"without values: batch\.mean, batch\.var, blocks"):
        initialize(model, rules, 7)
    assert model.head.kernel is model.wte.embedding
    assert all(np.array_equal(value, plain[path]) for path, value in values(model).items())
    block = values(initialize(Block(nnx.Rngs(1)), "he", 7))

    @nnx.jit
    def build():
        return initialize(Block(nnx.Rngs(0)), "he", 7)

    assert all(np.array_equal(value, block[path]) for path, value in values(build()).items())
    other = Block(nnx.Rngs(2))
    nnx.jit(lambda model: initialize(model, "he", 7) and None)(other)
    assert all(np.array_equal(value, block[path]) for path, value in values(other).items())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dtypes(dtype):
    """Each dtype is drawn as itself."""
    layer = initialize(nnx.Linear(16, 8, param_dtype=dtype, rngs=nnx.Rngs(0)), "he", 7)
    expected = InitSpec.he_normal().to_numpy("in out", seed=7, name="kernel")((16, 8), dtype)
    assert layer.kernel.dtype == expected.dtype
    np.testing.assert_array_equal(np.asarray(layer.kernel[...]), expected)


def test_only_and_names():
    """What is not chosen stays and needs no rule; a name gives a path another stream."""
    model = make()
    before = values(model)
    initialize(model, "he", 7, only="conv.*", names={"conv.kernel": "elsewhere"})
    after = values(model)
    changed = {path for path in before if not np.array_equal(before[path], after[path])}
    assert changed == {"conv.kernel", "conv.bias"}
    axes = "kernel... in (stack=4 out)"
    expected = InitSpec.he_normal().to_numpy(axes, seed=7, name="elsewhere")
    np.testing.assert_array_equal(after["conv.kernel"], expected((3, 3, 2, WIDTH)))


def test_constants_need_no_seed():
    """They are not random; ones over a scale at 0 are warned of, for its layer may add 1."""
    model = make()
    with pytest.warns(InitSpecWarning, match=r"mine\.scale.* add 1"):
        initialize(model, [Rule("ones", "**")])
    assert all((value == 1).all() for value in values(model).values())


def _integers():
    model = make()
    model.codes = nnx.Param(jnp.ones(3, jnp.int32))
    return model


def _tree():
    model = make()
    model.pair = nnx.Param({"a": jnp.ones(3)})
    return model


@pytest.mark.parametrize(
    ("make", "arguments", "error", "says"),
    [
        (make, (RULES[1:], 7), RecipeError, "head.kernel"),
        (make, (RULES,), TargetError, "blocks.*pass seed="),
        (make, (RULES, 7, "cpu"), TargetError, "device='cpu'.*default_device"),
        (make, ([Rule("orthogonal", "gate"), *RULES], 7), RecipeError, "gate"),
        (_integers, ([Rule("zeros", "codes"), *RULES], 7), InitSpecError, "codes.*int32"),
        (_tree, (RULES, 7), TargetError, "pair is an nnx.Param of a dict"),
    ],
)
def test_errors_leave_the_model_as_it_was(make, arguments, error, says):
    """Whatever is wrong is found before anything is written."""
    model = make()
    before = jax.tree.leaves(nnx.state(model))
    rules, seed, device = (*arguments, None, None)[:3]
    with pytest.raises(error, match=says):
        initialize(model, rules, seed, device=device)
    after = jax.tree.leaves(nnx.state(model))
    assert all(a is b for a, b in zip(before, after, strict=True))


def test_a_model_from_outside_of_a_transformation():
    """What a traced function closes over cannot be filled inside of it."""
    model = Block(nnx.Rngs(0))
    with pytest.raises(TargetError, match="pass the model as an argument"):
        jax.jit(lambda: initialize(model, "he", 7) and None)()


SHARDED = """
import jax, numpy as np
from flax import linen, nnx
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
from initspec.models.initialize import initialize
from initspec.models.locking import lock
from initspec.models.rule import Rule

rules = [Rule("ones", "kernel", part="[1]"), Rule("he_normal", role="kernel"),
         Rule("zeros", role="bias")]

def make():
    return nnx.Linear(16, 24, kernel_metadata={"out_sharding": ("a", "b")}, rngs=nnx.Rngs(0))

plain = initialize(nnx.Linear(16, 24, rngs=nnx.Rngs(0)), rules, 7).kernel[...]
for types in ((AxisType.Auto,) * 2, (AxisType.Explicit,) * 2):
    mesh = jax.make_mesh((4, 2), ("a", "b"), axis_types=types)
    named = NamedSharding(mesh, P("a", "b"))
    with jax.set_mesh(mesh):
        built, abstract = make(), nnx.eval_shape(make)
        traced = nnx.jit(lambda: initialize(make(), rules, 7))()
        for model in (built, abstract):
            initialize(model, rules, 7)
        for model in (built, abstract, traced):
            kernel = model.kernel.get_raw_value()
            np.testing.assert_array_equal(np.asarray(kernel), plain)
            if model is not traced or types[0] == AxisType.Explicit:
                assert kernel.sharding.is_equivalent_to(named, 2), kernel.sharding
    outside = nnx.Linear(16, 24, rngs=nnx.Rngs(0))
    outside.kernel.set_value(jax.device_put(outside.kernel[...], named))
    kernel = initialize(outside, rules, 7).kernel.get_raw_value()
    assert kernel.sharding.is_equivalent_to(named, 2)
    np.testing.assert_array_equal(np.asarray(kernel), plain)
    # Reading leaves no copy of the whole behind, which an array otherwise keeps on the host.
    plan, fresh = lock(outside, rules, 7), jax.device_put(plain, named)
    outside.kernel.set_value(fresh)
    assert plan.verify(outside) == ()
    assert fresh._npy_value is None
    # linen as its guide shards it: by the names in the boxes of a traced call.
    init = linen.with_partitioning(linen.initializers.zeros, ("a", "b"))
    like = jax.ShapeDtypeStruct((1, 16), np.float32)
    call = lambda: initialize(linen.Dense(24, kernel_init=init), rules, 7, inputs=like)
    shardings = linen.get_sharding(jax.eval_shape(call), mesh)
    kernel = linen.unbox(jax.jit(call, out_shardings=shardings)())["params"]["kernel"]
    assert kernel.sharding.is_equivalent_to(named, 2)
    np.testing.assert_array_equal(np.asarray(kernel), plain)
print("fine")
"""


def test_shardings_stay(fresh):
    """On eight devices: built, abstract and traced models, each with its sharding; and linen."""
    flags = "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0"
    assert fresh(SHARDED, XLA_FLAGS=flags, JAX_PLATFORMS="cpu") == "fine"
