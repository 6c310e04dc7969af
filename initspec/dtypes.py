"""The floating types of weights, by the names that all frameworks share."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np

from initspec.errors import DtypeError, shown


@dataclass(frozen=True, slots=True)
class FloatType:
    """A floating type.

    Attributes:
        name: its name.
        largest: the largest finite value.
        eps: the gap between 1 and the next larger value.
        smallest: the smallest positive value that every framework keeps: subnormal in float16,
            normal elsewhere, because XLA flushes wider subnormals to 0.
    """

    name: str
    largest: float
    eps: float
    smallest: float

    @property
    def working(self) -> FloatType:
        """The type that weights of this one are drawn in."""
        return FLOATS["float64" if self.name == "float64" else "float32"]

    def require_sizes(self, least: float, most: float, what: str, remedy: str) -> None:
        """Raise DtypeError where sizes from `least` to `most` would not survive."""
        if 0 < least < self.smallest or most > self.largest:
            raise DtypeError(
                f"{self.name} holds sizes from {self.smallest:g} to {self.largest:g}, and {what} "
                f"has those from {least:g} to {most:g}: {remedy}, or pass a wider dtype"
            )

    def require(self, reach: float, scale: float) -> None:
        """Raise DtypeError where values up to `reach`, spread by `scale`, would not survive."""
        if 0 < scale < self.smallest:
            raise DtypeError(
                f"{self.name} starts at {self.smallest:g}, but the values of this spec are of the "
                f"size {scale:g}: raise the std or gain, or pass a wider dtype"
            )
        if reach > self.largest:
            raise DtypeError(
                f"{self.name} ends at {self.largest:g}, but this spec reaches {reach:g}: "
                "lower the std, gain or value, or pass a wider dtype"
            )


FLOATS = {
    kind.name: kind
    for kind in (
        FloatType("float16", 65504.0, 2.0**-10, 2.0**-24),
        FloatType("bfloat16", (2 - 2.0**-7) * 2.0**127, 2.0**-7, 2.0**-126),
        FloatType("float32", (2 - 2.0**-23) * 2.0**127, 2.0**-23, 2.0**-126),
        FloatType("float64", (2 - 2.0**-52) * 2.0**1023, 2.0**-52, 2.0**-1022),
    )
}


_SHORT = {"fp16": "float16", "bf16": "bfloat16", "fp32": "float32", "fp64": "float64"}


def float_type(dtype: object) -> FloatType:
    """Return the FloatType of a name, a NumPy dtype, or a framework's dtype object.

    Raises:
        DtypeError: the dtype is not one of float16, bfloat16, float32, float64.

    >>> float_type(np.float32).name, float_type("bf16").eps
    ('float32', 0.0078125)
    """
    # Some dtypes carry a `name`; the str of others begins with their module.
    name = dtype if isinstance(dtype, str) else str(getattr(dtype, "name", None) or dtype)
    name = name.rpartition(".")[2]
    if name not in FLOATS and dtype is not None:  # np.dtype(None) is float64
        word = name.strip().lower()
        name = _SHORT.get(word, word if word in FLOATS else name)
        with contextlib.suppress(TypeError, ValueError, SyntaxError):  # the last for "f4,,"
            name = name if name in FLOATS else np.dtype(dtype).name  # type: ignore[call-overload]
    try:
        return FLOATS[name]
    except KeyError:
        remedy = "draw in one of these, then quantise or cast"
        if isinstance(dtype, int | tuple | list) and not isinstance(dtype, bool):
            remedy = "sizes stand together in the shape, as in (512, 256), before the dtype"
        if name.startswith("complex"):
            remedy = (
                "draw the real part and the imaginary part of a normal, uniform or "
                "truncated_normal spec each by spec.replace(gain=spec.gain * 2**-0.5), and join "
                "them; constant (zeros, ones), identity, dirac, ramp, sinusoidal, rotary and "
                "hippo_legs are the real part as they are, beside zeros; orthogonal, "
                "delta_orthogonal, sparse, log_uniform and mapped have no complex form "
                "('Complex weights' in docs/spec.md)"
            )
        given = repr(name) if name.isidentifier() else shown(dtype)
        raise DtypeError(
            f"dtype {given}: initial weights are {', '.join(FLOATS)}; {remedy}"
        ) from None


def numpy_dtype(kind: FloatType) -> np.dtype[np.floating]:
    """Return the NumPy dtype of `kind`; bfloat16 comes from ml_dtypes."""
    if kind.name == "bfloat16":
        import ml_dtypes  # only here: 10 ms that a float32 user need not spend

        bfloat16: np.dtype[np.floating] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(kind.name)
