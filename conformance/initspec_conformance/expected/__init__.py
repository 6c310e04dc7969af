"""What a weight should be, independently of the core."""
