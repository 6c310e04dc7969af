"""Compare the backends: draw one spec through each, and test it against its law."""
