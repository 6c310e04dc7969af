"""Whole models held against a recipe: one idea a file, `audit` puts them together."""
