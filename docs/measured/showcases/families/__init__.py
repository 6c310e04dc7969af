"""The models that are audited, one file a library."""
