"""InitSpec: what the initial weights of a parameter should be."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NoReturn, cast

from initspec import backend as registry
from initspec.activations.recommend import recommend
from initspec.axes import Axes, UnequalLayout, axes_of
from initspec.axes.fans import Fans
from initspec.distributions import Distribution, distribution_of
from initspec.dtypes import float_type
from initspec.errors import AxesError, CallError, InitSpecWarning, shown
from initspec.notebook import HtmlRepr
from initspec.numerics.law import Law
from initspec.spec import document
from initspec.spec import line as lines
from initspec.spec.attributes import ConstructorNames
from initspec.spec.constructors import Constructors
from initspec.spec.resolve import Resolved, resolve
from initspec.spec.slips import compile_first, compiles, drawn_by, explain_calls
from initspec.spec.value import axes_matter
from initspec.stream import check_name, check_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    from numpy.typing import DTypeLike, NDArray

    from initspec.activations import Activation
    from initspec.backend import Backend
    from initspec.typing import JaxInit, NumpyInit, TorchInit


@explain_calls
class InitSpec(Constructors, HtmlRepr, metaclass=ConstructorNames):
    """What initial weights should be: W = mean + s * Y, with Y the family's standard variate.

    sigma = gain * sqrt(scale / fan(mode)) under a fan rule, gain * std under a fixed one; s is
    sigma, or sigma / sd(Y) for a corrected truncated normal. A spec is data: frozen, hashable,
    picklable, and equal to every other spec of the same meaning.

    Args:
        distribution: a name ("normal", "uniform", "truncated_normal", "orthogonal", ...) or a
            distribution such as `TruncatedNormal(lower=-3, upper=3)`.
        variance: a name ("lecun", "glorot" or "xavier", "he" or "kaiming"), a number (the scale of
            a fan rule), or a rule such as `Std(0.02)`. Structured families and constants take none.
        gain: a positive number that multiplies on top of the rule.
        mode: "fan_in", "fan_out", "fan_avg" or "fan_geo_avg"; None takes fan_avg for glorot, fan_in
            for other fan rules, and stays None under a fixed rule.

    Raises:
        SpecError: a field is unknown or out of range, or two of them do not go together.

    >>> InitSpec() == InitSpec.he_normal() == InitSpec.variance_scaling(2.0)
    True
    >>> InitSpec.he_normal().std((512, 256))   # sqrt(2 / 256)
    0.08838834764831845
    """

    __slots__ = ()

    @classmethod
    def for_activation(
        cls,
        activation: str | Callable[..., Any] | Activation,
        distribution: str | Distribution = "normal",
        mode: str | None = None,
        **parameters: Any,
    ) -> InitSpec:
        """Return the spec that fits the activation behind the layer.

        He for the ReLU family, Glorot for sigmoid and tanh, LeCun for SELU, LeCun with the
        activation's own gain for all others; `initspec recommend` gives the reason. A structured
        family such as "orthogonal" has it all in its gain.

        Args:
            activation: a name such as "gelu", or an elementwise function of a NumPy array.
            distribution: a name or a distribution.
            mode: a fan mode; None takes the rule's own, fan_avg for Glorot and fan_in else.
            parameters: what the named activation takes, such as negative_slope=0.2.

        Raises:
            ActivationError: the activation is unknown, not elementwise, or has no gain.
            SpecError: the fields do not go together, or a parameter is out of range.

        >>> print(InitSpec.for_activation("gelu", distribution="uniform"))
        lecun_uniform(gain=1.5335304411955353)
        """
        family = distribution_of(distribution)
        return cls(**recommend(activation, **parameters).fields(family), mode=mode)

    # --- text and documents -------------------------------------------------------------------

    def __str__(self) -> str:
        return lines.render(self)

    def __repr__(self) -> str:
        return lines.expression(self)

    @classmethod
    def parse(cls, line: str) -> InitSpec:
        """Return the spec that a line such as "he_normal(gain=1.5, mode=fan_out)" describes.

        The line is read, never evaluated; `str(spec)` writes it.

        Raises:
            FormatError: the line is not one call of a named constructor.
            SpecError: the fields are out of range or do not go together.
        """
        return lines.parse(cls, line)

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as a versioned document of plain values."""
        return document.to_dict(self)

    def to_json(self) -> str:
        """Return the spec as versioned JSON, described by `initspec/spec/spec.schema.json`."""
        return document.to_json(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> InitSpec:
        """Return the spec that `to_dict` described.

        Raises:
            FormatError: the document does not follow the schema, or is of a newer version.
        """
        return document.from_dict(cls, data)

    @classmethod
    def from_json(cls, data: str | bytes) -> InitSpec:
        """Return the spec that `to_json` described.

        Raises:
            FormatError: the document is no JSON, too large, does not follow the schema, or is of a
                newer version.
        """
        return document.from_json(cls, data)

    @classmethod
    def from_native(cls, initializer: object) -> InitSpec:
        """Return the spec that an initializer of a framework is: `translate` for objects.

        Args:
            initializer: a Keras initializer, its class, its configuration or its name, as layers
                take them; a function of `torch.nn.init`, or a `functools.partial` of it; what a
                function of `jax.nn.initializers` returns, in flax' partitioning too; an object of
                Haiku or TensorFlow; what `InitSpec.to` returned.

        Returns:
            Its law. A seed, a generator and a dtype are not a part of it. Nor are axes: an
            initializer that takes them for something else than its framework's convention warns,
            with the line to pass as `axes`.

        Raises:
            FormatError: it is of no framework that is read, such as a function of your own.
            InitSpecError: no spec equals it, or an argument is out of range.

        >>> print(InitSpec.from_native("he_normal"))   # that of Keras is cut at two
        he_truncated_normal
        >>> spec = InitSpec.he_normal(gain=1.5)
        >>> InitSpec.from_native(spec.to_numpy()) == spec
        True
        """
        spec, axes = registry.read_native(initializer)
        if axes is not None:
            warnings.warn(
                f"{shown(initializer)} takes the axes of a weight for '{axes}', which a spec does "
                f"not hold: pass axes='{axes}' beside it",
                InitSpecWarning,
                stacklevel=3,  # that of the caller of `explain_calls`
            )
        return cast("InitSpec", spec)

    # --- what it comes to on a shape ----------------------------------------------------------

    def fans(self, shape: tuple[int, ...], axes: str | Axes | None = None) -> Fans:
        """Return the fans of a weight of `shape`; without axes, of `out in kernel...`.

        Raises:
            AxesError: the axes do not fit the shape, rank 0 or 1 comes without axes, or members of
                unequal size have fans of their own.
        """
        resolved = self.resolve(shape, axes)
        if isinstance(resolved.layout, UnequalLayout):
            raise AxesError(resolved.layout.refusal("fans"))
        fans = resolved.fans
        if fans is None:
            raise AxesError(
                f"the fans of the shape {tuple(shape)}: rank {len(shape)} has no convention; pass "
                "axes, such as axes='out [in=512]' for the bias of a layer with 512 inputs"
            )
        return fans

    def std(self, shape: tuple[int, ...] | None = None, axes: str | Axes | None = None) -> float:
        """Return the standard deviation of the weights you get, in units of the weight.

        It is that of one entry over seeds and places, whatever the arguments meant: 0.8796 sigma
        for an uncorrected normal truncated at 2, sqrt(share of non-zeros) sigma for sparse,
        gain / sqrt(max(out, in * kernel)) for orthogonal, 0 where nothing is random.

        Args:
            shape: the weight's shape; may be left out where the law does not depend on it.
            axes: the role of each axis; `out in kernel...` if None.
        """
        return self.law(shape, axes).std

    def mean(self, shape: tuple[int, ...] | None = None, axes: str | Axes | None = None) -> float:
        """Return the mean of the weights you get; see `std` for the arguments."""
        return self.law(shape, axes).mean

    def bounds(
        self, shape: tuple[int, ...] | None = None, axes: str | Axes | None = None
    ) -> tuple[float, float]:
        """Return the ends of the support of one entry; see `std` for the arguments."""
        law = self.law(shape, axes)
        return law.low, law.high

    def law(self, shape: tuple[int, ...] | None = None, axes: str | Axes | None = None) -> Law:
        """Return mean, std, support, kurtosis and cdf of one entry; see `std` for the arguments."""
        if shape is None:
            if axes_matter(self):
                raise AxesError(f"the law of '{self}' depends on the shape: pass (out, in, ...)")
            shape = (1,)
        return self.resolve(shape, axes).law

    def resolve(self, shape: tuple[int, ...], axes: str | Axes | None = None) -> Resolved:
        """Resolve the spec on a weight of `shape`: fans, mean, sigma and the factor of the variate.

        Raises:
            AxesError: the axes do not fit the shape, or are needed and missing.
            ShapeError: the family cannot fill the shape.
        """
        return resolve(self, shape, axes_of(axes))

    def sample_block(
        self,
        shape: tuple[int, ...],
        index: tuple[slice, ...],
        axes: str | Axes | None = None,
        seed: int = 0,
        name: str = "",
        dtype: DTypeLike = "float32",
    ) -> NDArray[Any]:
        """Return a block of the portable draw: the same bits as in the whole, at its own cost.

        An orthogonal matrix is computed whole for each stack member that the block touches, and a
        sparse one for each slice.

        Args:
            shape: the whole weight's shape.
            index: a slice for each axis, without a step, within the shape.
            axes: the role of each axis; `out in kernel...` if None.
            seed: an integer from 0 to 2^64 - 1.
            name: the parameter's name, part of the stream's key.
            dtype: float16, bfloat16, float32 or float64.

        Raises:
            TargetError: the index is stepped, negative or out of range.
            SeedError: the seed or the name is not one.
            AxesError, ShapeError, DtypeError: the spec cannot fill the shape or the dtype.

        >>> w = InitSpec.he_normal()
        >>> part = w.sample_block((2**20, 2**20), (slice(7, 10), slice(0, 4)), seed=7)
        >>> part.shape, float(part[0, 0])
        ((3, 4), 0.0008607808267697692)
        """
        from initspec.stream.draw import draw  # a third of what importing initspec would cost

        kind = float_type(dtype)
        return draw(resolve(self, shape, axes_of(axes), kind=kind), kind, seed, name, index)

    # --- compiled initializers ----------------------------------------------------------------

    def __call__(self, *args: Any, **keywords: Any) -> NoReturn:
        """Raise CallError: a spec is compiled first, and what that returns is called or passed."""
        raise CallError(f"{self!r}: {compile_first(type(self), repr(self), args)}")

    def to(
        self,
        backend: str | Backend[Any],
        axes: str | Axes | None = None,
        seed: int | None = None,
        name: str = "",
    ) -> Any:
        """Compile the spec to an initializer of a backend.

        Args:
            backend: the name of a registered backend, or a backend.
            axes: the role of each axis of the weights to come; None takes the framework's
                convention for their rank.
            seed: None draws the framework's own random numbers; an int the portable stream.
            name: the parameter's name, part of the portable stream's key.

        Raises:
            CallError: `axes` is what the compiled initializer takes.
            SeedError: the seed is no integer from 0 to 2^64 - 1, or the name no str.
            BackendError: the backend is unknown, or its framework cannot be used here.
        """
        if axes is not None and not isinstance(axes, str | Axes):
            method = f"to_{backend}" if hasattr(self, f"to_{backend}") else f"to({backend!r})"
            raise drawn_by(self, method, axes, seed, name or None)
        if seed is not None:
            seed = check_seed(seed)
        return registry.usable(backend).compile(self, axes_of(axes), seed, check_name(name))

    @compiles
    def to_numpy(
        self, axes: str | Axes | None = None, seed: int | None = None, name: str = ""
    ) -> NumpyInit:
        """Return init(shape, dtype="float32", rng=None, *, name=None) -> ndarray; see `to`."""
        return self.to("numpy", axes, seed, name)  # type: ignore[no-any-return]

    @compiles
    def to_torch(
        self, axes: str | Axes | None = None, seed: int | None = None, name: str = ""
    ) -> TorchInit:
        """Return init(tensor, generator=None, *, name=None) -> tensor, in place; see `to`."""
        return self.to("torch", axes, seed, name)  # type: ignore[no-any-return]

    @compiles
    def to_keras(
        self, axes: str | Axes | None = None, seed: int | None = None, name: str = ""
    ) -> keras.initializers.Initializer:
        """Return a keras.initializers.Initializer: the built-in where it is exact; see `to`."""
        return self.to("keras", axes, seed, name)

    @compiles
    def to_jax(
        self, axes: str | Axes | None = None, seed: int | None = None, name: str = ""
    ) -> JaxInit:
        """Return init(key, shape, dtype=float32, out_sharding=None) -> Array; see `to`."""
        return self.to("jax", axes, seed, name)  # type: ignore[no-any-return]
