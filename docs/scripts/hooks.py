"""What mkdocs runs while it builds: TeX becomes MathML, which browsers set without any script."""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

# Written by pymdownx.arithmatex with `generic`.
_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.S)
_DISPLAY = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.S)


def on_page_content(text: str, **_: Any) -> str:
    """Set the formulas of a page."""
    text = _INLINE.sub(lambda found: convert(html.unescape(found[1])), text)
    return _DISPLAY.sub(lambda found: f'<div class="formula">{_display(found[1])}</div>', text)


def _display(tex: str) -> str:
    return str(convert(html.unescape(tex), display="block"))
