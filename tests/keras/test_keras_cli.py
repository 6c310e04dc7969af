"""The command line on Keras writes nothing but its own output."""

import subprocess
import sys


def test_no_greeting_of_the_framework():
    """Standard error stays empty where all is well, whatever Keras runs on."""
    command = ["compare", "he_normal", "--shape", "64,32", "--backends", "keras"]
    done = subprocess.run(
        [sys.executable, "-m", "initspec.cli", *command],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "agrees" in done.stdout
    assert done.stderr == ""
