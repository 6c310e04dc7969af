"""The backend protocol: what every backend has, and what some have."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from initspec.axes import Axes
from initspec.errors import BackendError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from initspec.backend.builtins import Builtin
    from initspec.backend.engines import Engine
    from initspec.backend.layers import LayerTable
    from initspec.backend.parameter import Declared, Filling, Parameter
    from initspec.backend.poison import Memory
    from initspec.spec.value import Spec

QUIET = "INITSPEC_QUIET"
"""The environment variable that the command line sets: a framework is then to be imported without
its greetings on standard error."""

Compiled_co = TypeVar("Compiled_co", covariant=True)

Adjust = Callable[[str, float | None], "Filling | None"]
"""What a weight is to be filled with instead, by its path and the variance of its outputs."""


@runtime_checkable
class Backend(Protocol[Compiled_co]):
    """What every backend has; `initspec.backend.BaseBackend` writes half of it.

    Importing a backend must not import its framework: only `version`, `compile` and `draw` may.
    What a backend may have beyond this: `known_deviations`, and the methods of `HasVocabulary`,
    `HasNative`, `HasLayers`, `HasModels`, `HasValues`, `HasOutputs`, `HasInitializers`,
    `HasCheckpoints`, `HasFiles`, `HasPoison`, `HasBuiltins`, `HasGain`, `HasEngines` and
    `HasRandomState`.

    Attributes:
        name: the name that `InitSpec.to` and the command line take.
        dtypes: the names of the dtypes it draws, of float16, bfloat16, float32, float64.
    """

    name: str
    dtypes: tuple[str, ...]

    def version(self) -> str:
        """Return the framework's version, and what else a report should name."""

    def why_unusable(self) -> str | None:
        """Return None where the framework can be used here, else why not and what to install."""

    def default_axes(self, rank: int) -> Axes | None:
        """Return the framework's convention for weights of a rank; None below 2."""

    def compile(self, spec: Spec, axes: Axes | None, seed: int | None, name: str) -> Compiled_co:
        """Return the compiled initializer; `axes` None takes the convention by rank."""

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
        """Return a weight in its own order as a NumPy array, drawn by the compiled initializer.

        Args:
            spec: the spec.
            shape: the weight's shape.
            axes: the role of each axis; None takes the convention by rank.
            dtype: the name of the dtype to draw in.
            entropy: seeds the framework's own generator; without meaning where `seed` is given.
            seed: the seed of the portable stream, None for the framework's own random numbers.
            name: the parameter's name in the portable stream.
        """


PARTS = (*Backend.__annotations__, "version", "why_unusable", "default_axes", "compile", "draw")
"""The names of what every backend has."""


@runtime_checkable
class HasVocabulary(Protocol):
    """A backend whose framework has lines of its own, such as `torch.nn.init.normal_(w)`."""

    def vocabulary(self) -> Any:
        """Return an `initspec.translate.Vocabulary`; this must not import the framework."""


@runtime_checkable
class HasNative(Protocol):
    """A backend that reads the initializers of its framework as specs."""

    def read_native(self, initializer: object) -> tuple[Spec, Axes | None] | None:
        """Return the spec of an initializer, and its axes; this must not import the framework.

        Args:
            initializer: any object; what the framework's layers take as an initializer is read.

        Returns:
            The spec, and what the initializer takes the axes of a weight for, None for the
            framework's convention; None in place of both where it is not of the framework.

        Raises:
            InitSpecError: it is of the framework, and no spec equals it; the message says why.
        """


@runtime_checkable
class HasLayers(Protocol):
    """A backend whose framework has layers: what each of their parameters is."""

    def layers(self) -> LayerTable:
        """Return the layer table; this must not import the framework."""


@runtime_checkable
class HasBuiltins(Protocol):
    """A backend whose framework has initializers of its own, to be held against specs."""

    def builtins(self) -> Sequence[Builtin]:
        """Return the framework's own initializers; this may import it."""


@runtime_checkable
class HasGain(Protocol):
    """A backend whose framework has a table of gains of its own, a convention of `gain`."""

    def gain(self, activation: str, **parameters: Any) -> float:
        """Return the framework's gain of a named activation; this must not import it.

        Raises:
            SpecError: the table has no such activation, or its parameters are others.
        """


@runtime_checkable
class HasEngines(Protocol):
    """A backend that runs on one of several frameworks, of which a process has one."""

    def engines(self) -> Mapping[str, Engine]:
        """Return the frameworks by name; this must not import them."""


@runtime_checkable
class HasModels(Protocol):
    """A backend whose framework has models: which parameters they have, and how to write them.

    Where several backends own a model, those that run on several frameworks come first.
    """

    def owns(self, model: object) -> bool:
        """Return whether a model is one of the framework; this must not import it."""

    def parameters(self, model: Any, inputs: Any = None) -> Sequence[Parameter]:
        """Return the parameters of a model, in its order, each once.

        Args:
            model: the model, which is left as it is.
            inputs: example arguments, where the framework has no parameters without them.

        Raises:
            TargetError: the model has no parameters yet, or some that no spec can fill.
        """

    def write(
        self,
        model: Any,
        fillings: Sequence[Filling],
        seed: int | None,
        *,
        inputs: Any = None,
        device: Any = None,
    ) -> Any:
        """Fill parameters of a model, and return it: in place, where models can be changed.

        Args:
            model: the model.
            fillings: what to fill, in the order of the model.
            seed: of the portable stream; None takes the framework's own random numbers.
            inputs: example arguments; see `parameters`.
            device: where parameters without memory are made.

        Raises:
            TargetError: a parameter cannot be filled; nothing has been written then.
        """


@runtime_checkable
class HasValues(Protocol):
    """A backend that reads the parameters of a model, beside `HasModels`."""

    def values(self, model: Any, paths: Sequence[str]) -> Iterable[NDArray[Any] | None]:
        """Return the values of parameters as NumPy arrays, one after the other.

        Args:
            model: the model, which is left as it is.
            paths: their first paths, as `HasModels.parameters` has them.

        Returns:
            The whole of each, in the parameter's dtype, even where processes share it; None where
            it has no values, as on torch's meta device.
        """


@runtime_checkable
class HasOutputs(Protocol):
    """A backend that runs a model and measures what its layers return, beside `HasModels`."""

    def run(
        self,
        model: Any,
        inputs: Any,
        fillings: Sequence[Filling],
        seed: int,
        watched: Sequence[str],
        adjust: Adjust,
    ) -> None:
        """Fill parameters of a model, run it once, and leave the model as it was, also on an error.

        Dropout is off; norms over a batch take the statistics of the batch, as in training.

        Args:
            model: the model.
            inputs: its argument, a tuple of its arguments, or a dict of them by name.
            fillings: what to fill.
            seed: of the portable stream.
            watched: the first paths of the weights whose layers are measured. Of several weights
                of one layer the last one is.
            adjust: called when such a layer has run, with the path of its weight and the variance
                of what it returns, before its activation; None for what has no variance. It returns
                what to fill the weight with before the layer runs again, on the same inputs; None
                to go on with its outputs.

        Raises:
            TargetError: the model cannot be run, or raises an error on these inputs.
        """


@runtime_checkable
class HasInitializers(Protocol):
    """A backend that reads what a model's layers start with, beside `HasModels`."""

    def initializers(self, model: Any, inputs: Any = None) -> Mapping[str, Declared | None]:
        """Return what the layers of a model state, by the first path of the parameter.

        Args:
            model: the model, which is left as it is.
            inputs: example arguments; see `HasModels.parameters`.

        Returns:
            None for an initializer that no spec equals. A parameter that is left out has no
            initializer in its layer, and starts by `default_recipe`.
        """

    def default_recipe(self, model: Any) -> str:
        """Return the name of the recipe of what layers start with by default; "" for none."""


@runtime_checkable
class HasCheckpoints(Protocol):
    """A backend whose checkpoints have keys of their own, beside `HasModels`."""

    def paths_of(self, model: Any, keys: Sequence[Any]) -> list[Any]:
        """Return the paths of what a checkpoint has under some keys.

        Args:
            model: the model, which is left as it is.
            keys: the keys; globs, and what is no key of the model, are returned as they are.

        Returns:
            The paths of parameters; what is not one, such as a buffer, is left out.
        """


@runtime_checkable
class HasFiles(Protocol):
    """A backend that reads files of weights in a format of its framework.

    Attributes:
        suffixes: what the names of the files end in, such as ".pt".
    """

    suffixes: tuple[str, ...]

    def tensors(self, path: Path) -> AbstractContextManager[Mapping[str, Any]]:
        """Return a context with the tensors of a file by name, read where they are looked up.

        Nothing in the file is run.

        Raises:
            FormatError: the file is truncated, or something else, or its tensors cannot be had
                without running what is in it.
            TargetError: the framework is not installed.
        """

    def model(self, path: Path) -> Any:
        """Return the model of a file, whose paths name the weights; None where its names do.

        Raises:
            FormatError: the file is truncated, or something else, or its model cannot be built.
            TargetError: the framework is not installed.
        """


@runtime_checkable
class HasPoison(Protocol):
    """A backend whose framework can leave memory unwritten, beside `HasModels`."""

    def poisoned(self, poison: int) -> AbstractContextManager[bool]:
        """Return a context in which new memory has the values of a poison until it is written.

        Draws leave the framework's random state as it was before the context.

        Args:
            poison: 0 or 1; no element has the values of both.

        Returns:
            Its value is False, and nothing is poisoned, where the framework is not imported yet.
        """

    def memory(
        self, model: Any, poison: int, among: Container[int] | None = None
    ) -> Iterable[Memory]:
        """Yield the parameters and buffers of a model that was built with a poison, each once.

        Args:
            model: the model, which is left as it is.
            poison: 0 or 1.
            among: the places of those to yield, in the order of all; None yields all.

        Raises:
            TargetError: some have no memory; the message names them.
        """


@runtime_checkable
class HasRandomState(Protocol):
    """A backend whose framework has a global random state, which draws must leave alone."""

    def random_state(self) -> bytes:
        """Return the state, to be compared with another; this may import the framework."""

    def elsewhere(self, seed: int) -> AbstractContextManager[None]:
        """Return a context in which the state is that of a seed; afterwards it is as before.

        Args:
            seed: in [0, 2^31).
        """


def known_deviations(backend: Backend[Any]) -> tuple[str, ...]:
    """Return what a backend is known to do differently from the specs; nothing where it is silent.

    Each is "PATTERN: reason, link", the pattern being that of findings of the conformance suite,
    such as "rounding" or "he_normal/*/bfloat16/mean".
    """
    deviations: tuple[str, ...] = getattr(backend, "known_deviations", ())
    return deviations


def optional(backend: Backend[Any], part: type[Any], what: str) -> Any:
    """Return a backend as one that has an optional part.

    Raises:
        BackendError: it does not have it; the message names the methods to write.
    """
    if isinstance(backend, part):
        return backend
    methods = " and ".join(f"{name}()" for name in vars(part) if not name.startswith("_"))
    raise BackendError(
        f"the backend {str(backend.name)!r} has no {what}: write its {methods}, see "
        f"initspec.backend.{part.__name__}"
    )
