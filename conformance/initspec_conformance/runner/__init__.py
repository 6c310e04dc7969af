"""What a run does: cells, draws, verdicts."""
