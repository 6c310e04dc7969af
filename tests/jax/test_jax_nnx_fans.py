"""The fans of nnx' layers against automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

nnx = pytest.importorskip("flax.nnx")


from initspec.models.owner import parameters  # noqa: E402
from tests.jax.counted_fans import counted_fans  # noqa: E402


def _stacked():
    def one(key):
        return nnx.Conv(4, 6, (3,), feature_group_count=2, padding=2, rngs=nnx.Rngs(key))

    return nnx.vmap(one)(jax.random.split(jax.random.key(0), 3))


GATES = {f"{side}{gate}.kernel": (size,)
         for side, gates, size in (("i", ("i", "f_", "g", "o"), 5), ("h", "ifgo", 3))
         for gate in gates}  # fmt: skip
KINDS = {
    # layer: how it is made, the inputs of each kernel, and the gates of the recurrent ones
    "Linear": (lambda: nnx.Linear(5, 7, rngs=nnx.Rngs(0)), {"kernel": (5,)}),
    "LinearGeneral": (
        lambda: nnx.LinearGeneral((2, 3), (4, 5), axis=(-2, -1), rngs=nnx.Rngs(0)),
        {"kernel": (2, 3)},
    ),
    "LinearGeneral of a batch": (
        lambda: nnx.LinearGeneral(3, 4, axis=-1, batch_axis={0: 2}, rngs=nnx.Rngs(0)),
        {"kernel": (2, 3)},
    ),
    "Einsum": (
        lambda: nnx.Einsum("tnh,nhd->td", (2, 3, 5), (5,), rngs=nnx.Rngs(0)),
        {"kernel": (4, 2, 3)},
    ),
    "Einsum of experts": (
        lambda: nnx.Einsum("ti,eio->teo", (2, 3, 5), None, rngs=nnx.Rngs(0)),
        {"kernel": (4, 3)},
    ),
    "Conv": (lambda: nnx.Conv(3, 4, (3, 2), padding=2, rngs=nnx.Rngs(0)), {"kernel": (4, 4, 3)}),
    "Conv, dilated": (
        lambda: nnx.Conv(3, 4, (3,), kernel_dilation=2, padding=4, rngs=nnx.Rngs(0)),
        {"kernel": (8, 3)},
    ),
    "Conv, grouped": (
        lambda: nnx.Conv(4, 6, (3,), feature_group_count=2, padding=2, rngs=nnx.Rngs(0)),
        {"kernel": (5, 4)},
    ),
    "Conv, depthwise": (
        lambda: nnx.Conv(4, 8, (3,), feature_group_count=4, padding=2, rngs=nnx.Rngs(0)),
        {"kernel": (5, 4)},
    ),
    "Conv, stacked": (_stacked, {"kernel": (3, 5, 4)}),
    "ConvTranspose": (
        lambda: nnx.ConvTranspose(3, 4, (3, 2), rngs=nnx.Rngs(0)),
        {"kernel": (5, 5, 3)},
    ),
    "ConvTranspose, transposed": (
        lambda: nnx.ConvTranspose(3, 4, (3, 2), transpose_kernel=True, rngs=nnx.Rngs(0)),
        {"kernel": (5, 5, 3)},
    ),
    "Embed": (lambda: nnx.Embed(5, 7, rngs=nnx.Rngs(0)), {"embedding": ()}),
    "LSTMCell": (
        lambda: nnx.LSTMCell(5, 3, rngs=nnx.Rngs(0)),
        GATES,
    ),
    "OptimizedLSTMCell": (
        lambda: nnx.OptimizedLSTMCell(5, 3, rngs=nnx.Rngs(0)),
        {"dense_i.kernel": (5,), "dense_h.kernel": (3,)},
        4,
    ),
    "GRUCell": (
        lambda: nnx.GRUCell(5, 4, rngs=nnx.Rngs(0)),
        {"dense_i.kernel": (5,), "dense_h.kernel": (4,)},
        3,
    ),
    "SimpleCell": (
        lambda: nnx.SimpleCell(5, 3, rngs=nnx.Rngs(0)),
        {"dense_i.kernel": (5,), "dense_h.kernel": (3,)},
    ),
    "MultiHeadAttention": (
        lambda: nnx.MultiHeadAttention(2, 6, 4, normalize_qk=True, decode=False, rngs=nnx.Rngs(0)),
        {"query.kernel": (6,), "key.kernel": (6,), "value.kernel": (6,), "out.kernel": (2, 2)},
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_fans_are_those_that_differentiation_counts(name):
    """The fans of every kernel are the weights that touch an output and an input element."""
    make, inputs, gates = (*KINDS[name], 1)[:3]
    layer = nnx.eval_shape(make)
    known = {p.path: p for p in parameters(layer)}
    assert {path for path in known if "bias" not in path and "_ln" not in path} == set(inputs)
    for path, shape in inputs.items():
        owner = layer
        for part in path.split(".")[:-1]:
            owner = getattr(owner, part)
        graph, state = nnx.split(owner)
        leaf = path.rpartition(".")[2]

        def apply(weight, x, graph=graph, state=state, leaf=leaf):
            state = jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), state)
            state = nnx.merge_state(state, nnx.State({leaf: nnx.Param(weight)}))
            one = lambda state, x: nnx.merge(graph, state)(x)  # noqa: E731
            return jax.vmap(one)(state, x) if name == "Conv, stacked" else one(state, x)

        x = np.zeros(shape, np.int32 if leaf == "embedding" else np.float32)
        weight = known[path]
        fans = tuple(weight.axes.fans(weight.shape))
        assert counted_fans(apply, weight, x, gates) == fans, (path, str(weight.axes))


@pytest.mark.parametrize("name", KINDS)
def test_a_bias_has_the_fan_in_of_its_kernel(name):
    """It carries what it lacks as counts."""
    known = {p.path: p for p in parameters(nnx.eval_shape(KINDS[name][0]))}
    for path, parameter in known.items():
        kernel = known.get(path.replace("bias", "kernel"))
        if path.endswith("bias") and kernel is not None:
            fans = (p.axes.fans(p.shape).fan_in for p in (parameter, kernel))
            assert len(set(fans)) == 1, path
            assert (
                parameter.role
                == {"kernel": "bias", "recurrent_kernel": "recurrent_bias"}[kernel.role]
            )
