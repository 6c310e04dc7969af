"""Every backend that is tested here passes the suite, from the command line."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_suite_passes(backend, tmp_path):
    """All of the quick level, with the fixed seeds; and both reports are written."""
    files = {kind: tmp_path / f"{backend.name}.{kind}" for kind in ("html", "json")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "initspec_conformance", backend.name, "--quick"),
            *(f"--{kind}={path}" for kind, path in files.items()),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The backend matches" in done.stdout
    assert json.loads(files["json"].read_text("utf-8"))["passed"]
    assert files["html"].read_text("utf-8").rstrip().endswith("</html>")
