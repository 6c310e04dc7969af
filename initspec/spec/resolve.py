"""A spec resolved on one weight: the numbers that every backend draws from."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from initspec.axes import OUT_IN, Axes, axes_of, by_rank, check_shape
from initspec.axes.fans import Fans
from initspec.axes.layout import Layout
from initspec.axes.unequal import UnequalLayout
from initspec.distributions import Distribution, Elementwise
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, PartPrimitives
from initspec.dtypes import FloatType
from initspec.errors import AxesError, BackendError, SpecError
from initspec.numerics.law import Law, mixture
from initspec.spec.value import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved(Parameters):
    """A spec on one weight: W = mean + scale * Y, and the numbers that led there.

    Attributes:
        distribution: the family.
        fans: fan_in and fan_out, of equal outputs one counted; None where the axes that they count
            have no names, or where the parts have their own.
        sigma: the standard deviation of the variance rule, gain included.
        parts: the spec on each part of a layout that is cut into parts. Where their numbers differ
            those of the weight are nan.
    """

    distribution: Distribution
    fans: Fans | None
    sigma: float
    parts: tuple[Resolved, ...] = ()

    @property
    def law(self) -> Law:
        """The law of one entry of this weight."""
        if not self.one_law:
            # A weight without elements has the law that any element of it would have.
            size, even = self.layout.size, 1 / len(self.parts)
            shares = [part.layout.size / size if size else even for part in self.parts]
            return mixture([part.law for part in self.parts], shares)
        return self.distribution.law(self)

    @property
    def one_law(self) -> bool:
        """Whether all entries are independent draws of one law, or there is but one part."""
        return not self.parts or (
            isinstance(self.distribution, Elementwise) and not math.isnan(self.scale)
        )

    def sample(self, primitives: PartPrimitives) -> Array:
        """Draw the weight with a framework's primitives, in its own shape and dtype.

        Raises:
            BackendError: the weight has parts, which these primitives cannot draw by themselves.
        """
        if self.one_law:
            return self.distribution.sample(self, primitives)
        if not hasattr(primitives, "part"):
            raise BackendError(
                f"{type(primitives).__name__} draws no stack of members of unequal size: write its "
                "part() and join(), see initspec.backend.PartPrimitives"
            )
        assert isinstance(self.layout, UnequalLayout)
        return primitives.join(
            [
                part.sample(primitives.part(where))
                for where, part in zip(self.layout.parts, self.parts, strict=True)
            ]
        )


def resolve(
    spec: Spec,
    shape: object,
    axes: str | Axes | None,
    convention: Axes = OUT_IN,
    kind: FloatType | None = None,
) -> Resolved:
    """Resolve `spec` on a weight of `shape`.

    Args:
        spec: the spec.
        shape: the weight's shape, in its own order.
        axes: the role of each axis; None takes the convention.
        convention: a framework's axes for weights of rank 2 and more; below there is none.
        kind: the dtype that has to hold the values; None skips that check.

    Raises:
        AxesError: the axes do not fit the shape, or are needed and missing.
        ShapeError: the family cannot fill this shape, or one part of it.
        SpecError: sigma is 0 or infinite in float64.
        DtypeError: the dtype cannot hold the values.
    """
    sizes = check_shape(shape)
    return _resolve(spec, sizes, axes_of(axes) or by_rank(convention, len(sizes)), kind)


@lru_cache(maxsize=4096)
def _resolve(
    spec: Spec, shape: tuple[int, ...], axes: Axes | None, kind: FloatType | None
) -> Resolved:
    family, rule = spec.distribution, spec.variance
    if axes is None:
        weight = f"'{spec}' on the shape {shape}"
        if family.needs_axes:
            raise AxesError(
                f"{weight}: {family.needs_axes}, and rank {len(shape)} has no convention; "
                f"pass a shape of {family.least_axes}, or axes that name them"
            )
        if rule is not None and rule.takes_mode:
            raise AxesError(
                f"{weight}: a fan rule needs to know what each axis is for, and rank {len(shape)} "
                "has no convention; pass axes, such as axes='out [in=512]' for the bias of a layer "
                "with 512 inputs"
            )
        layout, fans = Layout(shape, ("out",) * len(shape), shape, Fans(1, 1)), None
    else:
        layout = axes.layout(shape)
        fans = layout.fans
    if not isinstance(layout, UnequalLayout):
        return _on(spec, layout, fans, axes, kind)
    parts = tuple(_on(spec, part.layout, part.layout.fans, axes, kind) for part in layout.parts)
    first, *others = parts
    same = all(part.scale == first.scale for part in others)
    return dataclasses.replace(
        first,
        layout=layout,
        fans=None,
        scale=first.scale if same else math.nan,
        sigma=first.sigma if same else math.nan,
        parts=parts,
    )


def _on(
    spec: Spec, layout: Layout, fans: Fans | None, axes: Axes | None, kind: FloatType | None
) -> Resolved:
    """Return the spec resolved on a layout of members of one size."""
    family, rule = spec.distribution, spec.variance
    family.check(layout, axes)
    if fans is not None:
        fans = family.drawn(layout).fans
    mean = sigma = scale = 0.0
    support = None
    if rule is not None:
        squared_fan = fans.squared(spec.mode) if fans and spec.mode else Fraction(1)
        mean, support = rule.center(), rule.support(spec.gain)
        # A fan can be 0 only where there is no element to draw.
        sigma = rule.sigma(spec.gain, squared_fan) if squared_fan else math.nan
        scale = sigma / family.spread
        if scale == 0 or math.isinf(scale):
            raise SpecError(
                f"'{spec}' on the shape {layout.shape}: its standard deviation is {scale} in "
                "float64; bring the gain, scale or std into its range"
            )
    resolved = Resolved(
        layout=layout,
        gain=spec.gain,
        mean=mean,
        scale=scale,
        support=support,
        distribution=family,
        fans=fans,
        sigma=sigma,
    )
    family.check_law(resolved)
    if kind is not None and layout.size:
        family.require(resolved, kind)
    return resolved
