"""State space models: what is inside of one has no known role."""

import jax
import numpy as np
import pytest

linen = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")
eqx = pytest.importorskip("equinox")

from initspec import parameters  # noqa: E402

KEY = jax.random.key(0)


class OfNnx(nnx.Module):
    """A parameter of a mixer, beside a layer that the table has."""

    def __init__(self):
        self.A_log = nnx.Param(np.ones((4, 2)))
        self.inner = nnx.Linear(4, 4, rngs=nnx.Rngs(0))


class OfLinen(linen.Module):
    """The same."""

    @linen.compact
    def __call__(self, x):
        self.param("A_log", linen.initializers.ones, (4, 2))
        return linen.Dense(4, name="inner")(x)


class OfEquinox(eqx.Module):
    """The same."""

    A_log: jax.Array
    inner: eqx.nn.Linear


def of_equinox():
    return OfEquinox(jax.numpy.ones((4, 2)), eqx.nn.Linear(4, 4, key=KEY))


LIKE = jax.ShapeDtypeStruct((1, 4), np.float32)
TREE = {"outer": {"kernel": np.ones((4, 4))}, "mixer": {"A_log": np.ones(4)}}
TREE["mixer"]["inner"] = TREE["outer"]
MODELS = {
    "nnx": (lambda: nnx.Sequential(nnx.Linear(4, 4, rngs=nnx.Rngs(0)), OfNnx()), None, 2),
    "linen": (lambda: linen.Sequential([linen.Dense(4), OfLinen()]), LIKE, 2),
    "equinox": (
        lambda: eqx.nn.Sequential([eqx.nn.Linear(4, 4, key=KEY), of_equinox()]),
        None,
        2,
    ),
    "tree": (lambda: TREE, None, 1),
}


@pytest.mark.parametrize("name", MODELS)
def test_mixers_are_other_altogether(name):
    """The layer outside has roles; what is inside has none, whatever its layer."""
    make, inputs, outside = MODELS[name]
    roles = {p.path: p.role for p in parameters(make(), inputs=inputs)}
    assert len(roles) == 2 * outside + 1
    inside = {path for path, role in roles.items() if role == "other"}
    assert inside == {path for path in roles if "A_log" in path or "inner" in path}
