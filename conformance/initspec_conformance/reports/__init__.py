"""How a report is shown and written."""
