"""The conformance suite: proof that every backend matches, and that the proof can fail.

    >>> from initspec_conformance import run
    >>> run(["numpy"], level="quick", only="he_uniform*/float32").passed
    True

Three doors: `python -m initspec_conformance torch jax`, pytest with
`-p initspec_conformance.plugin`, and `run`, `audit_callable` and `assert_initialized` here.
"""

from initspec_conformance.audit import assert_initialized, audit_callable
from initspec_conformance.findings import Finding
from initspec_conformance.report import Report
from initspec_conformance.run import run

__all__ = ["Finding", "Report", "assert_initialized", "audit_callable", "run"]
