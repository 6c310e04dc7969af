"""Text of strangers, as a terminal and a file can show it."""

from __future__ import annotations


def visible(text: str) -> str:
    r"""Return text with a replacement character for what is no character to be seen.

    Escape sequences would paint the terminal, and half a surrogate pair fits into no file.

    >>> visible("a\x1b[31m b")
    'a�[31m b'
    """
    spaced = text.replace("\t", "    ")
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in spaced)
