"""The PyTorch backend: fills tensors in place, on any device, from torch's own generators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from initspec_torch.backend import TorchBackend

if TYPE_CHECKING:
    from initspec_torch.paths import plain_name

__all__ = ["backend", "plain_name"]

backend = TorchBackend()


def __getattr__(name: str) -> Any:
    """Fetch `plain_name` when it is asked for, because it imports torch."""
    if name == "plain_name":
        from initspec_torch.paths import plain_name

        return plain_name
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
