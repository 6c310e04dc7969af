"""The identity of a convolution."""

from __future__ import annotations

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.identity import Identity
from initspec.distributions.primitives import Array, Primitives
from initspec.errors import ShapeError
from initspec.spec.resolve import Resolved


class Dirac(Identity, frozen=True, tag="dirac"):
    """gain times the identity at the centre of the receptive field, 0 elsewhere.

    Zagoruyko & Komodakis (2017), "DiracNets", eq. 3. The centre is (size - 1) // 2 on each kernel
    axis, so that a convolution with SAME padding passes its input on for even sizes too. torch's
    `dirac_` takes size // 2, which is another tap where the size is even.
    """

    needs_axes = "dirac needs an out, an in and a kernel axis"
    least_axes = "three axes or more"

    def check(self, layout: Layout, axes: Axes | None) -> None:
        if not layout.kernel:
            raise ShapeError(
                f"dirac on the shape {layout.shape} with axes '{axes}': it needs a kernel axis; "
                "use identity for a weight without one"
            )

    def sample(self, resolved: Resolved, draw: Primitives) -> Array:
        layout = resolved.layout
        eye = draw.eye(layout.stack, layout.out, layout.in_) * resolved.gain
        return draw.weight(draw.at(eye, layout.centre, layout.taps))
