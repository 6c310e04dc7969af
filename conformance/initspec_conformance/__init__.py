"""The conformance suite: proof that every backend matches, and that the proof can fail.

    >>> from initspec_conformance import run
    >>> run(["numpy"], level="quick", only="glorot_uniform*/float32").passed
    True

Three ways in: `initspec conformance torch jax` (or `python -m initspec_conformance`), pytest with
`-p initspec_conformance.plugin`, and the names below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initspec_conformance.inspection.inspect import inspect
    from initspec_conformance.inspection.inspection import Inspection
    from initspec_conformance.models.audit import assert_model_initialized, audit_model
    from initspec_conformance.models.report import ModelAudit
    from initspec_conformance.results.findings import Finding
    from initspec_conformance.results.report import Report
    from initspec_conformance.runner.audit import assert_initialized, audit_callable
    from initspec_conformance.runner.run import run

_HOMES = {
    "Finding": "results.findings",
    "Report": "results.report",
    "assert_initialized": "runner.audit",
    "audit_callable": "runner.audit",
    "ModelAudit": "models.report",
    "assert_model_initialized": "models.audit",
    "audit_model": "models.audit",
    "Inspection": "inspection.inspection",
    "inspect": "inspection.inspect",
    "run": "runner.run",
}

__all__ = [
    "Finding",
    "Inspection",
    "ModelAudit",
    "Report",
    "assert_initialized",
    "assert_model_initialized",
    "audit_callable",
    "audit_model",
    "inspect",
    "run",
]


def __getattr__(name: str) -> object:
    """Load a name on first use: the command line and pytest look in here without SciPy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is missing: pip install 'initspec[conformance]'", name=error.name
        ) from error
    value: object = getattr(module, name)
    return value
