"""That the methods of a tensor fill it by the law that `translate` reads."""

from __future__ import annotations

import pytest

from initspec.translate import translate
from tests import laws

torch = pytest.importorskip("torch", reason="PyTorch is not installed here")


@pytest.mark.parametrize(
    "line",
    [
        "w.normal_()",
        "w.normal_(0.5, 0.02)",
        "w.normal_(mean=0.5, std=0.02)",
        "w.data[:, 1:].normal_(std=2.0)",
        "w.uniform_()",
        "w.uniform_(-0.3, 0.1)",
        "w.uniform_(-0.3)",
    ],
)
def test_method_draws_its_law(line: str) -> None:
    """2^16 values against the cumulative distribution function."""
    torch.manual_seed(0)
    weight = eval(line, {"w": torch.zeros(256, 257)})
    law = translate(line).spec.law((1,))
    assert law.cdf is not None
    laws.assert_cdf(weight.double().numpy(), law.cdf)


@pytest.mark.parametrize("line", ["w.zero_()", "w[0].zero_()", "w.fill_(0.25)", "w.fill_(1)"])
def test_method_fills_with_its_constant(line: str) -> None:
    """Every value that it fills."""
    filled = eval(line, {"w": torch.full((3, 4), 7.0)})
    law = translate(line).spec.law((1,))
    assert bool((filled == law.mean).all())
