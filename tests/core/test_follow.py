"""A backend's classes are registered as soon as its framework is imported, and not before."""

from __future__ import annotations

import pytest

ORDER = """
import sys
sys.path.insert(0, sys.argv[1])
from initspec.follow import follow
{before}
follow("framework", "follower")
{after}
import framework, importlib.resources
print("follower" in sys.modules, type(framework.__spec__.loader).__name__)
print(importlib.resources.files("framework").joinpath("data.txt").read_text())
print([finder for finder in sys.meta_path if type(finder).__module__.startswith("initspec")
       and finder.framework == "framework"])
"""


@pytest.mark.parametrize("follower", ["import framework; framework.name", "import framework.gone"])
@pytest.mark.parametrize("first", ["framework", "initspec"])
def test_follow(first, follower, tmp_path, fresh):
    """In either order; a framework that the backend cannot use is imported as ever."""
    (tmp_path / "framework").mkdir()
    (tmp_path / "framework/__init__.py").write_text("name = 'framework'")
    (tmp_path / "framework/data.txt").write_text("data")
    (tmp_path / "follower.py").write_text(follower)
    before, after = "import framework", "assert 'follower' not in sys.modules"
    code = ORDER.format(before=before if first == "framework" else "", after=after)
    if first == "framework":
        code = code.replace(after, "")
    printed = fresh(code, str(tmp_path)).splitlines()
    assert printed == [f"{'gone' not in follower} SourceFileLoader", "data", "[]"]


def test_no_framework(fresh):
    """What is not installed is missing as ever."""
    code = """
from initspec.follow import follow
follow("no_such_framework", "follower")
try:
    import no_such_framework
except ModuleNotFoundError as error:
    print(error)
"""
    assert fresh(code) == "No module named 'no_such_framework'"
