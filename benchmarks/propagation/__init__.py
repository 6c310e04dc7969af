"""The pictures of what initializations do, and the numbers that they are drawn from.

`python -m benchmarks.propagation` measures them again, `--draw` draws them alone.
"""
