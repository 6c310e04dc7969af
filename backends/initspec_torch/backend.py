"""The PyTorch backend as initspec sees it. Importing it does not import torch."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from initspec.backend import Axes, BaseBackend, FloatType, TargetError, numpy_dtype, read_layers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from initspec.backend import (
        Adjust,
        Builtin,
        Declared,
        Filling,
        LayerTable,
        Memory,
        Parameter,
        Spec,
    )
    from initspec.translate import Vocabulary
    from initspec_torch.initializer import TorchInitializer


class TorchBackend(BaseBackend):
    """Draws with torch.Generator."""

    name = "torch"
    module = extra = "torch"
    suffixes = (".pt", ".pth", ".bin", ".ckpt")

    def version(self) -> str:
        import torch

        return str(torch.__version__)

    def compile(
        self, spec: Spec, axes: Axes | None, seed: int | None, name: str
    ) -> TorchInitializer:
        from initspec_torch.initializer import TorchInitializer

        return TorchInitializer(spec, axes, seed, name)

    def fill(
        self, compiled: Any, shape: tuple[int, ...], kind: FloatType, entropy: int | None
    ) -> NDArray[np.floating]:
        import torch

        # The device is named, because torch.set_default_device moves unnamed ones.
        weight = torch.empty(shape, dtype=getattr(torch, kind.name), device="cpu")
        generator = (
            torch.Generator("cpu").manual_seed(entropy % 2**64) if entropy is not None else None
        )
        # An empty array is what was asked for: on meta it is checked, without a warning.
        compiled(weight if weight.numel() else weight.to("meta"), generator)
        if kind.name != "bfloat16":
            array: NDArray[np.floating] = weight.numpy()
            return array
        # Tensor.numpy() has no bfloat16: the bits cross as integers.
        return weight.view(torch.int16).numpy().view(numpy_dtype(kind))

    def random_state(self) -> bytes:
        """Return the state of torch's global CPU generator."""
        import torch

        return torch.get_rng_state().numpy().tobytes()

    @contextmanager
    def elsewhere(self, seed: int) -> Iterator[None]:
        """Have torch's global CPU generator at a seed."""
        import torch

        with torch.random.fork_rng(devices=()):
            torch.random.default_generator.manual_seed(seed)
            yield

    def vocabulary(self) -> Vocabulary:
        from initspec_torch.vocabulary import TORCH

        return TORCH

    def read_native(self, initializer: object) -> tuple[Spec, Axes | None] | None:
        """Return the spec of a function of torch; see `initspec.backend.HasNative`."""
        from initspec_torch.native import read_native

        return read_native(initializer)

    def gain(self, activation: str, **parameters: Any) -> float:
        """Return torch's gain of a named activation."""
        from initspec_torch.vocabulary.gains import gain

        return gain(activation, **parameters)

    def layers(self) -> LayerTable:
        """Return the table of the layers of torch.nn."""
        return read_layers(__package__)

    def owns(self, model: object) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and isinstance(model, torch.nn.Module)

    def parameters(self, model: Any, inputs: Any = None) -> tuple[Parameter, ...]:
        from initspec_torch.models import parameters

        return parameters(model)

    def write(
        self,
        model: Any,
        fillings: Sequence[Filling],
        seed: int | None,
        *,
        inputs: Any = None,
        device: Any = None,
    ) -> Any:
        from initspec_torch.filling import write

        return write(model, fillings, seed, device)

    def values(self, model: Any, paths: Sequence[str]) -> Iterator[NDArray[Any] | None]:
        from initspec_torch.values import values

        return values(model, paths)

    def run(
        self,
        model: Any,
        inputs: Any,
        fillings: Sequence[Filling],
        seed: int,
        watched: Sequence[str],
        adjust: Adjust,
    ) -> None:
        """See `initspec.backend.HasOutputs`."""
        from initspec_torch.running import run

        run(model, inputs, fillings, seed, watched, adjust)

    def initializers(self, model: Any, inputs: Any = None) -> dict[str, Declared | None]:
        """Return what does not start as the classes of torch say."""
        from initspec_torch.starts import starts

        return starts(model)

    def default_recipe(self, model: Any) -> str:
        """See `initspec.backend.HasInitializers`."""
        return "torch"

    def paths_of(self, model: Any, keys: Sequence[Any]) -> list[Any]:
        from initspec_torch.paths import paths_of

        return paths_of(model, keys)

    @contextmanager
    def tensors(self, path: Path) -> Iterator[Mapping[str, Any]]:
        """Open what torch.save wrote; see `initspec.backend.HasFiles`."""
        if reason := self.why_unusable():
            raise TargetError(f"{path}: {reason}")
        from initspec_torch.files import Tensors

        yield Tensors(path)

    def model(self, path: Path) -> None:
        """Return None: the keys of a checkpoint are the paths."""

    @contextmanager
    def poisoned(self, poison: int) -> Iterator[bool]:
        """Fill new memory with a poison; see `initspec.backend.HasPoison`."""
        if "torch" not in sys.modules:
            yield False
            return
        from initspec_torch.poison import poisoned

        with poisoned(poison):
            yield True

    def memory(
        self, model: Any, poison: int, among: Container[int] | None = None
    ) -> Iterator[Memory]:
        from initspec_torch.unwritten import memory

        return memory(model, poison, among)

    def builtins(self) -> tuple[Builtin, ...]:
        """Return torch's own initializers; see `initspec.backend.HasBuiltins`."""
        from initspec_torch.builtins import builtins

        return builtins()
