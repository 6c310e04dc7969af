"""Files that a command writes at its end: checked at its beginning, and never left half written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from initspec.errors import InitSpecError


def check_writable(paths: Iterable[Path]) -> None:
    """Refuse a path that cannot be written to, before a long run rather than after it.

    Raises:
        InitSpecError: two are one file; or a folder is missing or cannot be written to; or a path
            is a folder itself, or too long.
    """
    several = list(paths)
    try:
        places = [path.resolve() for path in several if path.is_file() or not path.exists()]
        for path in several:
            if places.count(path.resolve()) > 1:
                raise InitSpecError(
                    f"{path} is asked for twice: give each report a file of its own"
                )
            if path.is_dir():
                raise InitSpecError(f"{path} cannot be written: it is a folder; name a file in it")
            if not path.parent.is_dir():
                raise InitSpecError(
                    f"{path} cannot be written: there is no folder {path.parent}; make it first"
                )
            if not os.access(path if path.exists() else path.parent, os.W_OK):
                raise InitSpecError(f"{path} cannot be written: permission denied")
    except OSError as error:
        raise InitSpecError(f"{error.filename} cannot be written: {error.strerror}") from None


def check_room(path: Path, size: int) -> None:
    """Refuse a file of `size` bytes where a folder has no room for it beside an older one.

    Raises:
        InitSpecError: the disk is too full, or the folder cannot be written to.
    """
    if not os.access(path.parent, os.W_OK):
        raise InitSpecError(f"{path} cannot be written: no file can be made in {path.parent}")
    free = shutil.disk_usage(path.parent).free
    if free < size:
        raise InitSpecError(f"{path} cannot be written: it takes {size} bytes, {free} are free")


def write_whole(output: Path, write: Callable[[Path], None]) -> None:
    """Write beside the file first, so that a full disk leaves no half file behind."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=output.parent, suffix=".part")
        os.close(handle)
        write(Path(temporary))
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # mkstemp's file is for its owner alone
        os.replace(temporary, output)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InitSpecError(f"{output} cannot be written: {error}; nothing is left") from error
        raise
