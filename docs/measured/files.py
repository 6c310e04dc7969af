"""The committed numbers, a row a line, and the pages and pictures made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def load(path: Path) -> dict[str, Any]:
    """Return the numbers of a page; none where they were never measured."""
    results: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return results


def save(path: Path, results: Mapping[str, Any], depth: int) -> None:
    """Write numbers as JSON; what lies `depth` levels deep, such as a row, has a line."""
    publish({path: lines(results, depth) + "\n"})


def lines(value: Any, depth: int, indent: str = "") -> str:
    """Return JSON in which each value that lies `depth` levels deep has a line of its own."""
    if not (depth and value and isinstance(value, dict | list)):
        return json.dumps(value, sort_keys=True)
    inner = indent + " "
    if isinstance(value, dict):
        entries = [
            f"{json.dumps(k)}: {lines(v, depth - 1, inner)}" for k, v in sorted(value.items())
        ]
    else:
        entries = [lines(entry, depth - 1, inner) for entry in value]
    start, end = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(f"{inner}{entry}" for entry in entries)
    return f"{start}\n{body}\n{indent}{end}"


def publish(files: Mapping[Path, str]) -> None:
    """Write files, and print which."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"wrote {path.relative_to(ROOT)}", flush=True)
