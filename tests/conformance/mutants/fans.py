"""Wrong fans: the law is right, of another layer."""

from __future__ import annotations

import math
from typing import ClassVar

from initspec_conformance.expected.expected import Expected
from initspec_conformance.expected.laws import sigma

from initspec import Fans
from mutants.base import Scaled


class WrongFans(Scaled, abstract=True):
    """A right draw for the wrong fans.

    Attributes:
        wrong: the fans that it counts on its weight.
    """

    wrong: ClassVar[tuple[float, float]]

    def fans(self, expected: Expected) -> tuple[float, float]:
        """Return the fans that it counts."""
        return self.wrong

    def factor(self, expected: Expected) -> float:
        fan_in, fan_out = self.fans(expected)
        right = sigma(expected.spec, expected.layout.fans)[1]
        return sigma(expected.spec, Fans(fan_in, fan_out))[1] / right  # type: ignore[arg-type]


class FansSwapped(WrongFans):
    """fan_in for fan_out, on a weight where it is 1.6% of the variance."""

    shape = (512, 520)
    level = "default"

    def fans(self, expected: Expected) -> tuple[float, float]:
        fan_in, fan_out = expected.layout.fans
        return fan_out, fan_in


class ReceptiveFieldForgotten(WrongFans):
    """The fans of a convolution without its kernel: the input channels alone."""

    shape, axes = (16, 12, 3, 3), "out in kernel..."
    wrong = (12, 16)


class GroupsForgotten(WrongFans):
    """A grouped convolution's fan_out counts all groups: torch and Keras.

    https://github.com/pytorch/pytorch/issues/23854
    """

    spec = "he_normal(mode=fan_out)"
    shape, axes = (64, 8, 3, 3), "(stack=4 out) in kernel kernel"
    wrong = (72, 576)


class DepthwiseAsConvolution(WrongFans):
    """A depthwise kernel (h, w, channels, 1) as a convolution's: Keras, 5.7 times too small."""

    shape, axes = (3, 3, 32, 1), "kernel kernel stack out"
    wrong = (288, 9)


class TransposedConvolution(WrongFans):
    """The fans of a transposed convolution exchanged: torch and Keras.

    https://github.com/pytorch/pytorch/issues/7865
    """

    shape, axes = (32, 64, 3, 3), "in out kernel..."
    wrong = (576, 288)


class FusedProjection(WrongFans):
    """Fused Q, K and V as one layer: torch, https://github.com/pytorch/pytorch/issues/166378."""

    spec = "glorot_uniform"
    shape, axes = (192, 64), "(stack=3 out) in"
    wrong = (64, 192)


class HeadsAsKernel(WrongFans):
    """An attention kernel (64, 4, 16) read as a convolution's: Keras, fans of 256 and 1024."""

    spec = "glorot_uniform"
    shape, axes = (64, 4, 16), "in out out"
    wrong = (256, 1024)


class GatesAsOutputs(WrongFans):
    """The four gates of an LSTM as one layer four times as wide."""

    spec = "glorot_uniform"
    shape, axes = (96, 256), "in (stack=4 out)"
    wrong = (96, 256)


class EmbeddingRows(WrongFans):
    """fan_in of an embedding is the number of rows, of which one is picked."""

    spec = "lecun_normal"
    shape, axes = (1000, 32), "stack out"
    wrong = (1000, 32)


class ExpertsAsKernel(WrongFans):
    """The experts of a mixture read as a receptive field, as of any weight of rank 3."""

    shape, axes = (8, 32, 48), "stack in out"
    wrong = (256, 384)


class OtherConvention(WrongFans):
    """A Keras kernel (3, 3, 16, 24) read as torch's: 3 out, 3 in, and a kernel of 16 x 24."""

    shape, axes = (3, 3, 16, 24), "kernel... in out"
    wrong = (1152, 1152)


class GeometricAverage(WrongFans):
    """fan_avg as the geometric mean: invisible at 512 x 520, 20% of the variance at 256 x 1024."""

    spec = "glorot_uniform"
    shape = (256, 1024)
    wrong = (512, 512)


class AverageNotHalved(WrongFans):
    """glorot with fan_in + fan_out, without the 2 over it: Glorot & Bengio (2010), eq. 12."""

    spec = "glorot_normal"

    def fans(self, expected: Expected) -> tuple[float, float]:
        total = sum(expected.layout.fans)
        return total, total


class AverageRoundedDown(WrongFans):
    """(fan_in + fan_out) // 2: 15 for 15.5 on a 16 x 15 weight."""

    spec = "glorot_normal"
    shape = (16, 15)
    level = "default"
    wrong = (15, 15)


class SizeOfTheWeight(WrongFans):
    """The number of elements as the fan: `weight.numel()`."""

    def fans(self, expected: Expected) -> tuple[float, float]:
        size = math.prod(expected.shape)
        return size, size
