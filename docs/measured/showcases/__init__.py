"""Audits of the models of other libraries, against the recipes that their code states.

`python -m docs.measured.showcases` builds every family of `families/` that is installed, small,
audits it, runs the reproductions, and writes `results.json` and `docs/models/showcases.md`; `--page`
writes the page anew from the JSON. What is not installed keeps the results that it has, and a family
that has a row of the installed version is not audited again, unless `--again` is given.

    families/        one file a library: how its models are built, and the recipes of its code
    reproductions/   one script a finding, without initspec, to be sent upstream
    findings.py      what was found: where in the source, why, and whose findings it explains
    measure.py       the audits of one library, as plain data
    page.py          the page
"""
