"""Rows about structure: orthogonality, masks, and draws that should differ."""

from __future__ import annotations

from docs.measured.disagreements import charts
from docs.measured.disagreements.measure.numbers import DTYPES
from docs.measured.disagreements.results import Numbers
from docs.measured.disagreements.rows.base import Measured, Row, check, github
from docs.measured.places import PLACES


def _recurrent_contradictions(place: str, n: Numbers) -> list[str]:
    if place == "jax":
        return check(each_gate_is_orthogonal=max(n["errors"]) < 1e-5)
    return check(no_gate_is_orthogonal=min(n["errors"]) > 0.5)


def _recurrent_picture(measured: Measured) -> str:
    groups = []
    for place, title in (
        ("keras-tensorflow", "keras.layers.LSTM(16), as it starts"),
        ("torch", "torch.nn.LSTM(10, 16), orthogonal_ on weight_hh_l0"),
        ("jax", "flax OptimizedLSTMCell(16), as it starts"),
    ):
        errors = measured[place]["errors"]
        shown = [
            charts.Bar(place, f"gate {i}", e, f"{e:.2f}" if e > 0.001 else f"{e:.0e}")
            for i, e in enumerate(errors, 1)
        ]
        groups.append((title, shown))
    return charts.bars("How far each gate of an LSTM is from orthogonal.", groups)


RECURRENT = Row(
    id="recurrent",
    title="LSTM: the recurrent kernel is orthogonal, its gates are not",
    summary=lambda f: (
        f"error of a gate: Keras {max(f['keras-tensorflow']['errors']):.1f}, torch "
        f"{max(f['torch']['errors']):.1f}, flax {max(f['jax']['errors']):.0e}"
    ),
    text=lambda f: (
        "An LSTM multiplies its state by four matrices, one for each gate. Keras makes the fused "
        "kernel [16, 64] orthogonal: its 16 rows are, but no 16 x 16 gate is. The largest entry of "
        f"G^T G - I is {max(f['keras-tensorflow']['errors']):.2f}. `orthogonal_` on torch's "
        f"`weight_hh_l0` does the same ({max(f['torch']['errors']):.2f}). flax keeps the gates "
        f"apart, and each is orthogonal to {max(f['jax']['errors']):.0e}."
    ),
    contradictions=_recurrent_contradictions,
    picture=_recurrent_picture,
    code=(
        """
import keras
import numpy as np
from initspec import InitSpec


def error(recurrent_initializer):
    layer = keras.layers.LSTM(16, recurrent_initializer=recurrent_initializer)
    layer.build((None, 5, 10))
    gate = keras.ops.convert_to_numpy(layer.cell.recurrent_kernel)[:, :16]
    return np.abs(gate.T @ gate - np.eye(16)).max()


assert error("orthogonal") > 0.5
assert error(InitSpec.orthogonal().to_keras("in (stack=4 out)")) < 1e-5
""",
    ),
    right='InitSpec.orthogonal().to_keras("in (stack=4 out)")  # in torch `to_torch("(stack=4 out) in")`',
    links=(github("keras-team/keras", 9149), github("vwxyzjn/cleanrl", 358)),
)

SHARED = Row(
    id="shared",
    title="One Keras initializer object on two layers gives equal weights",
    summary=lambda f: "two layers of one unseeded `HeNormal()`: identical",
    text=lambda f: (
        "A Keras initializer draws its seed when it is made, and the same numbers whenever it is "
        "called with the same shape, `seed=None` or not. Two layers that were handed one object "
        "start out equal, and Keras 3 does not warn. What `to_keras()` returns carries a "
        "`SeedGenerator`, so each call is a new draw."
    ),
    contradictions=lambda place, n: check(the_kernels_are_equal=n["equal"]),
    picture=lambda f: charts.grids(
        "The kernels of two layers that share an initializer: the same numbers.",
        ("first layer", "second layer"),
        [[[v * 1.2 for v in row] for row in f["keras-tensorflow"]["kernel"]]] * 2,
        "an 8 x 8 HeNormal kernel: blue above 0, red below",
    ),
    code=(
        """
import keras
import numpy as np
from initspec import InitSpec


def kernels(initializer):
    layers = [keras.layers.Dense(8, kernel_initializer=initializer) for _ in range(2)]
    for layer in layers:
        layer.build((None, 8))
    return [keras.ops.convert_to_numpy(layer.kernel) for layer in layers]


assert np.array_equal(*kernels(keras.initializers.HeNormal()))
assert not np.array_equal(*kernels(InitSpec.he_truncated_normal().to_keras()))
""",
    ),
    right="InitSpec.he_truncated_normal().to_keras()",
    links=(github("keras-team/tf-keras", 432), github("lululxvi/deepxde", 2086)),
)


def _orthogonal_contradictions(place: str, n: Numbers) -> list[str]:
    return check(bfloat16_raises=n["bfloat16"] != "works", float32_works=n["float32"] == "works")


ORTHOGONAL = Row(
    id="orthogonal",
    title="No framework draws an orthogonal weight in bfloat16",
    summary=lambda f: "torch, Keras and JAX raise from inside a QR decomposition",
    text=lambda f: (
        "None of them has a QR decomposition in bfloat16, and none draws in float32 and rounds. "
        f"torch says `{f['torch']['bfloat16']}`. In float16 Keras on TensorFlow alone works."
    ),
    contradictions=_orthogonal_contradictions,
    picture=lambda f: charts.table(
        "In which dtypes orthogonal initializers work.",
        DTYPES,
        [
            *(
                (PLACES[place].title, [n[dtype] == "works" for dtype in DTYPES])
                for place, n in sorted(f.items())
            ),
            ("initspec on any of them", [True] * len(DTYPES)),
        ],
    ),
    code=(
        """
import torch
from initspec import InitSpec

weight = torch.empty(64, 64, dtype=torch.bfloat16)
try:
    torch.nn.init.orthogonal_(weight)
except NotImplementedError as error:
    print(error)  # "geqrf_cpu" not implemented

InitSpec.orthogonal().to_torch()(weight)
assert (weight.float() @ weight.float().T - torch.eye(64)).abs().max() < 0.01
""",
    ),
    right="InitSpec.orthogonal().to_torch()",
    links=(github("huggingface/transformers", 47225), github("jax-ml/jax", 30176)),
)

SPARSE = Row(
    id="sparse",
    title="torch's `sparse_(generator=g)` draws its zeros from somewhere else",
    summary=lambda f: f"{f['torch']['moved']} of 256 zeros move under the same generator",
    text=lambda f: (
        "`sparse_` takes a generator for its normal numbers, and places the zeros with the global "
        "one. Twice the same generator seed, with other work done in between, gives other zeros: "
        f"here {f['torch']['moved']} of 256 places change. A run that is seeded through generators "
        "cannot be repeated."
    ),
    contradictions=lambda place, n: check(zeros_move=n["moved"] > 0),
    picture=lambda f: charts.grids(
        "The zeros of two sparse weights drawn with the same generator seed: different.",
        ("first draw", "second, same generator"),
        [[[0.9 * v for v in row] for row in mask] for mask in f["torch"]["masks"]],
        "blue: zeros of a 16 x 16 weight, sparsity 0.5",
    ),
    code=(
        """
import torch
from initspec import InitSpec


def zeros(fill):
    torch.rand(7)  # somebody uses the global generator
    return fill(torch.empty(16, 16), torch.Generator().manual_seed(0)) == 0


def torch_sparse(weight, generator):
    return torch.nn.init.sparse_(weight, 0.5, generator=generator)


assert (zeros(torch_sparse) != zeros(torch_sparse)).any()

sparse = InitSpec.sparse(0.5, along="out").to_torch()
assert (zeros(sparse) == zeros(sparse)).all()
""",
    ),
    right='InitSpec.sparse(0.5, along="out").to_torch()',
    links=(("pytorch/pytorch#196941", "https://github.com/pytorch/pytorch/pull/196941"),),
)
