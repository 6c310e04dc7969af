"""Reports as files."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from initspec.errors import InitSpecError
from initspec_conformance.results.report import Report


def check_writable(paths: Iterable[Path]) -> None:
    """Refuse a path that no report can be written to, before a long run rather than after it.

    Raises:
        InitSpecError: two are one file; or a folder is missing or cannot be written to; or a path
            is a folder itself.
    """
    several = list(paths)
    places = [path.resolve() for path in several if path.is_file() or not path.exists()]
    for path in several:
        if places.count(path.resolve()) > 1:
            raise InitSpecError(f"{path} is asked for twice: give each report a file of its own")
        if path.is_dir():
            raise InitSpecError(f"{path} cannot be written: it is a folder; name a file in it")
        if not path.parent.is_dir():
            raise InitSpecError(f"{path} cannot be written: there is no folder {path.parent}")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise InitSpecError(f"{path} cannot be written: permission denied")


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
