"""Where each law comes from."""

from __future__ import annotations

from fractions import Fraction

from initspec.api import InitSpec
from initspec.distributions.rules import FanRule

_FAMILIES = {
    "sparse": 'Martens (2010), "Deep learning via Hessian-free optimization", section 5',
    "orthogonal": 'Saxe, McClelland & Ganguli (2014), "Exact solutions to the nonlinear dynamics '
    'of learning in deep linear neural networks", section 3',
    "delta_orthogonal": 'Xiao et al. (2018), "Dynamical Isometry and a Mean Field Theory of CNNs", '
    "algorithm 1",
    "identity": 'Le, Jaitly & Hinton (2015), "A Simple Way to Initialize Recurrent Networks of '
    'Rectified Linear Units", section 3',
    "dirac": 'Zagoruyko & Komodakis (2017), "DiracNets", eq. 3',
}
_HE = 'He et al. (2015), "Delving Deep into Rectifiers"'
_GLOROT = (
    'Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural '
    'networks"'
)
_LECUN = 'LeCun et al. (1998), "Efficient BackProp", eq. 16'


def paper(spec: InitSpec) -> str | None:
    """Return the paper that a spec comes from; None for fixed rules and constants.

    >>> paper(InitSpec.he_normal())
    'He et al. (2015), "Delving Deep into Rectifiers", eq. 10'
    """
    rule = spec.variance
    if not isinstance(rule, FanRule) or spec.distribution.name() == "sparse":
        return _FAMILIES.get(spec.distribution.name())
    scale = Fraction(spec.gain) ** 2 * Fraction(rule.scale)
    if spec.mode == "fan_avg":
        return f"{_GLOROT}, eq. {16 if spec.distribution.name() == 'uniform' else 12}"
    if spec.mode not in ("fan_in", "fan_out"):
        return None
    if str(spec).startswith("he_"):
        return f"{_HE}, eq. {14 if spec.mode == 'fan_out' else 10}"
    if str(spec).startswith("lecun_") and spec.mode == "fan_in":
        return _LECUN
    # A leaky ReLU of a slope below 1.
    return f"{_HE}, eq. 15" if 1 < scale < 2 else None
