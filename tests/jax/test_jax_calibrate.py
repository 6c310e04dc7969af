"""Recipes that are calibrated on models of flax.nnx."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

nnx = pytest.importorskip("flax.nnx")

from initspec import InitSpecWarning, calibrate, initialize, parameters  # noqa: E402
from initspec.errors import TargetError  # noqa: E402
from tests import calibrated, equal_models  # noqa: E402
from tests.jax import test_jax_equal_models as models  # noqa: E402

IMAGES = equal_models.IMAGES.transpose(0, 2, 3, 1)
NAMES = equal_models.renamed(models.FLAX)
TOKENS = np.arange(40).reshape(8, 5) % 20


def arrays(model):
    """Return all variables, those of generators and statistics too."""
    return jax.tree.map(np.asarray, nnx.to_pure_dict(nnx.state(model, nnx.Not(nnx.RngKey))))


def assert_untouched(model, before):
    jax.tree.map(np.testing.assert_array_equal, arrays(model), before)


def test_gains_are_those_of_the_algorithm_and_of_torch():
    """NumPy's, on an abstract model; and a recipe of torch's paths draws NumPy's weights."""
    model = nnx.eval_shape(lambda: models.NnxCNN(nnx.Rngs(0)))
    rules, seed = equal_models.RULES, equal_models.SEED
    result = calibrate(model, IMAGES, rules, seed, names=NAMES, tolerance=calibrated.TOLERANCE)
    assigned = [a for a in result.on(model, names=NAMES) if a.role == "kernel"]
    calibrated.assert_gains({NAMES(a.path).removesuffix(".weight"): a.spec.gain for a in assigned})
    initialize(model, calibrated.recipe(), seed, names=NAMES)
    for name in calibrated.LAYERS:
        kernel = np.asarray(getattr(model, name).kernel[...])
        calibrated.assert_drawn(name, equal_models.torch_layout(name, kernel))


class Net(nnx.Module):
    def __init__(self, rngs):
        self.embed = nnx.Embed(20, 8, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(2, 8, decode=False, dropout_rate=0.5, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.blocks = nnx.List([nnx.Linear(8, 8, rngs=rngs) for _ in range(2)])
        self.jitted = nnx.Linear(8, 8, rngs=rngs)
        self.lora = nnx.LoRA(8, 2, 8, rngs=rngs)
        self.head = nnx.Linear(8, 3, rngs=rngs)

    def __call__(self, tokens, *, factor=1.0):
        x = self.embed(tokens) * factor
        x = self.norm(x + self.attention(x))
        for block in self.blocks:
            x = self.dropout(jnp.tanh(block(x)))
        x = nnx.jit(lambda layer, x: layer(x))(self.jitted, x)
        return self.head(x + self.lora(x))


RULES = models.Recipe([models.Rule("zeros", "lora.lora_b")]) + "glorot"


def test_outputs_have_variance_one():
    """What runs within a transformation has no values, and is said; the model is left as it was."""
    model = Net(nnx.Rngs(0))
    before = arrays(model)
    with pytest.warns(InitSpecWarning, match=r"jitted.kernel[^;]*\(its layer does not run"):
        result = calibrate(model, {"tokens": TOKENS, "factor": 2.0}, RULES, 7, tolerance=0.01)
    assert_untouched(model, before)
    assert not model.dropout.deterministic
    assert type(model.head) is nnx.Linear
    initialize(model, result, 7)
    model.eval()
    model.norm.use_running_average = False
    attention = model.attention
    x = model.embed(TOKENS)
    outputs = {"embed.embedding": x}
    x = x * 2
    for name in ("query", "key", "value"):
        outputs[f"attention.{name}.kernel"] = getattr(attention, name)(x)
    outputs["attention.out.kernel"] = attention(x)
    x = model.norm(x + attention(x))
    for i, block in enumerate(model.blocks):
        outputs[f"blocks.{i}.kernel"] = block(x)
        x = jnp.tanh(block(x))
    outputs["head.kernel"] = model.head(model.jitted(x))
    assert [rule.label for rule in result.rules if rule.path][:8] == sorted(outputs)
    for name, output in outputs.items():
        assert np.asarray(output, np.float64).var() == pytest.approx(1, abs=0.01), name


def test_untouched_after_errors():
    """Of the model's code, of what it returns, and for what cannot be run."""
    model = Net(nnx.Rngs(0))
    before = arrays(model)
    with pytest.raises(TargetError, match=r"the model raises .* an array, a tuple of arguments"):
        calibrate(model, (TOKENS, 3), RULES, 7)
    with pytest.raises(TargetError, match="returns nan or infinity"):
        calibrate(model, {"tokens": TOKENS, "factor": jnp.nan}, RULES, 7)
    assert_untouched(model, before)
    with pytest.raises(TargetError, match=r"models of flax.nnx can be run .* names="):
        calibrate({"a": {"kernel": np.ones((4, 4))}}, TOKENS, "he", 7)
    assert parameters(model)
