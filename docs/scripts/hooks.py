"""Hooks of mkdocs: formulas as MathML, and folded tables left out of the search.

Browsers set MathML without a script. Folded tables are long lists of numbers, which would hide the
sentences that answer a query.
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
    """Set the formulas of a page, and exclude its folded parts from the search."""
    text = _INLINE.sub(lambda match: convert(html.unescape(match[1])), text)
    text = _DISPLAY.sub(lambda match: f'<div class="formula">{_display(match[1])}</div>', text)
    return text.replace("<details", "<details data-search-exclude")


def _display(tex: str) -> str:
    return str(convert(html.unescape(tex), display="block"))
