"""Numbers and laws that do not depend on a weight."""
