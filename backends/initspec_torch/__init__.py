"""The PyTorch backend: fills tensors in place, on any device, from torch's own generators."""

from __future__ import annotations

from initspec_torch.backend import TorchBackend

backend = TorchBackend()
