"""The native audit of every framework that is installed, written up as a docs page.

`python -m docs.measured.native_audit` audits torch, JAX with flax, and Keras on each of its
frameworks, and writes `results.json` and `docs/native-audit.md`; `--page` writes the page anew from
the JSON. A framework that is not installed keeps the results that it has.

    measure.py   the audit of one framework, as plain data
    causes.py    why frameworks differ, and which disagreements each reason accounts for
    page.py      the page
"""
