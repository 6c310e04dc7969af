"""Print what every mutant is rejected by, and the hash of every golden vector.

    cd tests/conformance && PYTHONPATH=. python verdicts.py > verdicts.txt

A change of the suite that is not meant to change a verdict leaves that file as it is: a test
compares them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files

from mutants import Row, mutant_matrix


def verdict(row: Row) -> str:
    """Return the line of a mutant: its name, its level and the checks that reject it."""
    return f"mutant | {row.mutant.name} | {row.level} | {' '.join(row.caught) or '-'}"


def golden() -> Iterator[str]:
    """Yield a line a golden vector: what it is, and the SHA-256 of its bits."""
    document = json.loads((files("initspec.stream") / "golden.json").read_text("utf-8"))
    for row in document["weights"]:
        what = [row["spec"], str(row["shape"]), row["axes"] or "-", row["dtype"]]
        yield " | ".join(["golden", *what, f"{row['seed']} {row['name']}".strip(), row["sha256"]])


if __name__ == "__main__":
    print(*map(verdict, mutant_matrix("default").rows), *golden(), sep="\n")
