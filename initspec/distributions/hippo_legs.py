"""HiPPO-LegS, the transition of state-space models that remember all of the past."""

from __future__ import annotations

import math
from typing import ClassVar, Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from initspec.axes import Axes
from initspec.axes.layout import Layout
from initspec.distributions.computed import Computed, number_of, only_role
from initspec.distributions.formula import Formula, RuleFormula, fixed_matrix
from initspec.distributions.papers import GU
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Entries, Places
from initspec.distributions.rules import Rule
from initspec.distributions.short_calls import call
from initspec.errors import ShapeError, SpecError, unknown
from initspec.numerics.law import Law

Matrix = Literal["A", "B"]


class HippoLegS(Computed, frozen=True, tag="hippo_legs"):
    """The matrices of x' = A x + B u whose state is the past in scaled Legendre polynomials.

    A[n, k] = -sqrt((2n + 1)(2k + 1)) for n > k, -(n + 1) for n = k, else 0; B[n] = sqrt(2n + 1). Gu
    et al. (2020), "HiPPO: Recurrent Memory with Optimal Polynomial Projections", theorem 2, with
    the sign that S4 has: `transition("legs", N)` of state-spaces/s4, models/s4/hippo.py.

    Args:
        matrix: "A", a square matrix [out, in] for each stack member, or "B", a vector.
    """

    matrix: Matrix = "A"

    paper: ClassVar[str | None] = f"{GU}, theorem 2"
    least_axes: ClassVar[str] = "two axes"

    def __post_init__(self) -> None:
        if not isinstance(self.matrix, str) or self.matrix not in get_args(Matrix):
            raise SpecError(unknown("matrix", self.matrix, get_args(Matrix)))
        msgspec.structs.force_setattr(self, "matrix", str(self.matrix))

    @property
    def needs_axes(self) -> str:  # type: ignore[override]
        return "the matrix A needs an out and an in axis" if self.matrix == "A" else ""

    def check(self, layout: Layout, axes: Axes | None) -> None:
        if self.matrix == "B":
            remedy = "B is a vector; pass a shape of one axis, or matrix='A'"
            only_role("hippo_legs(matrix=B)", layout, axes, remedy)
        elif layout.kernel or layout.out != layout.in_:
            raise ShapeError(
                f"hippo_legs on the shape {layout.shape} with axes '{axes}': A is square, "
                f"[out, in], and this is {layout.out} x {layout.columns}; pass a square shape"
            )

    def entries(self, parameters: Parameters) -> Entries:
        layout = parameters.layout

        def matrix(_: Places, n: Places, k: Places) -> NDArray[np.float64]:
            below = -np.sqrt(((2 * n + 1) * (2 * k + 1)).astype(np.float64))
            return np.where(n > k, below, np.where(n == k, -(n + 1.0), 0.0))

        def vector(members: Places, rows: Places, columns: Places) -> NDArray[np.float64]:
            n = number_of(layout.roles[0], layout, members, rows, columns)
            return np.sqrt((2 * n + 1).astype(np.float64))

        return matrix if self.matrix == "A" else vector

    def law(self, parameters: Parameters) -> Law:
        n = parameters.layout.out
        if self.matrix == "B" or not parameters.layout.size:
            return super().law(parameters)
        squares = 2 * np.arange(n) + 1.0
        total = (np.sqrt(squares).sum() ** 2 - squares.sum()) / 2 + n * (n + 1) / 2
        low = -max(float(n), math.sqrt((2 * n - 1) * (2 * n - 3)) if n > 1 else 0.0)
        return Law(-float(total) / n**2, 0.0, low, 0.0 if n > 1 else low, math.nan)

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call("hippo_legs", matrix=(self.matrix, "A"))

    def formula(self, rule: RuleFormula) -> Formula:
        if self.matrix == "B":
            return fixed_matrix("sqrt(2n + 1)")
        below = "-sqrt((2n + 1)(2k + 1)) for n > k"
        return Formula(f"W[n, k] = {below}, -(n + 1) for n = k, else 0", below)
