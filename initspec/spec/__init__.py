"""A spec as a value, a line, a document, and resolved on a shape."""
