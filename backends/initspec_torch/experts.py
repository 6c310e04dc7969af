"""Mixtures of experts of Hugging Face transformers, which has a class of them for each model.

All experts of a block are one tensor, `(experts, out, in)` or `(experts, in, out)`. A class of the
first kind and one of the second differ in what transformers' `use_experts_implementation` notes on
the module.
"""

from __future__ import annotations

import re
from functools import cache

import torch

from initspec.backend import Layer, LayerParameter

_ROUTER = re.compile(r"Top[kK]Router$")


def experts_row(module: torch.nn.Module) -> Layer | None:
    """Return the rows of a module's own weights, where it is a mixture of experts or its router."""
    cls = type(module)
    if hasattr(module, "is_transposed") and hasattr(module, "is_concatenated"):
        return _experts(bool(module.is_transposed), bool(module.is_concatenated))
    if cls.__module__.partition(".")[0] != "transformers":
        return None
    if cls.__name__ == "Llama4TextExperts":
        return _experts(transposed=True, concatenated=True)
    return _router() if _ROUTER.search(cls.__name__) else None


@cache
def _experts(transposed: bool, concatenated: bool) -> Layer:
    gates = "(stack=2 out)" if concatenated else "(out stack=2)"
    rows = {"gate_up_proj": gates, "up_proj": "out", "down_proj": "out"}
    parameters = {}
    for name, out in rows.items():
        axes = f"stack in {out}" if transposed else f"stack {out} in"
        parameters[name] = LayerParameter("kernel", axes)
        parameters[f"{name}_bias"] = LayerParameter("bias", f"stack {out}", of=name)
    return Layer(("experts",), parameters, {})


@cache
def _router() -> Layer:
    weight = LayerParameter("kernel", "out in")
    return Layer(("router",), {"weight": weight, "bias": LayerParameter("bias", of="weight")}, {})
