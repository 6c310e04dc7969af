"""The tables of the pages, English and Korean, made of the numbers alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.measured.files import DOCS

PATH = Path(__file__).parent / "results.json"
PAGES = {
    DOCS / "models" / "calibrate.md": (
        *("net", "by", "processor time", "against ours", "variances", "layers within 0.1 of 1"),
    ),
    DOCS / "ko" / "models" / "calibrate.md": (
        *("모델", "방법", "프로세서 시간", "우리 것 대비", "분산", "1에서 0.1 안의 층"),
    ),
}
_TABLE = re.compile(r"(<!-- measured -->\n).*?(<!-- /measured -->)", re.S)
OURS = "`calibrate`, then `initialize`"
NEAR = 0.1


def near(variances: list[float]) -> int:
    """Return how many layers are within the tolerance."""
    return sum(abs(variance - 1) < NEAR for variance in variances)


def files(results: Mapping[str, Any]) -> dict[Path, str]:
    """Return the pages with their tables."""
    return {page: _page(page, head, results) for page, head in PAGES.items()}


def _page(page: Path, head: tuple[str, ...], results: Mapping[str, Any]) -> str:
    lines = [_row(head), _row(("---",) * len(head))]
    for net, rows in results["nets"].items():
        for method, row in sorted(rows.items(), key=lambda pair: pair[0] != OURS):
            made = row["variances"]
            lines.append(
                _row(
                    (
                        net if method == OURS else "",
                        method,
                        f"{row['seconds']:.2f} s",
                        f"{row['ratio']:.2g} x",
                        f"{min(made):.2f} to {max(made):.2f}",
                        f"{near(made)} of {len(made)}",
                    )
                )
            )
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    table = "\n".join([*lines, "", f"{versions}.", ""])
    return _TABLE.sub(lambda match: match[1] + table + match[2], page.read_text("utf-8"))


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
