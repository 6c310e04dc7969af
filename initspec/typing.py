"""Signatures of the compiled initializers, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import jax
    import numpy as np
    import torch
    from numpy.typing import DTypeLike, NDArray


class NumpyInit(Protocol):
    """The return type of `InitSpec.to_numpy`."""

    def __call__(
        self,
        shape: tuple[int, ...],
        dtype: DTypeLike = "float32",
        rng: np.random.Generator | None = None,
        *,
        name: str | None = None,
    ) -> NDArray[Any]:
        """Return a new array of `shape`."""


class TorchInit(Protocol):
    """The return type of `InitSpec.to_torch`."""

    def __call__(
        self,
        tensor: torch.Tensor,
        generator: torch.Generator | None = None,
        *,
        name: str | None = None,
    ) -> torch.Tensor:
        """Fill `tensor` in place and return it."""


class JaxInit(Protocol):
    """The return type of `InitSpec.to_jax`: the protocol of jax.nn.initializers.Initializer."""

    def __call__(
        self,
        key: jax.Array | None,
        shape: tuple[int, ...],
        dtype: Any = ...,
        out_sharding: Any = None,
    ) -> jax.Array:
        """Return a new array of `shape`."""
