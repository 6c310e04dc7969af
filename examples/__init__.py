"""Complete programs that use initspec."""
