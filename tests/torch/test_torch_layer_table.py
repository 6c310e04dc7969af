"""The layer table of torch against torch.nn itself: every class, built anew."""

import pytest
import torch
from torch import nn

from initspec.backend import read_layers
from tests.layer_tables import check_layer, classes

TABLE = read_layers("initspec_torch")

LAYERS = {
    "linear": lambda: nn.Linear(300, 200),
    "transformers": lambda: pytest.importorskip("transformers.pytorch_utils").Conv1D(200, 300),
    "bilinear": lambda: nn.Bilinear(60, 20, 80),
    **{f"conv{n}d": lambda n=n: getattr(nn, f"Conv{n}d")(32, 64, 3) for n in (1, 2, 3)},
    "grouped": lambda: nn.Conv2d(32, 64, 3, groups=4),
    "depthwise": lambda: nn.Conv2d(512, 512, 3, groups=512),
    **{f"transposed{n}d": lambda n=n: getattr(nn, f"ConvTranspose{n}d")(32, 64, 3, groups=4)
       for n in (1, 2, 3)},
    "embedding": lambda: nn.Embedding(1000, 64),
    "padded": lambda: nn.Embedding(1000, 64, padding_idx=3),
    "bag": lambda: nn.EmbeddingBag(1000, 64, padding_idx=0),
    "rnn": lambda: nn.RNN(40, 50, num_layers=2, bidirectional=True),
    "lstm": lambda: nn.LSTM(40, 50, num_layers=2, proj_size=20),
    "gru": lambda: nn.GRU(40, 50, bidirectional=True),
    "rnn_cell": lambda: nn.RNNCell(40, 50),
    "lstm_cell": lambda: nn.LSTMCell(40, 50),
    "gru_cell": lambda: nn.GRUCell(40, 50),
    "attention": lambda: nn.MultiheadAttention(64, 4, add_bias_kv=True),
    "cross": lambda: nn.MultiheadAttention(64, 4, kdim=32, vdim=48),
    **{f"batch{n}d": lambda n=n: getattr(nn, f"BatchNorm{n}d")(16) for n in (1, 2, 3)},
    **{f"instance{n}d": lambda n=n: getattr(nn, f"InstanceNorm{n}d")(16, affine=True)
       for n in (1, 2, 3)},
    "sync": lambda: nn.SyncBatchNorm(16),
    "layer_norm": lambda: nn.LayerNorm((4, 16)),
    "group_norm": lambda: nn.GroupNorm(4, 16),
    "rms_norm": lambda: nn.RMSNorm(16),
    "prelu": lambda: nn.PReLU(3),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_a_built_layer_is_its_row(name):
    """Names, shapes and what the parameters start with are those of the table."""
    torch.manual_seed(0)
    layer = LAYERS[name]()
    values = {path: value.detach().numpy() for path, value in layer.named_parameters()}
    row = check_layer(TABLE, classes(layer), values, vars(layer))
    assert type(layer).__name__ in row.classes


def test_every_class_of_the_table_is_built_here():
    """No row goes untested."""
    pytest.importorskip("transformers")
    built = {type(make()).__name__ for make in LAYERS.values()}
    assert built == {name for row in TABLE.layers for name in row.classes}


def test_subclasses_inherit_and_strangers_are_unknown():
    """A row is for what derives from its class, too."""

    class Own(nn.Linear):
        pass

    assert TABLE.find(classes(Own(2, 3))) is TABLE.find(["Linear"])
    assert TABLE.find(classes(nn.ReLU())) is None


@pytest.mark.parametrize(
    ("layer", "path", "axes"),
    [
        (nn.Conv2d(32, 64, 3, groups=4), "bias", "(stack=4 out) [in=8 kernel=9]"),
        (nn.Linear(512, 48), "bias", "out [in=512]"),
        (nn.ConvTranspose1d(8, 6, 5), "bias", "out [in=8 kernel=5]"),
        (nn.LSTM(10, 16), "bias_hh_l0", "(stack=4 out) [in=16]"),
        (nn.MultiheadAttention(64, 4), "in_proj_bias", "(stack=3 out) [in=64]"),
        (nn.MultiheadAttention(64, 4, kdim=8, vdim=8), "in_proj_bias", "(stack=3 out)"),
        (nn.Conv1d(4, 6, 5), "weight", "out in kernel..."),
    ],
)
def test_axes_are_the_true_ones(layer, path, axes):
    """A bias has the other side of its weight as counts; one group is none."""
    shapes = {name: tuple(value.shape) for name, value in layer.named_parameters()}
    row = TABLE.find(classes(layer))
    assert str(row.axes(path, shapes, vars(layer))) == axes


def test_a_wrong_table_is_seen():
    """This file can fail: at another std and at another name."""
    values = {"weight": 1.05 * nn.Linear(300, 200).weight.detach().numpy()}
    with pytest.raises(AssertionError):
        check_layer(TABLE, ["Linear"], values)
    with pytest.raises(AssertionError, match="not in the table"):
        check_layer(TABLE, ["Linear"], {"kernel": values["weight"]})
