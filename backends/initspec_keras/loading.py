"""Imports Keras and the framework under it, without TensorFlow's greeting where that is asked for.

Since 2.17 TensorFlow logs to the standard error stream of the process before it reads
TF_CPP_MIN_LOG_LEVEL: https://github.com/tensorflow/tensorflow/issues/100442.
"""

from __future__ import annotations

import importlib
import os
import sys

from initspec.backend import QUIET


def load() -> None:
    """Import Keras; with QUIET in the environment nothing is written to file descriptor 2."""
    if "keras" in sys.modules or QUIET not in os.environ:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    try:
        kept = os.dup(2)
    except OSError:  # closed, as by 2>&-: there is nothing to keep quiet
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        importlib.import_module("keras")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
