"""Recommend an initializer for an activation: rule, gain, reason and paper."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from initspec.activations import Activation, activation_of
from initspec.activations.gains import PARTS, gain
from initspec.distributions import Distribution
from initspec.distributions.papers import GLOROT, HE, KLAMBAUER, LECUN
from initspec.distributions.rules import he_scale
from initspec.errors import ActivationError
from initspec.numerics.quadrature import mean_square

_HE = f"{HE}, eq. 10 and 15"
_GLOROT = f"{GLOROT}, eq. 12"
_LECUN = f"{LECUN}, eq. 16"


@dataclass(frozen=True)
class Recommendation:
    """The rule and the gain that fit an activation.

    Attributes:
        activation: the activation.
        rule: "he", "glorot" or "lecun".
        scale: the scale of the fan rule: its name, or a number for a leaky ReLU.
        gain: what multiplies the rule's standard deviation.
        reason: the reason, in a sentence or two.
        paper: the source of the rule.
    """

    activation: Activation
    rule: str
    scale: str | float
    gain: float
    reason: str
    paper: str

    def python(self, distribution: str = "normal", mode: str | None = None) -> str:
        """Return the Python expression of the spec.

        >>> print(recommend("gelu").python("uniform"))
        InitSpec.for_activation('gelu', distribution='uniform')
        """
        f = self.activation
        words = [repr(str(f)) if f.family else f.name]
        words += [f"distribution={distribution!r}"] if distribution != "normal" else []
        words += [f"mode={mode!r}"] if mode is not None else []
        return f"InitSpec.for_activation({', '.join(words)})"

    def fields(self, family: Distribution) -> dict[str, Any]:
        """Return the fields of the `InitSpec`; a family without rules has the scale in its gain."""
        if family.rules:
            return {"distribution": family, "variance": self.scale, "gain": self.gain}
        scale = {"he": 2.0, "glorot": 1.0, "lecun": 1.0}.get(str(self.scale), self.scale)
        return {"distribution": family, "gain": self.gain * math.sqrt(float(scale))}


def recommend(
    activation: str | Callable[..., Any] | Activation,
    **parameters: Any,
) -> Recommendation:
    """Return the rule that fits an activation.

    He for the ReLU family, Glorot for sigmoid and tanh, LeCun for SELU, and LeCun with the
    activation's own gain for all others.

    Args:
        activation: a name, an elementwise function of a NumPy array, or an `Activation`.
        parameters: what the named activation takes, such as negative_slope=0.2.

    Raises:
        ActivationError: the activation is unknown, not elementwise, or has no gain.
        SpecError: a parameter is out of range.

    >>> recommend("selu").rule, recommend("gelu").gain
    ('lecun', 1.5335304411955353)
    """
    f = activation_of(activation, **parameters)
    match f.family:
        case "relu" | "relu6":
            reason = (
                "It passes half of a symmetric signal, so that twice the variance keeps the mean "
                "square from layer to layer; He already contains that factor 2."
            )
            return Recommendation(f, "he", "he", 1.0, reason, _HE)
        case "leaky_relu" | "prelu":
            slope = float(f.parameters["negative_slope"])
            reason = (
                "It passes half of a symmetric signal and a share slope^2 of the other half: the "
                f"scale 2 / (1 + slope^2) for the slope {slope:g} keeps the mean square."
            )
            return Recommendation(f, "he", he_scale(slope), 1.0, reason, _HE)
        case "sigmoid" | "tanh":
            reason = (
                "It is nearly linear around 0: a variance between those that keep the signal and "
                "the gradient steady, 2 / (fan_in + fan_out), holds its inputs there, away from "
                "its saturated ends."
            )
            if f.family == "sigmoid":
                reason += (
                    " Its slope is at most 1/4, so that each layer divides the gradient by about "
                    "4: prefer tanh or ReLU in the hidden layers of a deep network."
                )
            return Recommendation(f, "glorot", "glorot", 1.0, reason, _GLOROT)
        case "selu":
            reason = (
                "It is scaled so that mean 0 and variance 1 are a stable fixed point under weights "
                "of variance 1 / fan_in: any other gain loses it."
            )
            return Recommendation(f, "lecun", "lecun", 1.0, reason, KLAMBAUER)
        case "linear":
            reason = "Weights of variance 1 / fan_in keep the variance of a linear layer."
            return Recommendation(f, "lecun", "lecun", 1.0, reason, _LECUN)
    factor = gain(f)
    reason = (
        f"Its output has mean square {1 / factor**2:.4g} where its input has 1: weights of "
        f"variance gain^2 / fan_in with gain {factor:.6g} bring 1 back."
    )
    try:
        chi = factor**2 * mean_square(f.derivative, f.kinks, parts=PARTS).value
    except ActivationError:  # a slope may have no second moment where the function has one
        return Recommendation(f, "lecun", "lecun", factor, reason, _LECUN)
    if not chi:
        reason += (
            " But its slope is 0 almost everywhere, so that no gradient passes it whatever the "
            "weights are: train it with a surrogate for its slope, or take a smooth activation."
        )
        return Recommendation(f, "lecun", "lecun", factor, reason, _LECUN)
    reason += (
        f" A gradient's variance is then multiplied by chi_1 = {chi:.3g} in each layer: the nearer "
        "to 1, the deeper a network it fits."
    )
    return Recommendation(f, "lecun", "lecun", factor, reason, _LECUN)
