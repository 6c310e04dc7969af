"""Rows about fans: the number that the framework divides by, beside the true one."""

from __future__ import annotations

from collections.abc import Callable

from docs.measured.disagreements import charts
from docs.measured.disagreements.results import Numbers
from docs.measured.disagreements.rows.base import Measured, Row, check, github
from docs.measured.places import PLACES

Fans = tuple[int, int]


def _numbers(fans: list[float]) -> str:
    return f"{fans[0]:.0f}, {fans[1]:.0f}"


def _shape(n: Numbers) -> str:
    return " x ".join(map(str, n["shape"]))


def _contradictions(expected: dict[str, Fans]) -> Callable[[str, Numbers], list[str]]:
    def departs(place: str, n: Numbers) -> list[str]:
        wanted = expected[place.partition("-")[0]]
        near = all(abs(a / b - 1) < 1e-3 for a, b in zip(n["fans"], wanted, strict=True))
        return check(**{f"{place} counts {wanted}": near})

    return departs


def _finding(true: Fans, places: tuple[str, ...]) -> Callable[[Measured], str]:
    def finding(measured: Measured) -> str:
        used = "; ".join(f"{PLACES[p].title} ({_numbers(measured[p]['fans'])})" for p in places)
        return f"{used.replace(' on TensorFlow', '')}. True: ({true[0]}, {true[1]})"

    return finding


def _picture(true: Fans, what: str, places: tuple[str, ...]) -> Callable[[Measured], str]:
    def picture(measured: Measured) -> str:
        groups = []
        for i, fan in enumerate(("fan_in", "fan_out")):
            used = [
                charts.Bar(
                    place,
                    f"{PLACES[place].title.replace(' on TensorFlow', '')}, weight {_shape(measured[place])}",
                    measured[place]["fans"][i],
                    f"{measured[place]['fans'][i]:.0f}",
                )
                for place in places
            ]
            groups.append((fan, [charts.Bar("", "true", true[i], str(true[i])), *used]))
        return charts.bars(f"Fans of {what}: true, and as counted.", groups)

    return picture


GROUPED = Row(
    id="grouped",
    title="Grouped convolution: fan_out counts outputs that no input reaches",
    summary=_finding((72, 144), ("torch", "keras-tensorflow", "jax")),
    text=lambda f: (
        "In a convolution of 32 to 64 channels, 3 x 3, with 4 groups, each input reaches the 16 "
        "outputs of its own group: fan_out is 16 * 9 = 144. torch, Keras and JAX see one weight of "
        f"shape {_shape(f['torch'])} ({_shape(f['jax'])} in Keras and flax) and count all 64. With "
        '`mode="fan_out"` the weights come out half as large as they should.'
    ),
    contradictions=_contradictions({"torch": (72, 576), "keras": (72, 576), "jax": (72, 576)}),
    picture=_picture((72, 144), "a grouped convolution", ("torch", "keras-tensorflow", "jax")),
    code=(
        """
import torch
from initspec import InitSpec

layer = torch.nn.Conv2d(32, 64, 3, groups=4)

torch.nn.init.kaiming_normal_(layer.weight, mode="fan_out")
assert abs(layer.weight.std() / (2 / 576) ** 0.5 - 1) < 0.1  # half of sqrt(2 / 144)

he = InitSpec.he_normal(mode="fan_out")
he.to_torch("(stack=4 out) in kernel kernel")(layer.weight)
assert abs(layer.weight.std() / (2 / 144) ** 0.5 - 1) < 0.1
""",
    ),
    right='InitSpec.he_normal(mode="fan_out").to_torch("(stack=4 out) in kernel kernel")',
    links=(github("pytorch/pytorch", 23854), github("huggingface/pytorch-image-models", 84)),
)

DEPTHWISE = Row(
    id="depthwise",
    title="Depthwise convolution: Keras' `he_normal` is 5.7 times too small",
    summary=_finding((9, 9), ("torch", "keras-tensorflow", "jax")),
    text=lambda f: (
        "Each of 32 channels is convolved with its own 3 x 3 kernel: one output sees 9 numbers, "
        "fan_in is 9, and so is fan_out. Keras reads its kernel "
        f"({_shape(f['keras-tensorflow'])}) as 32 inputs and counts fan_in 288, so that `he_normal` "
        f"is sqrt(32) = {(f['keras-tensorflow']['fans'][0] / 9) ** 0.5:.1f} times too small. torch "
        f"({_shape(f['torch'])}) and flax ({_shape(f['jax'])}) have fan_in right and count fan_out "
        "288."
    ),
    contradictions=_contradictions({"torch": (9, 288), "keras": (288, 9), "jax": (9, 288)}),
    picture=_picture((9, 9), "a depthwise convolution", ("torch", "keras-tensorflow", "jax")),
    code=(
        """
import keras
from initspec import InitSpec


def standard_deviation(initializer):
    layer = keras.layers.DepthwiseConv2D(3, depthwise_initializer=initializer)
    layer.build((None, 8, 8, 512))
    return float(keras.ops.std(layer.kernel))


true = (2 / 9) ** 0.5
assert standard_deviation("he_normal") < true / 20  # sqrt(512) = 22.6
he = InitSpec.he_normal().to_keras("kernel kernel stack out")
assert abs(standard_deviation(he) / true - 1) < 0.1
""",
    ),
    right='InitSpec.he_normal().to_keras("kernel kernel stack out")',
    links=(
        github("pytorch/pytorch", 23854),
        github("keras-team/keras", 11773),
        github("tensorflow/tfjs", 8568),
    ),
)

TRANSPOSED = Row(
    id="transposed",
    title="Transposed convolution: fan_in and fan_out change places",
    summary=_finding((288, 576), ("torch", "keras-tensorflow", "jax")),
    text=lambda f: (
        "A transposed convolution of 32 to 64 channels, 3 x 3, has fan_in 32 * 9 = 288 and fan_out "
        f"64 * 9 = 576. torch stores it as {_shape(f['torch'])} and Keras as "
        f"{_shape(f['keras-tensorflow'])}, inputs and outputs the other way round than in a "
        "convolution, and both count as if it were one. flax stores it as "
        f"{_shape(f['jax'])} and is right. (Strides larger than 1 lower the number of inputs that "
        "an output sees further; no framework counts that, and neither do we.)"
    ),
    contradictions=_contradictions({"torch": (576, 288), "keras": (576, 288), "jax": (288, 576)}),
    picture=_picture((288, 576), "a transposed convolution", ("torch", "keras-tensorflow", "jax")),
    code=(
        """
import torch
from initspec import InitSpec

layer = torch.nn.ConvTranspose2d(32, 64, 3)

torch.nn.init.kaiming_normal_(layer.weight)
assert abs(layer.weight.std() / (2 / 576) ** 0.5 - 1) < 0.1  # fan_out, not fan_in

InitSpec.he_normal().to_torch("in out kernel...")(layer.weight)
assert abs(layer.weight.std() / (2 / 288) ** 0.5 - 1) < 0.1
""",
    ),
    right='InitSpec.he_normal().to_torch("in out kernel...")  # in Keras `to_keras("kernel... out in")`',
    links=(github("pytorch/pytorch", 7865), github("tensorflow/tensorflow", 31192)),
)

ATTENTION = Row(
    id="attention",
    title="Fused attention projection: torch sees one layer of 64 to 192",
    summary=_finding((64, 64), ("torch",)),
    text=lambda f: (
        "`torch.nn.MultiheadAttention(64, 4)` keeps the query, key and value projections in one "
        f"weight, {_shape(f['torch'])}, and fills it with `xavier_uniform_`: fans 64 and 192. Each "
        "projection is 64 to 64. The layer starts with a standard deviation of "
        f"{f['torch']['std']:.4f}, where three separate projections have "
        f"{f['torch']['std_alone']:.4f}: sqrt(2) smaller, for no reason but storage."
    ),
    contradictions=_contradictions({"torch": (64, 192)}),
    picture=_picture((64, 64), "a fused in-projection", ("torch",)),
    code=(
        """
import torch
from initspec import InitSpec

layer = torch.nn.MultiheadAttention(64, 4)
assert layer.in_proj_weight.abs().max() < 0.154  # sqrt(6 / (64 + 192))

InitSpec.glorot_uniform().to_torch("(stack=3 out) in")(layer.in_proj_weight)
assert layer.in_proj_weight.abs().max() > 0.21  # sqrt(6 / (64 + 64)) = 0.2165
""",
    ),
    right='InitSpec.glorot_uniform().to_torch("(stack=3 out) in")',
    links=(github("pytorch/pytorch", 166378), github("NVIDIA/apex", 910)),
)


def _query_contradictions(place: str, n: Numbers) -> list[str]:
    handed_over = all(abs(used / 64 - 1) < 1e-3 for used in n["in_layer"])
    return [
        *_contradictions({"keras": (256, 1024)})(place, n),
        *check(the_layer_hands_over_fans_of_64_and_64=handed_over),
    ]


QUERY = Row(
    id="query",
    title="Keras' attention kernels are read as convolutions, unless the layer says otherwise",
    summary=lambda f: (
        f"called on the kernel: ({_numbers(f['keras-tensorflow']['fans'])}); in the layer, since "
        f"Keras 3.15: ({_numbers(f['keras-tensorflow']['in_layer'])}). True: (64, 64)"
    ),
    text=lambda f: (
        "The query kernel of `keras.layers.MultiHeadAttention(4, 16)` on 64 features has the shape "
        f"{_shape(f['keras-tensorflow'])}: 64 inputs, 4 heads of 16 outputs. An initializer of Keras "
        "takes the first axis for a receptive field and the second for the inputs: fans "
        f"{_numbers(f['keras-tensorflow']['fans'])}. True: 64, 64. With the default Glorot rule the "
        "weights are sqrt(1280 / 128) = 3.2 times too small. Up to Keras 3.14 the layer itself "
        "started so. Since 3.15 it tells `VarianceScaling` and what derives from it which axes are "
        "which, and there the layer is right (measured: "
        f"{_numbers(f['keras-tensorflow']['in_layer'])}). Nobody tells `Orthogonal`, an initializer "
        "of your own, or one that fills such a weight outside of `EinsumDense`."
    ),
    contradictions=_query_contradictions,
    picture=_picture((64, 64), "an attention layer's query kernel", ("keras-tensorflow",)),
    code=(
        """
import keras
from initspec import InitSpec


def furthest(kernel):
    return float(keras.ops.max(keras.ops.abs(kernel)))


default = keras.initializers.GlorotUniform()
assert furthest(default((64, 4, 16))) < 0.0685  # sqrt(6 / 1280)

layer = keras.layers.MultiHeadAttention(4, 16, kernel_initializer=default)
layer.build((None, 5, 64), (None, 5, 64))
assert furthest(layer.weights[0]) > 0.21  # the layer tells it the axes: sqrt(6 / 128) = 0.2165

glorot = InitSpec.glorot_uniform().to_keras("in out out")
assert furthest(glorot((64, 4, 16))) > 0.21  # right, whoever calls it
""",
    ),
    right='InitSpec.glorot_uniform().to_keras("in out out")',
)

ROWS = (GROUPED, DEPTHWISE, TRANSPOSED, ATTENTION, QUERY)
