"""Reports as files."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from initspec.errors import InitSpecError
from initspec_conformance.results.report import Report


def write(report: Report, files: Mapping[str, Path]) -> Iterator[Path]:
    """Write a report in several kinds, each to its path; yield the paths.

    Args:
        report: the report.
        files: a path for each of the kinds "json" and "html".

    Raises:
        InitSpecError: a file cannot be written; the others are.
    """
    failed = []
    for kind, path in files.items():
        text = _writer(kind)(report)
        try:
            path.write_text(text, "utf-8")
        except OSError as error:
            failed.append(f"{path} cannot be written: {error.strerror}")
        else:
            yield path
    if failed:
        raise InitSpecError("; ".join(failed))


def _writer(kind: str) -> Callable[[Report], str]:
    # Imported only on use: the templates take a while.
    if kind == "json":
        from initspec_conformance.reports.document import to_json

        return to_json
    from initspec_conformance.reports.html import html_report

    return html_report


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C while a report is written; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
