"""What `inspect` returns: what each tensor looks like, and what is odd."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

from rich.console import Console

from initspec_conformance.inspection.look import Look, rows_of
from initspec_conformance.inspection.terminal import WIDTH, show
from initspec_conformance.models.findings import ModelFinding
from initspec_conformance.models.rows import counted

TRAINED = "most look trained, or loaded"


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

    @property
    def head(self) -> str:
        """Its numbers, in a line."""
        dtypes = ", ".join(dict.fromkeys(look.dtype for look in self.tensors)) or "nothing"
        tensors, elements = counted(len(self.tensors), "tensor"), counted(self.size, "element")
        line = f"{tensors} of {dtypes}, {elements}"
        return f"{line}: {TRAINED}" if self.trained else line

    def show(self, console: Console) -> None:
        """Print it."""
        show(rows_of(self.tensors), self.head, self.findings, console)

    def plot(self, path: str | PathLike[str]) -> None:
        """Write a picture, such as a .png: the spread by depth, and a strip of values for each row.

        Raises:
            InitSpecError: matplotlib is not installed, or the file cannot be written.
        """
        from initspec_conformance.inspection.plot import plot

        plot(self.tensors, f"{self.source}: {self.head}", path)

    def to_html(self) -> str:
        """Return one HTML page, which needs no network and no other file."""
        from initspec_conformance.inspection.page import page_of

        notice = TRAINED if self.trained else ""
        return page_of(self.source, self.head, self.tensors, self.findings, self.seconds, notice)

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
