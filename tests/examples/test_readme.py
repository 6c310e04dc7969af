"""The code of the pages runs: each Python block in the sessions that have what it imports."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BACKENDS = {
    **{name: name for name in ("torch", "keras", "jax")},
    **{"transformers": "torch", "flax": "jax", "equinox": "jax"},
}
"""The backend of each library: a block that imports one has its marker."""
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.M | re.S)
SESSIONS = [set(), {"torch", "transformers"}, {"keras"}, {"jax", "flax", "equinox"}]


def _blocks():
    for page in PAGES:
        for match in BLOCK.finditer(page.read_text()):
            line = page.read_text()[: match.start()].count("\n") + 1
            backends = {BACKENDS[name] for name in _needs(match[1])}
            marks = [getattr(pytest.mark, name) for name in sorted(backends)]
            yield pytest.param(
                match[1], match[2], marks=marks, id=f"{page.relative_to(ROOT)}:{line}"
            )


def _needs(code):
    return {name for name in BACKENDS if re.search(rf"^\s*(import|from) {name}\b", code, re.M)}


@pytest.mark.parametrize(("code", "output"), list(_blocks()))
def test_every_block_runs_somewhere(code, output):
    """What a block imports is installed together in one session."""
    assert any(_needs(code) <= session for session in SESSIONS)


@pytest.mark.parametrize(("code", "output"), list(_blocks()))
def test_block_runs(code, output):
    """The block runs as it stands, in a process of its own, and prints the text that follows it."""
    missing = [name for name in _needs(code) if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not in this session; another one runs this block")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if output is not None:
        assert done.stdout == output
