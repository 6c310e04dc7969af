"""Fill in a template: one HTML file that opens without a network."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from initspec_conformance.reports.sanitize import sanitize


def render(template: str, **values: Any) -> str:
    """Return a page: all values are escaped, and its policy lets no script run but its own."""
    script = _asset("report.js")
    environment = Environment(
        loader=PackageLoader("initspec_conformance.reports", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breaks"] = _breaks
    page: str = environment.get_template(template).render(
        style=Markup(_asset("report.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        **values,
    )
    return sanitize(page)  # a message may hold what no file can, or what turns the text around


def _breaks(text: str) -> Markup:
    """Return text that a line may break after a bracket, an equals sign, an underscore or a dot.

    After the point of a number it may not.
    """
    parts = (part for part in re.split(r"(?<=[(=_])|(?<=\D\.)|(?<=\.)(?=\D)", text) if part)
    return Markup("<wbr>").join(parts)


def _asset(name: str) -> str:
    return (files("initspec_conformance.reports.html") / name).read_text("utf-8")
