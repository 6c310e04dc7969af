"""One initializer object for the four kernels of an attention layer, as in keras-hub 0.32.0.

The fault is https://github.com/keras-team/keras-hub/issues/352, and on docs/models/showcases.md.
"""

import keras
import pytest

from initspec import Rule

audit_model = pytest.importorskip("initspec_conformance").audit_model
L = keras.layers


def attention(initializer):
    """Return a layer with grouped heads, whose kernels have three different shapes."""
    x = keras.Input((None, 32))
    make = {"kernel_initializer": initializer}
    q = L.EinsumDense("btm,mhd->bthd", (None, 4, 8), name="query", **make)(x)
    k = L.EinsumDense("btm,mhd->bthd", (None, 2, 8), name="key", **make)(x)
    v = L.EinsumDense("btm,mhd->bthd", (None, 2, 8), name="value", **make)(x)
    out = L.EinsumDense("bthd,hdm->btm", (None, 32), name="output", **make)(q)
    return keras.Model(x, [out, k, v])


RECIPE = [Rule("normal(std=0.02)", role="kernel")]
SCALED = [Rule("lecun_normal", role="kernel")]


def copied(model, recipe):
    """Return the paths that an audit calls copies, and the kinds of all findings."""
    findings = audit_model(model, recipe).findings
    return {f.path for f in findings if f.kind == "copy"}, {f.kind for f in findings}


def test_one_initializer_for_four_kernels():
    """The kernels are one weight, whatever their shapes; nothing else is wrong with them."""
    model = attention(keras.initializers.RandomNormal(stddev=0.02, seed=7))
    paths = {"key.kernel", "value.kernel", "output.kernel"}
    assert copied(model, RECIPE) == (paths, {"copy"})


def test_one_initializer_that_goes_by_fans():
    """A rule that goes by fans makes copies that differ by a factor."""
    scaling = keras.initializers.VarianceScaling(1.0, "fan_out", "untruncated_normal", seed=7)
    paths, _ = copied(attention(scaling), SCALED)
    assert paths == {"key.kernel", "value.kernel", "output.kernel"}


def test_an_initializer_for_each_kernel():
    """A name makes one for each layer: as keras-hub's other models do, without finding."""
    assert copied(attention("random_normal"), [Rule("normal(std=0.05)", role="kernel")])[0] == set()
