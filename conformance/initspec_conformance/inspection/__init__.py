"""What the tensors of a model or of a file look like, without any recipe."""
