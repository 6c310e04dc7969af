"""The paper that a spec comes from."""

from __future__ import annotations

from initspec.distributions.papers import GLOROT, HE, LECUN
from initspec.distributions.rules import FanRule
from initspec.distributions.short_calls import fan
from initspec.spec.formula import scale_of
from initspec.spec.value import Spec


def paper(spec: Spec) -> str | None:
    """Return the paper that a spec comes from; None for fixed rules and constants.

    >>> from initspec import InitSpec
    >>> paper(InitSpec.he_normal())
    'He et al. (2015), "Delving Deep into Rectifiers", eq. 10'
    """
    rule = spec.variance
    if spec.distribution.paper is not None or not isinstance(rule, FanRule):
        return spec.distribution.paper
    if not (spec.distribution.sigma_is_std and rule.is_usual):
        return None
    if spec.mode == "fan_avg":
        return f"{GLOROT}, eq. {spec.distribution.glorot_equation}"
    if spec.mode not in ("fan_in", "fan_out"):
        return None
    name, _ = fan(rule, spec.gain, spec.mode)
    if name == "he":
        return f"{HE}, eq. {14 if spec.mode == 'fan_out' else 10}"
    if name == "lecun":
        return f"{LECUN}, eq. 16" if spec.mode == "fan_in" else None
    # A leaky ReLU of a slope below 1.
    return f"{HE}, eq. 15" if 1 < scale_of(spec) < 2 else None
