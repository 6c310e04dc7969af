"""What `inspect` returns: what each tensor looks like, and what is odd."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from initspec.models.table import TableRow, fold
from initspec_conformance.inspection.look import Look
from initspec_conformance.inspection.terminal import WIDTH, show
from initspec_conformance.models.findings import ModelFinding


@dataclass(frozen=True)
class Inspection:
    """What the tensors of a model or a file look like.

    Attributes:
        source: the class of the model, or the file.
        tensors: what each looks like, in the order of the model.
        findings: what is odd, in that order.
        seconds: how long it took.
    """

    source: str
    tensors: tuple[Look, ...]
    findings: tuple[ModelFinding, ...]
    seconds: float = 0.0

    @property
    def size(self) -> int:
        """The number of all elements."""
        return sum(look.size for look in self.tensors)

    @property
    def trained(self) -> bool:
        """Whether most of the matrices look trained."""
        matrices = [look for look in self.tensors if look.moments and len(look.shape) > 1]
        return 2 * sum("trained" in look.flags for look in matrices) > len(matrices)

    def rows(self) -> list[TableRow]:
        """Return the table's rows; their members are the tensors, those of all blocks in one row.

        The cells are the shape, the dtype, what it looks like and the flags.
        """
        return fold(list(self._rows()))

    def _rows(self) -> Iterator[TableRow]:
        for look in self.tensors:
            shape = " x ".join(map(str, look.shape)) or "()"
            looks = look.looks_like or look.skipped
            cells = (shape, look.dtype, looks, ", ".join(look.flags))
            yield TableRow(tuple(look.path.split(".")), 1, cells, (look,))

    @property
    def head(self) -> str:
        """Its numbers, in a line."""
        dtypes = ", ".join(dict.fromkeys(look.dtype for look in self.tensors)) or "nothing"
        line = f"{len(self.tensors)} tensors of {dtypes}, {self.size:,} elements"
        return f"{line}: they look trained" if self.trained else line

    def show(self, console: Console) -> None:
        """Print it."""
        show(self.rows(), self.head, self.findings, console)

    def __str__(self) -> str:
        file = io.StringIO()
        self.show(Console(file=file, width=WIDTH, color_system=None))
        return "\n".join(line.rstrip() for line in file.getvalue().splitlines())

    def to_dict(self) -> dict[str, Any]:
        """Return the inspection as plain values."""
        return {
            "version": 1,
            "source": self.source,
            "trained": self.trained,
            "seconds": round(self.seconds, 3),
            "tensors": [look.to_dict() for look in self.tensors],
            "findings": [asdict(finding) for finding in self.findings],
        }
