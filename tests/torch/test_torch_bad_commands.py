"""Bad input to the commands that take a model of torch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import bad_commands

pytest.importorskip("torch")

MODULE = """
import warnings
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 3), nn.Linear(3, 2)

net = Net

def with_weight(tensor):
    model = Net()
    model.a.weight = nn.Parameter(tensor, requires_grad=tensor.is_complex())
    return model

def lazy():
    return nn.Sequential(nn.LazyLinear(3))

def meta():
    with torch.device("meta"):
        return Net()

def integer():
    return with_weight(torch.zeros(3, 4, dtype=torch.int8))

def eight_bits():
    return with_weight(torch.zeros(3, 4).to(torch.float8_e4m3fn))

def complex_weight():
    return with_weight(torch.zeros(3, 4, dtype=torch.complex64))

def quantised():
    with warnings.catch_warnings(action="ignore"):
        return torch.ao.quantization.quantize_dynamic(Net(), {nn.Linear})

def parted():
    model = with_weight(torch.empty(0))
    model.a.weight.ds_shape = torch.Size((3, 4))
    return model

def flat():
    model = with_weight(torch.empty(12))
    model.a.weight._is_flat_param = True
    return model

def state():
    return Net().state_dict()

def module():
    return Net

instance = Net()
"""
ALL = tuple(bad_commands.COMMANDS)
WITH_RECIPE = bad_commands.WITH_RECIPE
FILLING = ("assign", "lock", "diff")
MODELS = {
    ("instance", "audit"): "instance is a model, a Net: name a function that returns it",
    ("lazy", *WITH_RECIPE, "verify"): "0.weight has no shape yet: run one forward pass",
    ("lazy", "coverage"): r"0.weight \(parameter\).*by a first forward pass",
    ("meta", "coverage"): r"on the meta device.*a.weight \(parameter\).*to_empty",
    ("meta", "verify"): "a.weight has no values yet: initialize the model first",
    ("integer", *FILLING): r"a.weight \(3, 4\).* int8: Rule\('keep', 'a.weight'\)",
    ("eight_bits", *FILLING): r"a.weight \(3, 4\).* float8_e4m3fn: Rule\('keep'",
    ("complex_weight", *WITH_RECIPE): "a.weight: dtype 'complex64': .*draw the real part",
    ("quantised", *FILLING): r"a.weight \(3, 4\), .*qint8: .*: initialize first, quantize after",
    ("quantised", "audit"): "no parameters of floats: there is nothing to audit",
    ("parted", *WITH_RECIPE, "verify"): "a.weight: .*ZeRO-3 holds in parts: fill it inside",
    ("flat", *WITH_RECIPE): "a.weight: a flat parameter .*summon_full_params",
    ("state", *ALL): "an? collections.OrderedDict is not a model of .*torch",
    ("module", *ALL): "the class bad_nets.Net is not a model of .*: pass the model itself",
}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folder of bad files, which the process stands in."""
    with bad_commands.folder(tmp_path_factory.mktemp("bad"), MODULE, "Linear"):
        yield


@pytest.mark.parametrize(("lines", "says"), [*bad_commands.cases("torch", "Linear", MODELS)])
def test_bad_input(lines: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, one message that says what to write, and no file."""
    bad_commands.hold(lines, says, capsys)
