"""What the name of a tensor in a file says of its role and its axes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from initspec import Axes
from initspec.errors import InitSpecError

Shape = tuple[int, ...]

_KERNEL = re.compile(r"(.*_)?kernel|w")
_NUMBER = re.compile(r"#\d+")  # of a .keras file, which has no names of variables
_RECURRENT = re.compile(r"recurrent_kernel|weight_hh(_l\d+(_reverse)?)?")
_WEIGHT = re.compile(r"weight|weight_ih(_l\d+(_reverse)?)?|in_proj_weight")
_EMBEDDING = re.compile(r"embeddings?|wte|wpe|\w*embed(ding|dings|s)?(_tokens)?")
_BIAS = re.compile(r"(.*_)?bias|b|bias_[ih]h(_l\d+(_reverse)?)?")
_SCALE, _SHIFT = re.compile(r"scale|gamma"), re.compile(r"offset|beta|shift")


def role_of(path: str, shape: Shape) -> str:
    """Return the role that a name states, one of `initspec.backend.layers.ROLES`.

    >>> role_of("h.0.attn.c_proj.weight", (768, 768)), role_of("h.0.ln_1.weight", (768,))
    ('kernel', 'scale')
    >>> role_of("wte.weight", (50257, 768)), role_of("inv_freq", (32,))
    ('embedding', 'other')
    """
    *_, owner, name = ["", *path.split(".")]
    vector = len(shape) < 2
    if _SCALE.fullmatch(name) or (name == "weight" and vector):
        return "scale"
    if _SHIFT.fullmatch(name):
        return "shift"
    if _BIAS.fullmatch(name):
        return "bias"
    if vector:
        return "other"
    if _EMBEDDING.fullmatch(name) or (
        _EMBEDDING.fullmatch(owner) and (name == "weight" or _NUMBER.fullmatch(name))
    ):
        return "embedding"
    if _RECURRENT.fullmatch(name):
        return "recurrent_kernel"
    kernels = (_KERNEL, _WEIGHT, _NUMBER)
    return "kernel" if any(pattern.fullmatch(name) for pattern in kernels) else "other"


def axes_of(path: str, shapes: Mapping[str, Shape]) -> Axes | None:
    """Return the axes by which the fans of a tensor are counted; None where there are none.

    `kernel` is stored in before out, as in Keras and flax; all else out before in, as in PyTorch. A
    bias has the inputs of the kernel beside it.

    >>> axes_of("d.bias", {"d.bias": (8,), "d.weight": (8, 4, 3, 3)})
    Axes('out [in=36]')
    """
    shape, role = shapes[path], role_of(path, shapes[path])
    owner, _, name = path.rpartition(".")
    try:
        if role == "bias":
            beside = f"{owner}." if owner else ""
            for kernel, out in (("weight", 0), ("kernel", -1), ("w", -1)):
                whole = shapes.get(f"{beside}{kernel}", ())
                if len(whole) > 1 and len(shape) == 1:
                    return Axes(f"out [in={math.prod(whole) // max(whole[out], 1)}]")
            return None
        if len(shape) < 2:
            return None
        if role == "embedding":
            return Axes("stack out")
        before = _KERNEL.fullmatch(name) or _NUMBER.fullmatch(name)
        axes = Axes("kernel... in out" if before else "out in kernel...")
        axes.layout(shape)
    except InitSpecError:
        return None
    return axes


def depth_of(path: str) -> int | None:
    """Return the number of the block that a tensor is of: the first part that is an integer.

    >>> depth_of("h.11.mlp.c_fc.weight"), depth_of("wte.weight")
    (11, None)
    """
    numbers = (re.fullmatch(r"(?:.*_)?(\d+)", part) for part in path.split("."))
    return next((int(match[1]) for match in numbers if match), None)
