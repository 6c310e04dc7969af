"""The named constructors: the vocabulary of papers and frameworks, each a line over `InitSpec`."""

from __future__ import annotations

from typing import Self

from initspec.distributions import (
    Constant,
    DeltaOrthogonal,
    Dirac,
    Distribution,
    HippoLegS,
    Identity,
    LogUniform,
    Normal,
    Orthogonal,
    Ramp,
    Repeat,
    Rotary,
    Sinusoidal,
    Sparse,
    TruncatedNormal,
    Uniform,
)
from initspec.distributions.mapped import passed
from initspec.distributions.rules import USUAL_POWER, FanRule, Range, Std, he_scale
from initspec.errors import SpecError, shown
from initspec.spec.slips import explain_calls
from initspec.spec.value import Spec


class _Default(float):
    """A default that differs from the same number given by the caller."""

    __slots__ = ()


_LOW, _HIGH = _Default(-0.05), _Default(0.05)


@explain_calls
class Constructors(Spec):
    """The named constructors of `InitSpec`."""

    __slots__ = ()

    @classmethod
    def lecun_normal(cls, *, gain: float = 1.0, mode: str | None = None) -> Self:
        """Normal with variance 1 / fan_in: LeCun et al. (1998), "Efficient BackProp", eq. 16.

        Untruncated. Keras' and JAX' lecun_normal is `lecun_truncated_normal`.
        """
        return cls("normal", "lecun", gain, mode)

    @classmethod
    def lecun_uniform(cls, *, gain: float = 1.0, mode: str | None = None) -> Self:
        """Uniform with variance 1 / fan_in, so its bound is sqrt(3 / fan_in)."""
        return cls("uniform", "lecun", gain, mode)

    @classmethod
    def lecun_truncated_normal(
        cls, *, gain: float = 1.0, mode: str | None = None, lower: float = -2.0, upper: float = 2.0
    ) -> Self:
        """Normal cut at `lower` and `upper` parent sigmas, with variance 1 / fan_in after the cut.

        Keras' and JAX' lecun_normal.
        """
        return cls(TruncatedNormal(lower, upper), "lecun", gain, mode)

    @classmethod
    def glorot_normal(cls, *, gain: float = 1.0, mode: str | None = None) -> Self:
        """Normal with variance 2 / (fan_in + fan_out): Glorot & Bengio (2010), eq. 12.

        Untruncated, as torch's xavier_normal_. Keras' and JAX' glorot_normal is
        `glorot_truncated_normal`.
        """
        return cls("normal", "glorot", gain, mode)

    @classmethod
    def glorot_uniform(cls, *, gain: float = 1.0, mode: str | None = None) -> Self:
        """Uniform with bound sqrt(6 / (fan_in + fan_out)): Glorot & Bengio (2010), eq. 16."""
        return cls("uniform", "glorot", gain, mode)

    @classmethod
    def glorot_truncated_normal(
        cls, *, gain: float = 1.0, mode: str | None = None, lower: float = -2.0, upper: float = 2.0
    ) -> Self:
        """Normal cut at `lower` and `upper` parent sigmas, then of variance 2 / (fan_in + fan_out).

        Keras' and JAX' glorot_normal.
        """
        return cls(TruncatedNormal(lower, upper), "glorot", gain, mode)

    @classmethod
    def he_normal(
        cls, *, gain: float = 1.0, mode: str | None = None, negative_slope: float = 0.0
    ) -> Self:
        """Normal with variance 2 / fan_in: He et al. (2015), eq. 10.

        Untruncated, as in the paper ("Delving Deep into Rectifiers") and torch. Keras' and JAX'
        he_normal is `he_truncated_normal`. The factor 2 is ReLU's: `gain=sqrt(2)` would double it
        again. `negative_slope` is the slope of a leaky ReLU, scale 2 / (1 + negative_slope^2)
        (eq. 15); torch calls it `a`.
        """
        return cls("normal", he_scale(negative_slope), gain, mode)

    @classmethod
    def he_uniform(
        cls, *, gain: float = 1.0, mode: str | None = None, negative_slope: float = 0.0
    ) -> Self:
        """Uniform with variance 2 / fan_in, so its bound is sqrt(6 / fan_in); see `he_normal`."""
        return cls("uniform", he_scale(negative_slope), gain, mode)

    @classmethod
    def he_truncated_normal(
        cls,
        *,
        gain: float = 1.0,
        mode: str | None = None,
        negative_slope: float = 0.0,
        lower: float = -2.0,
        upper: float = 2.0,
    ) -> Self:
        """Normal cut at `lower` and `upper` parent sigmas, with variance 2 / fan_in after the cut.

        Keras' and JAX' he_normal.
        """
        return cls(TruncatedNormal(lower, upper), he_scale(negative_slope), gain, mode)

    xavier_normal = glorot_normal
    xavier_uniform = glorot_uniform
    xavier_truncated_normal = glorot_truncated_normal
    kaiming_normal = he_normal
    kaiming_uniform = he_uniform
    kaiming_truncated_normal = he_truncated_normal

    @classmethod
    def variance_scaling(
        cls,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str | Distribution = "normal",
        *,
        gain: float = 1.0,
        power: float = USUAL_POWER,
    ) -> Self:
        """Variance gain^2 * scale / fan(mode), for any distribution that takes a fan rule.

        With a `power` of the fan other than -1/2, sigma = gain * sqrt(scale) * fan(mode)^power:
        `variance_scaling(1 / 3, distribution="uniform", power=-1)` is U(-1/fan_in, 1/fan_in).
        """
        return cls(distribution, FanRule(scale, power), gain, mode)

    @classmethod
    def normal(cls, std: float = 0.05, *, mean: float = 0.0, through: str | None = None) -> Self:
        """Normal with a fixed std and mean, in units of the weight.

        `through="exp"` passes it through a function, after which it is log-normal.
        """
        return cls(passed(Normal(), through), Std(std, mean))

    @classmethod
    def uniform(cls, low: float = _LOW, high: float = _HIGH, *, through: str | None = None) -> Self:
        """Uniform between `low` and `high`, which are kept exactly; -0.05 and 0.05 unless given.

        `through` is "exp", "log" or "inverse_softplus": the function that it is passed through.
        Mamba-2's A_log is `uniform(1.0, 16.0, through="log")`.
        """
        if isinstance(low, _Default) != isinstance(high, _Default):
            # To JAX one number is the width from 0 on, to Keras, NumPy and torch the lower end.
            end = shown(high if isinstance(low, _Default) else low)
            raise SpecError(
                f"uniform with one end, {end}: give both, such as {cls.__name__}.uniform(-0.1, 0.1)"
            )
        return cls(passed(Uniform(), through), Range(low, high))

    @classmethod
    def truncated_normal(
        cls,
        std: float = 0.05,
        *,
        mean: float = 0.0,
        lower: float = -2.0,
        upper: float = 2.0,
        corrected: bool = True,
        through: str | None = None,
    ) -> Self:
        """Normal cut at `lower` and `upper` parent sigmas, with a fixed std.

        `std` is that of the weights if `corrected`, else that of the parent, as in Keras'
        TruncatedNormal and JAX' truncated_normal. `mean` is always the parent's. `through` is the
        function that it is passed through, as in `uniform`.
        """
        return cls(passed(TruncatedNormal(lower, upper, corrected), through), Std(std, mean))

    @classmethod
    def log_uniform(cls, low: float, high: float, *, through: str | None = None) -> Self:
        """Numbers whose logarithm is uniform, between `low` > 0 and `high`, kept exactly.

        Mamba's dt bias is `log_uniform(0.001, 0.1, through="inverse_softplus")`: a softplus of it
        gives back step sizes of equal shares in each decade. Gu & Dao (2023), section 3.6, and
        their code.
        """
        return cls(passed(LogUniform(low, high), through))

    @classmethod
    def sparse(cls, sparsity: float, std: float = 0.01, along: str = "in") -> Self:
        """Normal with ceil(sparsity * n) exact zeros in each slice of n; `std` is the non-zeros'.

        `along="in"` is Martens (2010): each unit keeps the same number of connections.
        `along="out"` is what torch's `sparse_` does to a Linear weight.
        """
        return cls(Sparse(sparsity, along), Std(std))  # type: ignore[arg-type]

    @classmethod
    def orthogonal(cls, gain: float = 1.0) -> Self:
        """gain times a Haar orthogonal matrix [out, in * kernel]: Saxe et al. (2014)."""
        return cls(Orthogonal(), gain=gain)

    @classmethod
    def delta_orthogonal(cls, gain: float = 1.0) -> Self:
        """gain times a Haar orthogonal [out, in] at the kernel's centre: Xiao et al. (2018)."""
        return cls(DeltaOrthogonal(), gain=gain)

    @classmethod
    def identity(cls, gain: float = 1.0, *, noise: float = 0.0) -> Self:
        """gain times the identity matrix: Le et al. (2015); noise is the std of what is added."""
        return cls(Identity(noise), gain=gain)

    @classmethod
    def dirac(cls, *, gain: float = 1.0, noise: float = 0.0) -> Self:
        """gain times the identity of a convolution: Zagoruyko & Komodakis (2017)."""
        return cls(Dirac(noise), gain=gain)

    @classmethod
    def repeat(
        cls, of: Spec, times: int | None = None, *, along: str = "out", order: str = "grouped"
    ) -> Self:
        """A spec with equal outputs, or equal stack members: `times` of them; None, all.

        `repeat(he_normal, times=4)` is ICNR before `pixel_shuffle(2)` of PyTorch, with
        `order="tiled"` before `depth_to_space` of TensorFlow: Aitken et al. (2017). Experts that
        start equal are `along="stack"`.
        """
        if not isinstance(of, Spec):
            raise SpecError(f"of={shown(of)}: pass a spec, such as {cls.__name__}.he_normal()")
        family = Repeat(of.distribution, times, along, order)  # type: ignore[arg-type]
        return cls(family, of.variance, of.gain, of.mode)

    @classmethod
    def constant(cls, value: float) -> Self:
        """Every entry is `value`."""
        return cls(Constant(value))

    @classmethod
    def zeros(cls) -> Self:
        """Every entry is 0."""
        return cls(Constant(0.0))

    @classmethod
    def ones(cls) -> Self:
        """Every entry is 1."""
        return cls(Constant(1.0))

    @classmethod
    def ramp(
        cls,
        start: float,
        stop: float | None = None,
        *,
        step: float | None = None,
        along: str | None = None,
        power: float = 1.0,
        through: str | None = None,
    ) -> Self:
        """Evenly spaced values from `start` to `stop`, both included, or at a distance of `step`.

        They run along the axes of the role `along`, which a weight of one role need not name, and
        are the same at all other places; another `power` bends them. `through` is "exp", "log" or
        "inverse_softplus", the function that they are passed through. Mamba's A_log is
        `ramp(1.0, step=1.0, along="in", through="log")`.
        """
        return cls(Ramp(start, stop, step, along, power, through))  # type: ignore[arg-type]

    @classmethod
    def sinusoidal(
        cls,
        *,
        base: float = 10000.0,
        halves: bool = False,
        endpoint: bool = False,
        grid: bool = False,
        extra_tokens: int = 0,
        gain: float = 1.0,
    ) -> Self:
        """A table of positions, axes `stack out`: Vaswani et al. (2017), and its variants."""
        return cls(Sinusoidal(base, halves, endpoint, grid, extra_tokens), gain=gain)

    @classmethod
    def rotary(cls, *, base: float = 10000.0) -> Self:
        """The d/2 frequencies base^(-2i/d) of rotary embeddings: Su et al. (2021)."""
        return cls(Rotary(base))

    @classmethod
    def hippo_legs(cls, matrix: str = "A") -> Self:
        """The matrix A [out, in] or the vector B of HiPPO-LegS: Gu et al. (2020)."""
        return cls(HippoLegS(matrix))  # type: ignore[arg-type]


CONSTRUCTORS = tuple(name for name in vars(Constructors) if not name.startswith("_"))
"""The names of all named constructors, in the order of this file."""
