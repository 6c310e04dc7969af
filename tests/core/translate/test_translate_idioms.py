"""Lines as people copy them from their code: methods, modules' other names, layers, wrappers."""

from __future__ import annotations

import pytest

from initspec import InitSpec
from initspec.translate import translate

IDIOMS = [
    ("m.weight.data.normal_(0, 0.02)", "torch", "normal(std=0.02)"),
    ("self.weight.uniform_(-0.1, 0.1)", "torch", "uniform(low=-0.1, high=0.1)"),
    ("module.weight.data[module.padding_idx].zero_()", "torch", "zeros"),
    ("w.view(-1).fill_(0.5)", "torch", "constant(value=0.5)"),
    ("fill_(1)", "torch", "ones"),
    ("torch.Tensor.normal_(std=0.5)", "torch", "normal(std=0.5)"),
    *((f"{name}.normal_(w, 1, 0.5)", "torch", "normal(std=0.5, mean=1.0)")
      for name in ("torch.nn.init", "nn.init", "init", "init_", "nninit")),
    *((f"{name}.RandomNormal(1, 0.5)", "keras", "normal(std=0.5, mean=1.0)")
      for name in ("keras.initializers", "tf.keras.initializers", "tf.initializers",
                   "k.initializers", "initializers")),
    *((f"{name}.normal(0.5)", "jax", "normal(std=0.5)")
      for name in ("jax.nn.initializers", "nn.initializers", "nnx.initializers",
                   "jnn.initializers", "jinit", "initializers")),
    ("nnx.initializers.zeros_init()", "jax", "zeros"),
    ("lecun_normal_(m.weight)", "torch", "lecun_truncated_normal"),
    ("timm.layers.trunc_normal_(w, std=.02)", "torch",
     "truncated_normal(std=0.02, lower=-100.0, upper=100.0, corrected=False)"),
    ("timm.layers.variance_scaling_(w, 2.0, 'fan_avg', 'uniform')", "torch",
     "variance_scaling(scale=2.0, mode=fan_avg, distribution=uniform)"),
    ("hk.initializers.RandomNormal(0.5, 1.0)", "jax", "normal(std=0.5, mean=1.0)"),
    ("hk.initializers.TruncatedNormal(0.02, lower=-1)", "jax",
     "truncated_normal(std=0.02, lower=-1.0, corrected=False)"),
    ("hk.initializers.UniformScaling(2.0)", "jax", "lecun_uniform(gain=2.0)"),
    ("tf.random_uniform_initializer(-1, 2)", "keras", "uniform(low=-1.0, high=2.0)"),
    ("kernel_initializer='he_normal',", "keras", "he_truncated_normal"),
    ("bias_init=nn.initializers.normal(stddev=1e-6)", "jax", "normal(std=1e-06)"),
    ("layers.Dense(10, kernel_initializer='he_normal')", "keras", "he_truncated_normal"),
    ("x = nn.Dense(4, kernel_init=nn.initializers.lecun_normal())(x)", "jax",
     "lecun_truncated_normal"),
    ("w_init: Initializer = nn.initializers.ones", "jax", "ones"),
    ("return nn.initializers.ones", "jax", "ones"),
    ("nn.init.zeros_(m.bias);", "torch", "zeros"),
    ("if m.bias is not None: nn.init.zeros_(m.bias)", "torch", "zeros"),
    ("with torch.no_grad():\n    w.normal_(0, 0.02)", "torch", "normal(std=0.02)"),
    ("partial(nn.init.xavier_uniform_, gain=0.1)", "torch", "glorot_uniform(gain=0.1)"),
    ("nn.with_partitioning(nn.initializers.lecun_normal(), ('data', None))", "jax",
     "lecun_truncated_normal"),
    ("{'class_name': 'VarianceScaling', 'config': {'scale': 2.0, 'mode': 'fan_out', "
     "'distribution': 'uniform', 'seed': None}}", "keras", "he_uniform(mode=fan_out)"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "owner", "spec"), IDIOMS)
def test_copied_line_is_read(line: str, owner: str, spec: str) -> None:
    """The initializer in it is found, whatever stands around it."""
    translation = translate(line)
    assert (translation.framework, translation.spec) == (owner, InitSpec.parse(spec))
