"""Uniformly distributed (Haar) orthogonal matrices."""

from __future__ import annotations

from typing import TypeAlias

import torch

Shape = tuple[int, int, int]
Rng: TypeAlias = torch.Generator | None

_SMALL = 64
"""Up to this many columns a batched QR is faster than products of blocks."""
_WIDTH = {"cpu": 192, "cuda": 512}
"""How many reflections are applied at a time: each time CUDA starts 25 kernels."""
_TOGETHER = {"cpu": 1 << 18, "cuda": 1 << 24}
"""How many elements of a stack of smaller matrices are worked on at a time."""


def haar(shape: Shape, dtype: torch.dtype, device: torch.device, rng: Rng) -> torch.Tensor:
    """Return [stack, rows, columns], float32 or float64, of independent Haar matrices.

    The rows are orthonormal where rows <= columns, else the columns.
    """
    stack, rows, columns = shape
    if _qr_is_faster(stack, min(rows, columns), device.type):
        tall = by_qr((stack, max(rows, columns), min(rows, columns)), dtype, device, rng)
        return tall if rows >= columns else tall.mT
    result = torch.empty(shape, dtype=dtype, device=device)
    by_reflections(result if rows >= columns else result.mT, rng)
    return result


def _qr_is_faster(stack: int, columns: int, device: str) -> bool:
    """Return whether to take QR: always where reflections have not been measured."""
    if device == "cuda" and stack > 1:
        return False  # one by one, 20,000 of 5 x 3 take 1.3 s; reflections of all take 1 ms
    if device == "cuda" and not _full_precision():
        return True  # reflections take float64 then, which few GPUs are fast in
    return device not in _WIDTH or columns <= _SMALL


def by_qr(shape: Shape, dtype: torch.dtype, device: torch.device, rng: Rng) -> torch.Tensor:
    """Return [stack, n, k], n >= k, from the QR factorization of normal matrices.

    QR alone is not uniform, because LAPACK's signs depend on the matrix: with a positive diagonal
    of R it is (Mezzadri 2007, "How to generate random matrices from the classical compact groups",
    section 5).
    """
    # Without the stack axis where it is 1: torch then takes a shorter way to LAPACK.
    normals = torch.empty(shape[1:] if shape[0] == 1 else shape, dtype=dtype, device=device)
    q, r = torch.linalg.qr(normals.normal_(generator=rng))
    signs = _signs(r.diagonal(dim1=-2, dim2=-1))
    return q.mul_(signs).unsqueeze_(0) if shape[0] == 1 else q.mul_(signs.unsqueeze(-2))


def by_reflections(result: torch.Tensor, rng: Rng) -> None:
    """Fill [stack, n, k], n >= k, with products of k random Householder reflections.

    Stewart (1980), "The efficient generation of random orthogonal matrices with an application to
    condition estimators", section 3: in the QR factorization of a normal matrix what is left to
    reflect at each step is a normal vector again, of one entry less and independent of the steps
    before. So the vectors are drawn and nothing is factorized, which halves the work.
    """
    dtype = result.dtype if _full_precision() else torch.float64
    # A few members at a time: one, where it fills the cores alone.
    device = result.device.type
    together = max(1, _TOGETHER[device] // (result.shape[1] * result.shape[2]))
    with torch.autocast(device, enabled=False):
        for members in result.split(together):
            product = members if members.dtype == dtype else members.to(dtype)
            _multiply_reflections(product, rng)
            if product is not members:
                members.copy_(product)


def _multiply_reflections(product: torch.Tensor, rng: Rng) -> None:
    """Overwrite [stack, n, k] with H_1 H_2 ... H_k, from the last block of reflections back.

    A block of reflections is I - V T V^T (Schreiber & Van Loan 1989), with
    T^-1 = the strictly upper part of V^T V plus half its diagonal (Puglisi 1992), whatever the
    lengths of the columns of V.
    """
    stack, rows, columns = product.shape
    product.zero_()
    most = _WIDTH[product.device.type]
    for start in reversed(range(0, columns, most)):
        width = min(most, columns - start)
        normals = product.new_empty((stack, rows - start, width))
        v = normals.normal_(generator=rng).tril_()
        pivots = v.diagonal(dim1=1, dim2=2)
        # One float32 normal in 2^24 is 0, which reflects nothing where it stands alone.
        pivots.masked_fill_(pivots == 0, 1e-15)
        signs = _signs(pivots)
        # The reflection takes the vector to -sign * |vector| e_1; R's diagonal must be positive.
        pivots.add_(signs * _squares(v).sqrt())
        t_inverse = (v.mT @ v).triu_()
        # A matrix product leaves up to 10 eps in its diagonal, and the reflections inherit them.
        t_inverse.diagonal(dim1=1, dim2=2).copy_(_squares(v) * 0.5)
        trailing = product[:, start:, start:]
        trailing.diagonal(dim1=1, dim2=2)[:, :width] = -signs
        coefficients = torch.linalg.solve_triangular(t_inverse, v.mT @ trailing, upper=True)
        trailing.baddbmm_(v, coefficients, alpha=-1)


def _squares(v: torch.Tensor) -> torch.Tensor:
    """Return the squared length of each column of [stack, n, k], to about one eps.

    torch sums pairwise, while linalg.vector_norm is some 6 eps off at 1000 rows.
    """
    return (v * v).sum(1)


def _signs(values: torch.Tensor) -> torch.Tensor:
    """Return the sign of each value, 1 or -1: that of a zero is its sign bit."""
    return torch.ones_like(values).copysign_(values)


def _full_precision() -> bool:
    """Return whether torch multiplies float32 matrices in float32; a setting may allow less."""
    try:
        return bool(torch.get_float32_matmul_precision() == "highest")
    except RuntimeError:  # set for one device through torch.backends, which this cannot read
        return False
