"""Programs that show initspec at work."""
