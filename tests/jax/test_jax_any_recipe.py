"""Any recipe on models of flax.nnx."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

nnx = pytest.importorskip("flax.nnx")

from initspec import parameters  # noqa: E402
from tests.any_recipe import UNTOUCHED, hold, options, rules, seeds  # noqa: E402

LAYERS = {
    "linear": lambda rngs: nnx.Linear(3, 4, rngs=rngs),
    "half": lambda rngs: nnx.Linear(4, 2, param_dtype="bfloat16", rngs=rngs),
    "norm": lambda rngs: nnx.LayerNorm(3, rngs=rngs),
    "conv": lambda rngs: nnx.Conv(4, 4, (1,), feature_group_count=2, rngs=rngs),
    "prelu": lambda _: nnx.PReLU(),
    "lstm": lambda rngs: nnx.OptimizedLSTMCell(2, 3, keep_rngs=False, rngs=rngs),
    "table": lambda rngs: nnx.Embed(4, 3, rngs=rngs),
}


class Model(nnx.Module):
    def __init__(self, layers, rngs):
        self.h = nnx.List([LAYERS[name](rngs) for name in layers])
        self.w0 = nnx.Param(jnp.ones(4))


def _read(model):
    values = {}
    for parameter in parameters(model):
        owner = model
        for part in parameter.path.split("."):
            owner = owner[int(part)] if part.isdigit() else getattr(owner, part)
        values[parameter.path] = np.asarray(owner[...], np.float32)
    return values


def _state():
    return np.random.get_state()[1].tobytes()


@settings(max_examples=60)
@given(st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=4), rules, seeds, options)
def test_all_or_nothing(layers, rules, seed, options):
    """Each weight that the recipe draws is filled and no other; after an error, none is."""
    model = nnx.eval_shape(lambda: Model(layers, nnx.Rngs(0)))
    for _, variable in nnx.iter_graph(model):
        if isinstance(variable, nnx.Variable):
            like = variable.get_raw_value()
            variable.set_value(jnp.asarray(np.full(like.shape, UNTOUCHED, like.dtype)))
    hold(model, rules, seed, options, _read, _state)
