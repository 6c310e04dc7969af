"""BaseBackend: what is the same in most backends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from initspec.axes import OUT_IN, Axes, by_rank
from initspec.backend.registry import missing
from initspec.dtypes import FLOATS, FloatType, float_type

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from initspec.spec.value import Spec


class BaseBackend(ABC):
    """A backend of one framework: a subclass gives `name`, `version`, `compile` and `fill`.

    Attributes:
        name: the name that `InitSpec.to` and the command line take.
        dtypes: the names of the dtypes it draws.
        convention: the framework's axes for weights of rank 2 and more.
        module: the framework's module, which has to be installed; "" where nothing has to be.
        extra: what installs it, `pip install 'initspec[extra]'`.
        known_deviations: see `initspec.backend.known_deviations`.
    """

    name: str
    dtypes: tuple[str, ...] = tuple(FLOATS)
    convention: ClassVar[Axes] = OUT_IN
    module: ClassVar[str] = ""
    extra: ClassVar[str] = ""
    known_deviations: tuple[str, ...] = ()

    @abstractmethod
    def version(self) -> str:
        """See `Backend.version`."""

    @abstractmethod
    def compile(self, spec: Spec, axes: Axes | None, seed: int | None, name: str) -> Any:
        """See `Backend.compile`."""

    @abstractmethod
    def fill(
        self, compiled: Any, shape: tuple[int, ...], kind: FloatType, entropy: int | None
    ) -> NDArray[np.floating]:
        """Return a weight that a compiled initializer fills, as a NumPy array.

        Args:
            compiled: what `compile` returned.
            shape: the weight's shape.
            kind: the dtype to draw in.
            entropy: seeds the framework's own generator; None where the initializer has a seed.
        """

    def why_unusable(self) -> str | None:
        """See `Backend.why_unusable`."""
        return missing(self.module, self.extra) if self.module else None

    def default_axes(self, rank: int) -> Axes | None:
        """See `Backend.default_axes`."""
        return by_rank(self.convention, rank)

    def compile_for(
        self,
        spec: Spec,
        shape: tuple[int, ...],
        axes: Axes | None,
        seed: int | None,
        name: str,
        kind: FloatType,
        entropy: int | None,
    ) -> Any:
        """Return what `draw` draws with; another than `compile` where more is known of the draw."""
        return self.compile(spec, axes, seed, name)

    def draw(
        self,
        spec: Spec,
        shape: tuple[int, ...],
        *,
        axes: Axes | None = None,
        dtype: str = "float32",
        entropy: int = 0,
        seed: int | None = None,
        name: str = "",
    ) -> NDArray[np.floating]:
        """See `Backend.draw`."""
        kind, entropy_used = float_type(dtype), entropy if seed is None else None
        compiled = self.compile_for(spec, shape, axes, seed, name, kind, entropy_used)
        return self.fill(compiled, shape, kind, entropy_used)
