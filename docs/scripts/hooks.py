"""What mkdocs runs while it builds.

TeX becomes MathML, which browsers set without any script. What is folded away, which is long
tables of numbers, is left out of the search, where it would push aside the sentences that answer.
"""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

# Written by pymdownx.arithmatex with `generic`.
_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.S)
_DISPLAY = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.S)


def on_page_content(text: str, **_: Any) -> str:
    """Set the formulas of a page, and keep what is folded out of the search."""
    text = _INLINE.sub(lambda found: convert(html.unescape(found[1])), text)
    text = _DISPLAY.sub(lambda found: f'<div class="formula">{_display(found[1])}</div>', text)
    return text.replace("<details", "<details data-search-exclude")


def _display(tex: str) -> str:
    return str(convert(html.unescape(tex), display="block"))
