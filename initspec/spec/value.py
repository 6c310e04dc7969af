"""The frozen value of a spec: four fields, and equality by what they mean together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from initspec.axes.fans import MODES
from initspec.distributions import Distribution, distribution_of
from initspec.distributions.rules import Rule, rule_of
from initspec.errors import SpecError, unknown
from initspec.numerics.validation import positive

FIELDS = ("distribution", "variance", "gain", "mode")


def axes_matter(spec: Spec) -> bool:
    """Return whether the law depends on what the axes are for."""
    rule = spec.variance
    return bool(spec.distribution.needs_axes) or (rule is not None and rule.takes_mode)


class _Default(str):
    """A default that differs in type from the same word written by the caller."""

    __slots__ = ()


_HE = _Default("he")


@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class Spec:
    """What initial weights should be: W = mean + s * Y, with Y the family's standard variate.

    The value behind `InitSpec`, which documents it: frozen, hashable, picklable, and equal to every
    other spec of the same meaning.
    """

    distribution: Distribution
    variance: Rule | None
    gain: float
    mode: str | None
    _key: tuple[object, ...]
    _hash: int

    def __init__(
        self,
        distribution: str | Distribution = "normal",
        variance: str | float | Rule | None = _HE,
        gain: float = 1.0,
        mode: str | None = None,
    ) -> None:
        family = distribution_of(distribution)
        # torch users have calculate_gain("relu") in mind.
        if isinstance(gain, str) and gain[:1].isalpha():
            raise SpecError(
                f"gain={gain!r}: pass a real number, such as initspec.gain({gain!r}), or write "
                f"{type(self).__name__}.for_activation({gain!r}), which has rule and gain"
            )
        gain = positive("gain", gain)
        if not family.takes_gain and gain != 1:
            raise SpecError(f"gain={gain!r} with {family.name()}: it takes no gain; leave it out")
        rule: Rule | None = None
        default_mode: str | None = None
        if family.rules:
            rule, default_mode = rule_of(_HE if variance is None else variance)
            family.check_rule(rule, gain)
        elif variance is not None and not isinstance(variance, _Default):
            raise SpecError(
                f"variance={variance!r} with {family.name()}: it takes no rule; leave it out"
            )
        if mode is not None:
            if rule is None or not rule.takes_mode:
                holder = family.name() if rule is None else f"the fixed rule {rule!r}"
                raise SpecError(f"mode={mode!r} with {holder}: no fan enters it; leave it out")
            if mode not in MODES:
                raise SpecError(unknown("mode", mode, MODES))
        mode = default_mode if mode is None else str(mode)  # np.str_ does not go into JSON
        # Kept, because every call of an initializer looks its resolved spec up by the spec.
        key = (family, gain if rule is None else rule.meaning(gain), mode)
        for name, value in (*zip(FIELDS, (family, rule, gain, mode), strict=True),
                            ("_key", key), ("_hash", hash(key))):  # fmt: skip
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        # Built anew, because hashes of strings differ between processes.
        return type(self), tuple(getattr(self, name) for name in FIELDS)

    def replace(self, **changes: Any) -> Self:
        """Return a spec with some fields changed.

        A field that is not named stays; a mode goes with its rule, so a new `variance` brings its
        own default mode unless `mode` is given too. Where the new distribution takes no rule, the
        old rule is dropped.

        Raises:
            SpecError: a name is not one of a spec's fields, or the fields do not go together.

        >>> from initspec import InitSpec
        >>> print(InitSpec.he_normal().replace(gain=2.0, mode="fan_out"))
        he_normal(gain=2.0, mode=fan_out)
        """
        for name in changes:
            if name not in FIELDS:
                raise SpecError(unknown("field", name, FIELDS))
        family = distribution_of(changes.get("distribution", self.distribution))
        kept: dict[str, Any] = {"distribution": family}
        if family.takes_gain:
            kept["gain"] = self.gain
        if family.rules and self.variance is not None:
            kept["variance"] = self.variance
            if "variance" not in changes:
                kept["mode"] = self.mode
        return type(self)(**(kept | changes))
