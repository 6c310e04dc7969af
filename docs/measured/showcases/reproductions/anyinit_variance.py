"""Print the standard deviations of small weights."""

import numpy as np
from anyinit.core.distributions import sample
from anyinit.core.fan import ParamSpec

spec = ParamSpec("dense", (4, 4))
for seed in range(3):
    plain = np.random.default_rng(seed).standard_normal((4, 4))
    weight = sample(spec, "normal", np.random.default_rng(seed))
    print(f"seed {seed}: std {weight.std():.12f}", end=", ")
    print(f"of 16 independent normals {plain.std():.4f}")
