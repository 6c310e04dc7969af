"""The runner: cells, draws, verdicts."""
