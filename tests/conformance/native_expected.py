"""What differs in the frameworks' own initializers, derived by hand.

From what each framework's source counts as fans, beside the fans that the layers have, and from its
documentation.
"""

import tomllib
from importlib.resources import files

from initspec_conformance.expected.tables import weights

COUNTED = {
    # torch/nn/init.py, _calculate_fan_in_and_fan_out: size(1) and size(0), times the rest.
    "torch": {
        "torch Linear(20, 48)": (20, 48),
        "torch Linear(1000, 1000)": (1000, 1000),
        "torch Conv1d(6, 8, 5)": (30, 40),
        "torch Conv2d(6, 8, (3, 5))": (90, 120),
        "torch Conv3d(6, 4, (2, 3, 5))": (180, 120),
        "torch Conv2d(32, 64, 3, groups=4)": (72, 576),
        "torch depthwise Conv2d(32, 32, 3, groups=32)": (9, 288),
        "torch ConvTranspose2d(32, 64, 3)": (576, 288),
        "torch ConvTranspose2d(32, 64, 3, groups=4)": (144, 288),
        "torch MultiheadAttention(64, 4).in_proj_weight": (64, 192),
        "torch LSTM(10, 16).weight_ih_l0": (10, 64),
        "torch LSTM(10, 16).weight_hh_l0": (16, 64),
        "Embedding(100, 12)": (12, 100),
        "mixture of 5 experts, 6 to 8": (48, 40),
    },
    # keras/src/initializers/random_initializers.py, compute_fans: shape[-2] and shape[-1], times
    # the rest; a vector's length is both.
    "keras": {
        "Keras Dense(48) on 20": (20, 48),
        "Keras Dense(1000) on 1000": (1000, 1000),
        "Keras Conv1D(8, 5) on 6": (30, 40),
        "Keras Conv2D(8, (3, 5)) on 6": (90, 120),
        "Keras Conv3D(4, (2, 3, 5)) on 6": (180, 120),
        "Keras Conv2D(64, 3, groups=4) on 32": (72, 576),
        "Keras DepthwiseConv2D(3) on 32": (288, 9),
        "Keras Conv2DTranspose(64, 3) on 32": (576, 288),
        "Keras LSTM(16) kernel on 10": (10, 64),
        "Keras LSTM(16) recurrent kernel": (16, 64),
        "Keras MultiHeadAttention(4, 16) query kernel on 64": (256, 1024),
        "Keras MultiHeadAttention(4, 16) output kernel to 40": (64, 160),
        "Embedding(100, 12)": (100, 12),
        "mixture of 5 experts, 6 to 8": (30, 40),
        "bias of Linear(512, 48)": (48, 48),
    },
    # jax/_src/nn/initializers.py, _compute_fans: shape[-2] and shape[-1], times the rest.
    "jax": {
        "flax Dense(48) on 20": (20, 48),
        "flax Dense(1000) on 1000": (1000, 1000),
        "flax Conv(8, (5,)) on 6": (30, 40),
        "flax Conv(8, (3, 5)) on 6": (90, 120),
        "flax Conv(4, (2, 3, 5)) on 6": (180, 120),
        "flax Conv(64, (3, 3), feature_group_count=4) on 32": (72, 576),
        "flax Conv(32, (3, 3), feature_group_count=32) on 32": (9, 288),
        "flax ConvTranspose(64, (3, 3)) on 32": (288, 576),
        "Embedding(100, 12)": (100, 12),
        "mixture of 5 experts, 6 to 8": (30, 40),
    },
}
"""The fans that each framework counts."""

RULES = {
    "torch": {
        "torch.nn.init.xavier_normal_(w)": "fan_avg",
        "torch.nn.init.xavier_uniform_(w)": "fan_avg",
        "torch.nn.init.kaiming_normal_(w)": "fan_in",
        "torch.nn.init.kaiming_uniform_(w)": "fan_in",
        "torch.nn.init.kaiming_normal_(w, mode='fan_out')": "fan_out",
        "torch.nn.init.kaiming_uniform_(w, mode='fan_out')": "fan_out",
    },
    "keras": {
        "keras.initializers.HeNormal()": "fan_in",
        "keras.initializers.HeUniform()": "fan_in",
        "keras.initializers.GlorotNormal()": "fan_avg",
        "keras.initializers.GlorotUniform()": "fan_avg",
        "keras.initializers.LecunNormal()": "fan_in",
        "keras.initializers.LecunUniform()": "fan_in",
        "keras.initializers.VarianceScaling(scale=2.0, mode='fan_out', "
        "distribution='untruncated_normal')": "fan_out",
    },
    "jax": {
        "jax.nn.initializers.he_normal()": "fan_in",
        "jax.nn.initializers.he_uniform()": "fan_in",
        "jax.nn.initializers.glorot_normal()": "fan_avg",
        "jax.nn.initializers.glorot_uniform()": "fan_avg",
        "jax.nn.initializers.lecun_normal()": "fan_in",
        "jax.nn.initializers.lecun_uniform()": "fan_in",
        "jax.nn.initializers.variance_scaling(scale=2.0, mode='fan_out', "
        "distribution='normal')": "fan_out",
    },
}
"""The fan that each function divides by."""

NAMED = "truncated_normal(std=0.02)"
"""What trunc_normal_(std=0.02) says that it is."""

OTHERS = {
    "torch": {
        # Its bounds are absolute: 100 standard deviations away.
        ("torch.nn.init.trunc_normal_(w, std=0.02)", NAMED): (
            "support",
            ("torch Linear(20, 48)", "torch Linear(1000, 1000)"),
        ),
        # It flattens to size(0) x the rest: right where these are outputs and inputs of one layer,
        # and of a group whose outputs are no more than its inputs.
        ("torch.nn.init.orthogonal_(w)", "orthogonal"): (
            "orthogonality",
            (
                "torch depthwise Conv2d(32, 32, 3, groups=32)",
                "torch ConvTranspose2d(32, 64, 3)",
                "torch ConvTranspose2d(32, 64, 3, groups=4)",
                "torch MultiheadAttention(64, 4).in_proj_weight",
                "torch LSTM(10, 16).weight_ih_l0",
                "torch LSTM(10, 16).weight_hh_l0",
                "Embedding(100, 12)",
                "mixture of 5 experts, 6 to 8",
            ),
        ),
        # Four groups of 16 outputs out of one orthogonal matrix: at right angles to each other.
        ("torch.nn.init.orthogonal_(w)", "orthogonal", "groups"): (
            "haar_neighbours",
            ("torch Conv2d(32, 64, 3, groups=4)",),
        ),
        # torch.randperm without the generator.
        (
            "torch.nn.init.sparse_(w, sparsity=0.9)",
            "sparse(sparsity=0.9, std=0.01, along=out)",
        ): ("reproducible", ("torch Linear(20, 48)",)),
        # The tap size // 2 of a kernel of 2 x 3 x 5.
        ("torch.nn.init.dirac_(w)", "dirac"): ("fixed", ("torch Conv3d(6, 4, (2, 3, 5))",)),
        # xavier_uniform_ on the fused weight: fans 64 and 192.
        ("torch.nn.MultiheadAttention(...).in_proj_weight", "glorot_uniform"): (
            "variance",
            ("torch MultiheadAttention(64, 4).in_proj_weight",),
        ),
    },
    "keras": {
        ("keras.initializers.TruncatedNormal(stddev=0.02)", NAMED): (
            "variance",
            ("Keras Dense(48) on 20",),
        ),
        ("keras.initializers.HeNormal()", "he_normal"): (
            "tails",
            ("Keras Dense(48) on 20", "Keras Dense(1000) on 1000"),
        ),
        # It flattens to the rest x shape[-1].
        ("keras.initializers.Orthogonal()", "orthogonal"): (
            "orthogonality",
            (
                "Keras DepthwiseConv2D(3) on 32",
                "Keras Conv2DTranspose(64, 3) on 32",
                "Keras LSTM(16) kernel on 10",
                "Keras LSTM(16) recurrent kernel",
                "Keras MultiHeadAttention(4, 16) query kernel on 64",
                "Embedding(100, 12)",
                "mixture of 5 experts, 6 to 8",
            ),
        ),
        ("keras.initializers.Orthogonal()", "orthogonal", "groups"): (
            "haar_neighbours",
            ("Keras Conv2D(64, 3, groups=4) on 32",),
        ),
        # Glorot takes the average: (72 + 576) / 2, (288 + 9) / 2, (10 + 64) / 2. A transposed
        # kernel has its fans the other way round, and the right average.
        ("keras.layers.Conv2D(..., groups=4): kernel", "glorot_uniform"): (
            "variance",
            ("Keras Conv2D(64, 3, groups=4) on 32",),
        ),
        ("keras.layers.DepthwiseConv2D(...): kernel", "glorot_uniform"): (
            "variance",
            ("Keras DepthwiseConv2D(3) on 32",),
        ),
        ("keras.layers.LSTM(...): kernel", "glorot_uniform"): (
            "variance",
            ("Keras LSTM(16) kernel on 10",),
        ),
        ("keras.layers.LSTM(...): recurrent kernel", "orthogonal"): (
            "orthogonality",
            ("Keras LSTM(16) recurrent kernel",),
        ),
        (
            "init = keras.initializers.HeNormal(); two Dense(48, kernel_initializer=init)",
            "he_truncated_normal",
        ): ("copies", ("two Keras Dense(48) on 20",)),
    },
    "jax": {
        ("jax.nn.initializers.truncated_normal(stddev=0.02)", NAMED): (
            "variance",
            ("flax Dense(48) on 20",),
        ),
        ("jax.nn.initializers.he_normal()", "he_normal"): (
            "tails",
            ("flax Dense(48) on 20", "flax Dense(1000) on 1000"),
        ),
        # It flattens to the rest x shape[-1]. flax stores a transposed kernel as any other, and
        # the gates of an LSTM apart.
        ("jax.nn.initializers.orthogonal()", "orthogonal"): (
            "orthogonality",
            (
                "flax Conv(32, (3, 3), feature_group_count=32) on 32",
                "Embedding(100, 12)",
                "mixture of 5 experts, 6 to 8",
            ),
        ),
        ("jax.nn.initializers.orthogonal()", "orthogonal", "groups"): (
            "haar_neighbours",
            ("flax Conv(64, (3, 3), feature_group_count=4) on 32",),
        ),
    },
}
"""What differs in float32 beside the fans: (line, spec) -> (check, layers)."""


def _true_fans():
    text = (files("initspec_conformance.expected") / "layers.toml").read_text("utf-8")
    rows = tomllib.loads(text)["weight"]
    return {weight.name: weight.fans for weight in weights()} | {
        row["name"]: tuple(row["fans"]) for row in rows
    }


def _fan(fans, mode):
    return {"fan_in": fans[0], "fan_out": fans[1], "fan_avg": sum(fans) / 2}[mode]


def expected(place):
    """Return what differs in float32, (line, spec, layer) -> check."""
    framework = place.partition("-")[0]
    found = {
        (line, spec, layer): check
        for (line, spec, *_), (check, where) in OTHERS[framework].items()
        for layer in where
    }
    true = _true_fans()
    for line, mode in RULES[framework].items():
        for layer, counted in COUNTED[framework].items():
            if _fan(counted, mode) != _fan(true[layer], mode):
                found[line, None, layer] = "variance"
    return found
