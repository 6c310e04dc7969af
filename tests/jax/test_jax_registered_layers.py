"""Layer classes of a user's own in models of JAX."""

import jax.numpy as jnp
import numpy as np
import pytest

nnx = pytest.importorskip("flax.nnx")

from initspec import InitSpec, initialize, parameters, register_layer  # noqa: E402


def test_nnx():
    """By class: the role and the axes that were registered, in a class that derives from it too."""

    class Mixer(nnx.Module):
        def __init__(self):
            self.w = nnx.Param(jnp.zeros((6, 4)))
            self.b = nnx.Param(jnp.zeros(6))

    class Sub(Mixer):
        pass

    assert {p.role for p in parameters(Sub())} == {"other"}
    register_layer(Mixer, {"w": ("kernel", "out in"), "b": ("bias", "out")})
    model = Sub()
    rows = {(p.path, p.role, str(p.axes)) for p in parameters(model)}
    assert rows == {("w", "kernel", "out in"), ("b", "bias", "out [in=4]")}
    initialize(model, "he", 7)
    expected = InitSpec.he_normal().to_numpy("out in", seed=7, name="w")((6, 4))
    assert np.array_equal(model.w[...], expected)
