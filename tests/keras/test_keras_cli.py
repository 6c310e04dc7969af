"""The command line on Keras writes nothing but its own output."""

import shlex
import subprocess
import sys

import keras
import pytest

COMMAND = [sys.executable, "-m", "initspec.cli", "compare", "he_normal", "--shape", "64,32"]
COMMAND += ["--backends", "keras"]


def test_no_greeting_of_the_framework():
    """Standard error stays empty where all is well, whatever Keras runs on."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=True)
    assert "agrees" in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow writes there itself as it is loaded"
)
def test_closed_standard_error():
    """Where there is no standard error to keep quiet, the framework loads all the same."""
    line = f"{shlex.join(COMMAND)} 2>&-"
    done = subprocess.run(["sh", "-c", line], stdout=subprocess.PIPE, text=True, check=True)
    assert "agrees" in done.stdout
