"""One spec drawn through every backend, and held against its law."""
