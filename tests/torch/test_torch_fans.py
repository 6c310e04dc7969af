"""The fans of torch's layers against automatic differentiation, which has no table of layers.

An inner element of the output is touched by fan_in weights: those with a derivative of it. An
inner element of the input touches fan_out weights: those with a derivative of the sum of the
outputs by that element. Where a layer is not linear, the second is taken at an input of zeros,
where a weight has no other part in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from initspec.backend import read_layers
from initspec.models.owner import parameters

Call = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class Case:
    """A weight of a layer, and how to reach it.

    Attributes:
        make: builds the layer.
        path: the weight.
        inputs: the shapes of the inputs of `call`.
        call: computes the output of the layer.
        by: the inputs that the weight multiplies, each of which is differentiated by.
        gates: the members of a stack that each output sums over.
        biases: those of the same fans.
        rows: the first and the end of the rows that the inputs meet.
    """

    make: Callable[[], nn.Module]
    path: str
    inputs: tuple[tuple[int, ...], ...]
    call: Call = lambda layer, *inputs: layer(*inputs)
    by: tuple[int, ...] = (0,)
    gates: int = 1
    biases: tuple[str, ...] = ("bias",)
    rows: tuple[int, int | None] = (0, None)


def middle(tensor: torch.Tensor) -> torch.Tensor:
    """Return an element with neighbours on every side, where there are any."""
    return tensor[tuple(size // 2 for size in tensor.shape)]


def fans(case: Case, layer: nn.Module) -> tuple[int, int]:
    """Count the weights that touch one output, and those that one input touches."""
    weight = layer.get_parameter(case.path)
    inputs = [torch.randn(shape, dtype=torch.float64) for shape in case.inputs]
    (touching,) = torch.autograd.grad(middle(case.call(layer, *inputs)), weight)
    for position in case.by:
        inputs[position] = torch.zeros_like(inputs[position], requires_grad=True)
    effect = case.call(layer, *inputs).sum()
    for position in case.by:
        (slope,) = torch.autograd.grad(effect, inputs[position], create_graph=True)
        effect = middle(slope)
    (touched,) = torch.autograd.grad(effect, weight)
    rows = slice(*case.rows)
    return int((touching[rows] != 0).sum()), int((touched[rows] != 0).sum())


def conv(dims: int, transposed: bool = False, **settings: object) -> Case:
    kind = getattr(nn, f"Conv{'Transpose' if transposed else ''}{dims}d")
    kernel = (3, 5, 2)[:dims]
    return Case(lambda: kind(8, 12, kernel, **settings), "weight", ((1, 8, *[19] * dims),))


def token(layer: nn.Module, here: torch.Tensor) -> torch.Tensor:
    return layer(torch.tensor([[3]])) * here


def step(layer: nn.Module, x: torch.Tensor, h: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """Run one step of a recurrent layer or cell."""
    lstm = isinstance(layer, nn.LSTM | nn.LSTMCell)
    return layer(x, (h, c) if lstm else h)[0]


def recurrent(kind: type, gates: int, hidden: bool) -> Case:
    suffix = "" if kind.__name__.endswith("Cell") else "_l0"
    name = ("ih", "hh")[hidden]
    inputs, bias = ((1, 6), (1, 5), (1, 5)), f"bias_{name}{suffix}"
    make = lambda: kind(6, 5)  # noqa: E731
    return Case(make, f"weight_{name}{suffix}", inputs, step, (int(hidden),), gates, (bias,))


def cell(layer: nn.Module, *inputs: torch.Tensor) -> torch.Tensor:
    """Return the cells of an LSTM, which no projection mixes; the output gate has no part in it."""
    x, h, c = inputs
    return layer(x, (h, c))[1][1]


def projected(name: str, call: Call, by: int, gates: int) -> Case:
    biases = () if name == "hr" else (f"bias_{name}_l0",)
    inputs = ((1, 6), (1, 3), (1, 5))
    make = lambda: nn.LSTM(6, 5, proj_size=3)  # noqa: E731
    return Case(make, f"weight_{name}_l0", inputs, call, (by,), gates, biases)


def attend(layer: nn.Module, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Attend with heads of size 1, and an output projection that changes nothing."""
    with torch.no_grad():
        layer.out_proj.weight.copy_(torch.eye(8))
    return layer(q, k, v)[0]


def attention(position: int, path: str, **settings: int) -> Case:
    sizes = (8, settings.get("kdim", 8), settings.get("vdim", 8))
    inputs = tuple(zip((1, 4, 4), sizes, strict=True))
    packed = path == "in_proj_weight"
    rows = (8 * position, 8 * position + 8) if packed else (0, None)
    biases = ("in_proj_bias",) if packed else ()
    make = lambda: nn.MultiheadAttention(8, 8, **settings)  # noqa: E731
    return Case(make, path, inputs, attend, (position,), 1, biases, rows)


def mix(layer: nn.Module, values: torch.Tensor) -> torch.Tensor:
    """Attend to one key, so that the values come to the output projection as they are."""
    with torch.no_grad():
        layer.in_proj_weight[-8:].copy_(torch.eye(8))
    return layer(values, values, values)[0]


CASES = {
    "Linear": Case(lambda: nn.Linear(6, 9), "weight", ((1, 6),)),
    "Bilinear": Case(lambda: nn.Bilinear(3, 5, 7), "weight", ((1, 3), (1, 5)), by=(0, 1)),
    **{f"Conv{n}d": conv(n) for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": conv(n, True) for n in (1, 2, 3)},
    **{f"Conv{n}d grouped": conv(n, groups=2, dilation=2) for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d grouped": conv(n, True, groups=2, dilation=2) for n in (1, 2, 3)},
    "Conv2d depthwise": conv(2, groups=4, padding="same"),
    "Embedding": Case(lambda: nn.Embedding(9, 5), "weight", ((1,),), token),
    "EmbeddingBag": Case(lambda: nn.EmbeddingBag(9, 5), "weight", ((1,),), token),
    **{
        f"{kind.__name__} {'hidden' if hidden else 'input'}": recurrent(kind, gates, hidden)
        for kind, gates in [
            *((nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)),
            *((nn.RNNCell, 1), (nn.GRUCell, 3), (nn.LSTMCell, 4)),
        ]
        for hidden in (False, True)
    },
    "LSTM projected input": projected("ih", cell, 0, 3),
    "LSTM projected hidden": projected("hh", cell, 1, 3),
    "LSTM projection": projected("hr", step, 2, 1),
    **{f"MultiheadAttention {i}": attention(i, "in_proj_weight") for i in range(3)},
    **{
        f"MultiheadAttention {name}": attention(i, f"{name}_proj_weight", kdim=6, vdim=10)
        for i, name in enumerate("qkv")
    },
    "MultiheadAttention out": Case(
        lambda: nn.MultiheadAttention(8, 2), "out_proj.weight", ((1, 8),), mix,
        biases=("out_proj.bias",),
    ),
    "Conv1D": Case(
        lambda: pytest.importorskip("transformers.pytorch_utils").Conv1D(9, 6), "weight", ((1, 6),)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_fans_are_the_weights_that_touch(name: str) -> None:
    """The axes of the table have the fans that automatic differentiation counts."""
    case = CASES[name]
    torch.manual_seed(0)
    layer = case.make().double()
    weight, *biases = (
        next(parameter for parameter in parameters(layer) if parameter.path == path)
        for path in (case.path, *(bias for bias in case.biases if hasattr(layer, bias)))
    )
    fan_in, fan_out = weight.axes.layout(weight.shape).fans
    assert fans(case, layer) == (case.gates * fan_in, case.gates * fan_out)
    for bias in biases:
        assert bias.axes.layout(bias.shape).fans == (fan_in, fan_out), bias.path


def test_every_kernel_of_the_table_is_here() -> None:
    """No layer class with fans goes uncounted."""
    kinds = ("kernel", "recurrent_kernel", "embedding")
    rows = [
        name
        for row in read_layers("initspec_torch").layers
        for name in row.classes
        if any(parameter.role in kinds for parameter in row.parameters.values())
    ]
    assert {name.split()[0] for name in CASES} >= set(rows)
