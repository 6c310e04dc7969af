"""The pages: `docs/models/showcases.md` and its Korean summary, made of the results alone."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from initspec_conformance.models.findings import KINDS, ModelFinding
from initspec_conformance.models.rows import places_of

from docs.measured.files import DOCS
from docs.measured.showcases.families.base import left_out
from docs.measured.showcases.findings import FAULTS, Fault, fault_of
from docs.measured.showcases.measure import LIBRARIES

PAGES = (DOCS / "models" / "showcases.md", DOCS / "ko" / "models" / "showcases.md")
PATH = Path(__file__).parent / "results.json"

Results = dict[str, dict[str, Any]]
"""results[library] has its versions, a row a family, and the outputs of the reproductions."""

TITLES = {
    "transformers": "Hugging Face transformers",
    "peft": "peft, on a Llama of transformers",
    "keras_hub": "keras-hub",
    "keras_applications": "keras.applications",
    "flax": "The examples of flax",
    "anyinit": "AnyInit",
}

_HEAD = """\
<!-- Written by `python -m docs.measured.showcases` from docs/measured/showcases/results.json. Change the faults, not this. -->
# What audits found

Models of other libraries, built small and audited as they start, each parameter against the recipe that the library's own code
states: its `_init_weights`, or the initializers that it hands to its layers. The chance that any finding on a model that is right
is 1e-6 for a model.

{summary}

Every finding was checked by hand against the source, and belongs to one of these faults. Each has a script without initspec that
shows it.

| fault | library | models |
|---|---|---|
{faults}

`python -m docs.measured.showcases` measures again what is installed. The recipes are in `docs/measured/showcases/families/`, one file a library, each with the files
of the source that it was written from. [How to audit a model of your own](audit.md).
"""

_KOREAN = """\
<!-- `python -m docs.measured.showcases`가 쓴 파일. -->
# 점검으로 찾아낸 것

다른 라이브러리의 모델을 작게 만들어, 그 라이브러리의 코드가 스스로 밝히는 초기화(`_init_weights`, 또는 층에 넘기는 초기값 객체)와 파라미터마다
대조했다. 올바른 모델에서 지적 사항이 하나라도 나올 확률은 모델당 1e-6이다.

{summary}

지적 사항은 모두 소스와 직접 맞추어 확인했고, 아래 결함 가운데 하나에 속한다. 까닭, 소스의 위치, initspec 없이 결함을 보이는 스크립트와 그 출력은
[영어 페이지](../../models/showcases.md)에 있다.

| 결함 | 라이브러리 | 모델 수 |
|---|---|---|
{faults}
"""


def pages(results: Results) -> tuple[str, str]:
    """Return the English page and the Korean one."""
    found = by_fault(results)
    present = [fault for fault in FAULTS if found[fault.id]]
    english = [
        _HEAD.format(
            summary=_summary(results, "library", "models", "without finding", "parameters"),
            faults="\n".join(_line(fault, found, "") for fault in present),
        ),
        *(_section(fault, found[fault.id], results) for fault in present),
        *(_table(library, results) for library in LIBRARIES if library in results),
    ]
    korean = _KOREAN.format(
        summary=_summary(results, "라이브러리", "모델", "지적 사항 없음", "파라미터"),
        faults="\n".join(_line(fault, found, "../../models/showcases.md") for fault in present),
    )
    return "\n".join(english), korean


def by_fault(results: Results) -> dict[str, dict[str, list[list[str]]]]:
    """Return the findings of each fault by family; those without a fault under ""."""
    found: dict[str, dict[str, list[list[str]]]] = defaultdict(lambda: defaultdict(list))
    for library, entry in results.items():
        for family, row in entry["families"].items():
            for finding in row["findings"]:
                fault = fault_of(library, family, finding)
                found[fault.id if fault else ""][family].append(finding)
    return found


def _summary(results: Results, *heads: str) -> str:
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for library, entry in _ordered(results):
        rows = entry["families"].values()
        clean = sum(not row["findings"] for row in rows)
        cells = (_versions(library, entry), len(rows), clean, sum(r["parameters"] for r in rows))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _versions(library: str, entry: dict[str, Any]) -> str:
    installed = ", ".join(f"{name} {number}" for name, number in entry["versions"].items())
    return f"{TITLES[library]} ({installed})"


def _line(fault: Fault, found: dict[str, dict[str, list[list[str]]]], page: str) -> str:
    library = fault.library.replace("_", "-")
    return f"| [{fault.title}]({page}#{fault.id}) | {library} | {len(found[fault.id])} |"


def _section(fault: Fault, families: dict[str, list[list[str]]], results: Results) -> str:
    models = ", ".join(f"`{family}` ({len(several)})" for family, several in families.items())
    upstream = ", ".join(f"[{text}]({address})" for text, address in fault.links)
    first = next(iter(families.values()))
    output = results[fault.library]["reproductions"].get(fault.id, "")
    output = "\n".join(map(_wrapped, output.split("\n")))
    parts = [
        f"## {fault.title} {{#{fault.id}}}",
        fault.why,
        f"Where: {fault.where}",
        f"Upstream: {upstream}" if upstream else "Upstream: not reported as far as we know",
        f"Models, with the number of findings: {models}. As the audit prints them:",
        _indented("\n".join(_printed(first))),
        '??? example "Without initspec"',
        _indented(f"```python\n{fault.reproduction.read_text('utf-8')}```"),
        _indented(f"prints\n\n```text\n{output}```"),
    ]
    return "\n\n".join(parts) + "\n"


def _printed(findings: list[list[str]]) -> Iterator[str]:
    """Yield findings as an audit prints them; those of single initializers as lines."""
    models = [ModelFinding(*finding) for finding in findings if finding[1] in KINDS]
    for place in places_of(models):
        yield _wrapped(place.title)
        yield from (_wrapped(f"  {line}") for line in place.lines)
    for path, kind, message, looks in findings:
        if kind not in KINDS:
            yield _wrapped(f"{path}: {kind}: {message}{f': {looks}' if looks else ''}")


def _wrapped(line: str) -> str:
    """Return a line in lines that a page shows whole; paths that are longer end at a dot."""
    line = re.sub(r"\S{77,}", lambda path: re.sub(r"(.{1,70}[./])", r"\1 ", path[0]), line)
    return textwrap.fill(
        line, 80, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )


def _table(library: str, results: Results) -> str:
    rows = [
        f"| `{family}` | {row['parameters']} | {row['elements']:,} | {row['tests']} | "
        f"{_verdict(library, family, row)} | {row['source']} |"
        for family, row in sorted(results[library]["families"].items())
    ]
    head = f'## {TITLES[library]} {{#{library}}}\n\n??? note "{len(rows)} models"\n\n'
    lines = [
        "| model | parameters | elements | random tests | verdict | recipe from |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
    return head + _indented("\n".join(lines)) + "\n" + _outside(library)


def _outside(library: str) -> str:
    reasons = left_out(library)
    if not reasons:
        return ""
    lines = [
        "| why | types | which |",
        "|---|---|---|",
        *(f"| {why} | {len(types)} | {', '.join(types)} |" for why, types in reasons.items()),
    ]
    head = (
        f'\n??? note "{sum(map(len, reasons.values()))} types of models that are not audited"\n\n'
    )
    return head + _indented("\n".join(lines)) + "\n"


def _verdict(library: str, family: str, row: dict[str, Any]) -> str:
    faults = {fault_of(library, family, finding) for finding in row["findings"]}
    names = [f"[{f.title}](#{f.id})" for f in FAULTS if f in faults]
    kept = f"; {len(row['kept'])} not judged" if row["kept"] else ""
    return (", ".join(names) or "as stated") + kept


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.split("\n"))


def _ordered(results: Results) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((library, results[library]) for library in LIBRARIES if library in results)
