"""Whole models, initialized: what a page of the docs cannot run by itself."""
