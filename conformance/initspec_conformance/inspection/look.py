"""What a tensor looks like, and a row of those that differ in numbers of their paths alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from initspec.models.table import TableRow, fold
from initspec_conformance.inspection.moments import Moments
from initspec_conformance.inspection.names import depth_of
from initspec_conformance.models.rows import one_line


@dataclass(frozen=True)
class Look:
    """What a tensor looks like.

    Attributes:
        path: its path, or its name in a file.
        role: one of `initspec.backend.layers.ROLES`; in a file, that of its name.
        layer: the class of its layer; "" where there is no model.
        shape: its shape.
        dtype: the name of its dtype.
        tied: its other paths.
        moments: its numbers; None where it was skipped.
        looks_like: the specs whose numbers these are; "" where none has them.
        flags: the kinds of the findings about it.
        histogram: counts of a sample in equal bars, four standard deviations to each side of the
            mean; empty of a constant.
        skipped: why it was not looked into; "" where it was.
    """

    path: str
    role: str
    layer: str
    shape: tuple[int, ...]
    dtype: str
    tied: tuple[str, ...] = ()
    moments: Moments | None = None
    looks_like: str = ""
    flags: tuple[str, ...] = ()
    histogram: tuple[int, ...] = ()
    skipped: str = ""

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)

    @property
    def depth(self) -> int | None:
        """The number of its block; None outside of blocks."""
        return depth_of(self.path)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; numbers that JSON has not are None."""
        values = asdict(self)
        moments = values.pop("moments") or {}
        moments.pop("dense", None)
        numbers = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in moments.items()
            if key != "size"
        }
        return {**values, "size": self.size, **numbers}


@dataclass(frozen=True)
class Row:
    """Tensors that look alike, and differ in numbers of their paths alone.

    Attributes:
        path: their path, folded.
        looks: the tensors.
    """

    path: str
    looks: tuple[Look, ...]

    @property
    def shape(self) -> str:
        """Their shape."""
        return " x ".join(map(str, self.looks[0].shape)) or "()"

    @property
    def text(self) -> str:
        """What they look like, or why they were skipped."""
        return self.looks[0].looks_like or self.looks[0].skipped

    @property
    def flags(self) -> str:
        """The kinds of findings about them."""
        return ", ".join(self.looks[0].flags)

    @property
    def stds(self) -> list[float]:
        """Their standard deviations, those of blocks in order."""
        return [look.moments.std for look in self.looks if look.moments is not None]


def rows_of(looks: Sequence[Look]) -> list[Row]:
    """Return tensors in rows: what is alike in several blocks is one."""
    rows = []
    for number, look in enumerate(looks):
        cells = (str(look.shape), look.dtype, look.looks_like, look.skipped, *look.flags)
        rows.append(TableRow(tuple(look.path.split(".")), 1, cells, (number,)))
    folded = []
    for row in fold(rows):
        members = [looks[number] for number in row.members]
        members.sort(key=lambda look: look.depth or 0)  # a file may have block 10 before block 2
        folded.append(Row(one_line(row.path), tuple(members)))
    return folded
