"""The PyTorch backend as initspec sees it. Importing it does not import torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from initspec.axes import OUT_IN, Axes, by_rank
from initspec.backend import missing
from initspec.dtypes import float_type, numpy_dtype

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from initspec import InitSpec
    from initspec.backend.builtins import Builtin
    from initspec_torch.initializer import TorchInitializer


class TorchBackend:
    """Draws with torch.Generator."""

    name = "torch"
    dtypes = ("float16", "bfloat16", "float32", "float64")
    known_deviations: tuple[str, ...] = ()

    def version(self) -> str:
        import torch

        return str(torch.__version__)

    def why_unusable(self) -> str | None:
        return missing("torch", "torch")

    def default_axes(self, rank: int) -> Axes | None:
        return by_rank(OUT_IN, rank)

    def compile(
        self, spec: InitSpec, axes: Axes | None, seed: int | None, name: str
    ) -> TorchInitializer:
        from initspec_torch.initializer import TorchInitializer

        return TorchInitializer(spec, axes, seed, name)

    def draw(
        self,
        spec: InitSpec,
        shape: tuple[int, ...],
        *,
        axes: Axes | None = None,
        dtype: str = "float32",
        entropy: int = 0,
        seed: int | None = None,
        name: str = "",
    ) -> NDArray[np.floating]:
        import torch

        kind = float_type(dtype)
        # The device is named, because torch.set_default_device moves unnamed ones.
        weight = torch.empty(shape, dtype=getattr(torch, kind.name), device="cpu")
        generator = torch.Generator("cpu").manual_seed(entropy % 2**64) if seed is None else None
        self.compile(spec, axes, seed, name)(weight, generator)
        if kind.name != "bfloat16":
            array: NDArray[np.floating] = weight.numpy()
            return array
        # Tensor.numpy() knows no bfloat16: the bits cross as integers.
        return weight.view(torch.int16).numpy().view(numpy_dtype(kind))

    def random_state(self) -> bytes:
        """Return the state of torch's global CPU generator; see `initspec.backend.random_state`."""
        import torch

        return torch.get_rng_state().numpy().tobytes()

    @contextmanager
    def elsewhere(self, seed: int) -> Iterator[None]:
        """Have torch's global CPU generator at a seed; see `initspec.backend.random_state`."""
        import torch

        with torch.random.fork_rng(devices=()):
            torch.random.default_generator.manual_seed(seed)
            yield

    def builtins(self) -> tuple[Builtin, ...]:
        """Return torch's own initializers; see `initspec.backend.builtins.HasBuiltins`."""
        from initspec_torch.builtins import builtins

        return builtins()
