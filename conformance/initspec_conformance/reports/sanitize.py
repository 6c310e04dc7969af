"""Replace control characters in third-party text."""

from __future__ import annotations


def sanitize(text: str) -> str:
    r"""Return text with a replacement character for each that cannot be printed.

    Escape sequences would paint the terminal, and half a surrogate pair fits into no file.

    >>> sanitize("a\x1b[31m b")
    'a�[31m b'
    """
    spaced = text.replace("\t", "    ")
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in spaced)
