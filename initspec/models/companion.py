"""What belongs to a recipe beyond the weights, so that nobody applies a third of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from initspec.errors import FormatError, shown, unknown
from initspec.models.template import arithmetic

FACTORS = ("forward", "learning rate", "weight decay", "epsilon")
"""The kinds that are a factor: in the forward pass, or of a number of the optimizer."""
KINDS = (*FACTORS, "other")


@dataclass(frozen=True, slots=True)
class Companion:
    """One thing that belongs to a recipe beyond the weights.

    Args:
        kind: "forward", "learning rate", "weight decay" or "epsilon", a factor; or "other".
        of: what it is applied to, such as "logits" or "hidden matrices".
        value: the factor, as arithmetic over the numbers of the recipe; of "other", a sentence.

    Raises:
        FormatError: a kind is unknown, a text missing, or a factor is not arithmetic.
    """

    kind: str
    of: str
    value: str

    def __post_init__(self) -> None:
        for name, text in asdict(self).items():
            if not isinstance(text, str) or not text:
                raise FormatError(f"{name}={shown(text)} of a companion: pass a text")
        if self.kind not in KINDS:
            raise FormatError(unknown("kind of a companion", self.kind, KINDS))
        if self.kind in FACTORS:
            arithmetic(self.value)

    @property
    def names(self) -> tuple[str, ...]:
        """The names in its factor."""
        return arithmetic(self.value).names if self.kind in FACTORS else ()

    def line(self, number_of: Callable[[str], float | None] = lambda _: None) -> str:
        """Return it in words, the factor as a number where its names have numbers.

        >>> Companion("learning rate", "hidden matrices", "1 / width_ratio").line({}.get)
        'learning rate of hidden matrices: x 1 / width_ratio'
        >>> Companion("forward", "logits", "1 / width_ratio").line({"width_ratio": 4.0}.get)
        'forward, logits: x 1 / width_ratio = 0.25'
        """
        if self.kind == "other":
            return f"{self.of}: {self.value}"
        head = f"{self.kind}, {self.of}" if self.kind == "forward" else f"{self.kind} of {self.of}"
        number = self.factor(number_of) if self.names else None
        return f"{head}: x {self.value}" + ("" if number is None else f" = {number:.6g}")

    def factor(self, number_of: Callable[[str], float | None]) -> float | None:
        """Return its factor as a number; None where a name has none, or it is not a factor."""
        numbers = {name: number_of(name) for name in self.names}
        if self.kind == "other" or None in numbers.values():
            return None
        return arithmetic(self.value).value(numbers.__getitem__)  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, values: Any) -> Companion:
        """Return the companion of a document.

        Raises:
            FormatError: it is not an object of a companion's keys.
        """
        keys = tuple(cls.__dataclass_fields__)
        if not isinstance(values, dict) or set(values) != set(keys):
            raise FormatError(
                f"the companion {shown(values)}: pass an object with the keys {', '.join(keys)}"
            )
        return cls(**values)
