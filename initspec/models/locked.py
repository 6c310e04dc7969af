"""One parameter of a lock: what its values are drawn from, and their hash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initspec.api import InitSpec
from initspec.axes import Axes, check_shape
from initspec.backend.blocks import Block
from initspec.dtypes import FloatType, float_type, numpy_dtype
from initspec.errors import FormatError, TargetError, shown, unknown
from initspec.models.assignment import Assignment
from initspec.models.blocks import MOST, boxes, draw_blocks
from initspec.models.digest import Digest, bytes_of, hash_of
from initspec.models.parts import part_of
from initspec.models.rule import KEEP, PART
from initspec.spec.resolve import Resolved, resolve
from initspec.stream import check_name

_CLOSE = 1e-6
"""How far an orthogonal weight may be off, in units of its gain: LAPACK's last bits differ."""

_REQUIRED = ("shape", "dtype", "axes", "spec")
_HASHES = ("sha256", "sha256_of_first")
_KINDS = {
    "shape": list,
    **dict.fromkeys(("dtype", "axes", "spec", "name", *_HASHES), str),
    **dict.fromkeys(("parts", "tied"), list),
}
"""The keys of a parameter's document, each with the type of its value."""


@dataclass(frozen=True)
class Locked:
    """One parameter of a lock.

    Attributes:
        path: its first path.
        shape: its shape.
        dtype: the name of its dtype.
        axes: what its axes are counted as.
        spec: its spec; None where the recipe keeps what is there.
        name: the name of its stream.
        parts: the names and the specs of the blocks that differ, in the order of drawing.
        tied: its other paths.
        sha256: the SHA-256 of its elements in row-major order, little-endian; None where it is left
            out.
        first: whether that is of the first 65,536 elements alone.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    axes: Axes
    spec: InitSpec | None
    name: str
    parts: tuple[tuple[str, InitSpec], ...] = ()
    tied: tuple[str, ...] = ()
    sha256: str | None = None
    first: bool = False

    @classmethod
    def of(cls, assignment: Assignment, name: str) -> Locked:
        """Return an assignment as a parameter of a lock, without a hash."""
        return cls(
            assignment.path,
            assignment.shape,
            assignment.dtype,
            assignment.axes,
            assignment.spec,
            name,
            tuple((part.name, part.spec) for part in assignment.parts),
            assignment.tied,
        )

    @property
    def kind(self) -> FloatType:
        """Its dtype, where it is drawn."""
        return float_type(self.dtype)

    @property
    def size(self) -> int:
        """The number of its elements."""
        return int(np.prod(self.shape, dtype=object))

    @property
    def exact(self) -> bool:
        """Whether its bits are the same on every machine."""
        return all(spec.distribution.exact for spec in self._specs)

    @property
    def _specs(self) -> list[InitSpec]:
        return [*([] if self.spec is None else [self.spec]), *(spec for _, spec in self.parts)]

    @cached_property
    def _resolved(self) -> tuple[Resolved, list[tuple[Block, Resolved]]]:
        if self.spec is None:
            raise TargetError(
                f"{self.path} is kept by its recipe: a lock has the hash of it, not the values"
            )
        layout = self.axes.layout(self.shape)
        whole, *parts = (resolve(s, self.shape, self.axes, kind=self.kind) for s in self._specs)
        places = [part_of(name, layout) for name, _ in self.parts]
        return whole, list(zip(places, parts, strict=True))

    def check(self) -> None:
        """Raise InitSpecError where the spec or a part does not fit the shape and the dtype."""
        self.axes.layout(self.shape)
        if self.spec is not None:
            self._resolved  # noqa: B018

    def blocks(self, seed: int, most: int = MOST) -> Iterator[tuple[Block, NDArray[Any]]]:
        """Yield the weight block by block, in row-major order.

        Raises:
            TargetError: the weight is kept.
            FormatError: at the end, where what was drawn has not the hash of the lock.
        """
        whole, parts = self._resolved
        digest = Digest(self.first)
        for index, block in draw_blocks(whole, self.kind, seed, self.name, parts, most):
            if self.sha256 is not None:
                digest.update(block)
            yield index, block
        if self.sha256 is not None and digest.hex() != self.sha256:
            raise FormatError(
                f"{self.path}: the lock has another hash than the weight that it describes: it was "
                "changed by hand; write it anew with initspec lock"
            )

    def draw(self, seed: int) -> NDArray[Any]:
        """Return the weight; see `blocks`."""
        whole, _ = self._resolved
        weight = np.empty(whole.layout.shape, numpy_dtype(self.kind))
        for index, block in self.blocks(seed):
            weight[index] = block
        return weight

    def differs(self, values: Any, seed: int, computed: bool = False) -> bool:
        """Return whether values are not those of the parameter.

        A hash of the whole is compared, where there is one. Else the weight is drawn again and
        compared bit for bit, or by value: to 1e-6 of the gain where it depends on LAPACK, to
        rounding where it is computed from other parameters.
        """
        if tuple(values.shape) != self.shape or np.dtype(values.dtype).name != self.dtype:
            return True
        whole = self.sha256 is not None and not self.first
        if self.spec is None or (whole and not computed):
            blocks = (values[index] for index in boxes(self.shape))
            return self.sha256 is not None and hash_of(blocks, self.first) != self.sha256
        gains = [spec.gain for spec in self._specs if not spec.distribution.exact]
        if not gains and not computed:
            return any(
                bytes_of(values[index]) != bytes_of(block) for index, block in self.blocks(seed)
            )
        distance = _CLOSE * max(gains, default=0.0)
        rounding = self.kind.eps * (4 if computed else 1)
        return not all(
            _close(values[index], block, distance, rounding) for index, block in self.blocks(seed)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the parameter as plain values; what is usual is left out."""
        values: dict[str, Any] = {
            "shape": list(self.shape),
            "dtype": self.dtype,
            "axes": str(self.axes),
            "spec": KEEP if self.spec is None else str(self.spec),
        }
        if self.name != self.path:
            values["name"] = self.name
        if self.parts:
            values["parts"] = [[name, str(spec)] for name, spec in self.parts]
        if self.tied:
            values["tied"] = list(self.tied)
        if self.sha256 is not None:
            values[_HASHES[self.first]] = self.sha256
        return values

    @classmethod
    def from_dict(cls, path: str, values: Any) -> Locked:
        """Return the parameter that `to_dict` wrote.

        Raises:
            InitSpecError: it is none, or its sizes do not fit each other.
        """
        if not isinstance(values, dict) or not all(key in values for key in _REQUIRED):
            raise FormatError(f"{shown(values)}: an object with {', '.join(_REQUIRED)} is needed")
        for key, value in values.items():
            if key not in _KINDS:
                raise FormatError(unknown("key of a parameter", key, _KINDS))
            if not isinstance(value, _KINDS[key]):
                raise FormatError(f"{key}={shown(value)}: a {_KINDS[key].__name__} is needed")
        line, hashes = values["spec"], [values[key] for key in _HASHES if key in values]
        if len(hashes) > 1 or not all(re.fullmatch("[0-9a-f]{64}", text) for text in hashes):
            raise FormatError(f"the hash {shown(hashes)}: one SHA-256 is needed, of 64 digits")
        locked = cls(
            path,
            check_shape(values["shape"]),
            values["dtype"],
            Axes(values["axes"]),
            None if line == KEEP else InitSpec.parse(line),
            check_name(values.get("name", path)),
            tuple(map(_part, values.get("parts", ()))),
            tuple(map(check_name, values.get("tied", ()))),
            hashes[0] if hashes else None,
            "sha256_of_first" in values,
        )
        locked.check()
        return locked


def _part(values: Any) -> tuple[str, InitSpec]:
    match values:
        case [str(name), str(line)] if PART.fullmatch(name):
            return name, InitSpec.parse(line)
    raise FormatError(f"the part {shown(values)}: a pair such as ['stack[1]', 'ones'] is needed")


def _close(values: Any, block: NDArray[Any], distance: float, rounding: float) -> bool:
    """Return whether values are a block, but for a distance and a share of each."""
    bound = block.astype(np.float64)
    off = np.asarray(values, np.float64) - bound
    np.abs(off, out=off)
    np.abs(bound, out=bound)
    bound *= rounding  # in place: three arrays of float64 are more than the block itself
    bound += distance
    return bool((off <= bound).all())
