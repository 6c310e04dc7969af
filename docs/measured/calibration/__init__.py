"""Variances of layers and processor time: `calibrate` beside the `lsuv` package and AnyInit.

Measured in four nets of torch; the table of docs/models/calibrate.md is made of the numbers.
"""
