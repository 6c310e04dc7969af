"""The words of torch.nn.init: what its functions mean, and its line for a spec."""

from __future__ import annotations

from initspec_torch.vocabulary.functions import TORCH
from initspec_torch.vocabulary.lines import LINES
from initspec_torch.vocabulary.methods import TENSOR
from initspec_torch.vocabulary.timm import TIMM

TORCH.lines.update(LINES)
TORCH.libraries = (TENSOR, TIMM)

__all__ = ["TENSOR", "TIMM", "TORCH"]
