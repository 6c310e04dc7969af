"""The identity of a convolution."""

from __future__ import annotations

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.formula import Formula, RuleFormula, fixed_matrix, number
from initspec.distributions.identity import Identity
from initspec.distributions.papers import ZAGORUYKO
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Rule
from initspec.distributions.short_calls import call
from initspec.errors import ShapeError


class Dirac(Identity, frozen=True, tag="dirac", omit_defaults=True):
    """gain times the identity at the centre of the receptive field, 0 elsewhere.

    Zagoruyko & Komodakis (2017), "DiracNets", eq. 3. The centre is (size - 1) // 2 on each kernel
    axis, so that a convolution with SAME padding passes its input on for even sizes too. torch's
    `dirac_` takes size // 2, which is another tap where the size is even.

    Args:
        noise: as for `Identity`, on every entry of the kernel.
    """

    needs_axes = "dirac needs an out, an in and a kernel axis"
    least_axes = "three axes or more"
    paper = f"{ZAGORUYKO}, eq. 3"

    def check(self, layout: Layout, axes: Axes | None) -> None:
        if not layout.kernel:
            raise ShapeError(
                f"dirac on the shape {layout.shape} with axes '{axes}': it needs a kernel axis; "
                "use identity for a weight without one"
            )

    def formula(self, rule: RuleFormula) -> Formula:
        where = "at the centre of the receptive field"
        noise = f" + N(0, {number(self.noise)}^2) everywhere" if self.noise else ""
        return fixed_matrix(f"{rule.times}the identity [out, in] {where}{noise}")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call("dirac", gain=(gain, 1.0), noise=(self.noise, 0.0))

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        layout = parameters.layout
        eye = draw.eye(layout.stack, layout.out, layout.in_) * parameters.gain
        kernel = draw.at(eye, layout.centre, layout.taps)
        return draw.weight(self._with_noise(kernel, layout, draw))
