"""Whole models: recipes of rules, assigned to every parameter of a model, and written."""
