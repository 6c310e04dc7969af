"""The code of the pages runs: each Python block in the sessions that have what it imports."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KOREAN = sorted((ROOT / "docs" / "ko").glob("**/*.md"))
PAGES = [ROOT / "README.md", *sorted({*(ROOT / "docs").glob("**/*.md")} - {*KOREAN})]
BACKENDS = {
    **{name: name for name in ("torch", "keras", "jax")},
    **{"transformers": "torch", "flax": "jax", "equinox": "jax"},
}
"""The backend of each library: a block that imports one has its marker."""
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.M | re.S)
SESSIONS = [set(), {"torch", "transformers"}, {"keras"}, {"jax", "flax", "equinox"}]
RUN = """
import json, pathlib, sys, tempfile
end = sys.argv[1]
for number, (page, line, code) in enumerate(json.load(sys.stdin)):
    if "\\ndef test_" in code:
        import pytest
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, f"test_{number}.py")  # pytest imports a name once
            file.write_text(code, "utf-8")
            assert pytest.main(["-qq", "-p", "no:cacheprovider", str(file)]) == 0, (page, line)
    else:
        exec(compile("\\n" * line + code, page, "exec"), {"__name__": "__main__"})
    print(end, end="", flush=True)
"""
END = "the next block\n"


def _blocks():
    """Yield the page, the line, the code, what it prints and the libraries of each block."""
    for page in PAGES:
        text = page.read_text()
        for match in BLOCK.finditer(text):
            code = match[1]
            needs = [n for n in BACKENDS if re.search(rf"^\s*(import|from) {n}\b", code, re.M)]
            yield page, text[: match.start(1)].count("\n"), code, match[2], needs


def _programs():
    """Yield the blocks of all pages that import the same libraries: importing takes longest."""
    blocks = sorted(_blocks(), key=lambda block: (block[4], str(block[0]), block[1]))
    for needs, same in groupby(blocks, lambda block: block[4]):
        marks = [getattr(pytest.mark, name) for name in sorted({BACKENDS[n] for n in needs})]
        yield pytest.param(list(same), needs, marks=marks, id="-".join(needs) or "numpy")


def test_every_block_runs_somewhere():
    """What a block imports is installed together in one session."""
    alone = [
        f"{page}:{line}"
        for page, line, _, _, needs in _blocks()
        if not any({*needs} <= session for session in SESSIONS)
    ]
    assert not alone


@pytest.mark.parametrize(("blocks", "needs"), list(_programs()))
def test_blocks_run(blocks, needs):
    """Each runs as it stands, with no name of another, and prints the text that follows it.

    A block with tests is a file of tests, which pass.
    """
    missing = [name for name in needs if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not in this session; another one runs these blocks")
    program = json.dumps([(str(page), line, code) for page, line, code, _, _ in blocks])
    command = [sys.executable, "-c", RUN, END]
    done = subprocess.run(command, input=program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(END)
    for (page, line, _, output, _), text in zip(blocks, printed, strict=False):
        assert output in (None, text), f"{page}:{line}"


@pytest.mark.parametrize("page", KOREAN, ids=lambda page: str(page.relative_to(ROOT)))
def test_korean_pages_have_the_code_of_the_english(page):
    """Block for block, so that it need not run again."""
    english = ROOT / "docs" / page.relative_to(ROOT / "docs" / "ko")
    assert FENCE.findall(page.read_text("utf-8")) == FENCE.findall(english.read_text("utf-8"))
