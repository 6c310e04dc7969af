"""Orthogonal matrices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from initspec.distributions.base import Structured, Weights, scaled
from initspec.distributions.formula import Formula, RuleFormula, fixed_matrix
from initspec.distributions.papers import SAXE
from initspec.distributions.parameters import Parameters
from initspec.distributions.primitives import Array, Primitives
from initspec.distributions.rules import Rule
from initspec.distributions.short_calls import call
from initspec.dtypes import FLOATS, FloatType
from initspec.numerics.law import Law


class Orthogonal(Structured, frozen=True, tag="orthogonal"):
    """gain times a uniformly distributed (Haar) orthogonal matrix for each stack member.

    Saxe, McClelland & Ganguli (2014), "Exact solutions to the nonlinear dynamics of learning in
    deep linear neural networks", section 3. The matrix is [out, in * kernel]: its rows are
    orthonormal where out <= in * kernel, else its columns. Mezzadri (2007), "How to generate random
    matrices from the classical compact groups", explains why QR alone is not uniform.
    """

    needs_axes: ClassVar[str] = "an orthogonal matrix needs an out and an in axis"
    paper: ClassVar[str | None] = f"{SAXE}, section 3"
    keeps_norm: ClassVar[bool] = True
    exact: ClassVar[bool] = False

    def formula(self, rule: RuleFormula) -> Formula:
        return fixed_matrix(f"{rule.times}Q, Q Haar orthogonal [out, in * kernel]")

    def short_call(self, rule: Rule | None, gain: float, mode: str | None) -> str | None:
        return call("orthogonal", gain=(gain, 1.0))

    def law(self, parameters: Parameters) -> Law:
        return unit_vector(parameters.gain, max(parameters.layout.out, parameters.layout.columns))

    def sample(self, parameters: Parameters, draw: Primitives) -> Array:
        layout = parameters.layout
        return draw.weight(
            scaled(draw.haar(layout.stack, layout.out, layout.columns), parameters.gain)
        )

    def defects(self, parameters: Parameters, weights: Weights, kind: FloatType) -> Iterator[str]:
        members = weights.reshape(
            parameters.layout.stack, parameters.layout.out, parameters.layout.columns
        )
        yield from not_orthonormal(members / parameters.gain, kind)


def unit_vector(gain: float, length: int) -> Law:
    """Return the law of an entry of gain times a uniform unit vector of `length` entries.

    (1 + entry / gain) / 2 ~ Beta((length - 1) / 2, (length - 1) / 2), so the variance is
    gain^2 / length and the kurtosis 3 length / (length + 2).
    """
    if not length:
        return Law(0.0, math.nan, -gain, gain, math.nan)
    return Law(0.0, gain / math.sqrt(length), -gain, gain, 3 * length / (length + 2))


def not_orthonormal(members: Weights, kind: FloatType) -> Iterator[str]:
    """Say how far [stack, rows, columns] lie from orthonormal rows (columns, if tall).

    Householder QR in float32 stays below 7 eps up to 1024 rows, so 32 eps is no close call; a cast
    to half precision moves each entry by a relative u = eps / 2, each inner product by 2u + u^2.
    """
    if not members.size:
        return
    rows, columns = members.shape[1:]
    tall = members if rows > columns else members.transpose(0, 2, 1)
    gram = tall.transpose(0, 2, 1) @ tall
    error = float(np.max(np.abs(gram - np.eye(min(rows, columns)))))
    computed, unit = min(kind.eps, FLOATS["float32"].eps), kind.eps / 2
    rounding = 2 * unit + unit**2 if kind.eps > computed else 0.0
    if not error <= 32 * computed + rounding:
        side = "rows" if rows <= columns else "columns"
        yield f"{side} are not orthonormal: the Gram matrix is {error:.2g} off the identity"
