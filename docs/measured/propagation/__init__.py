"""The pictures of what initializations do, and the numbers that they are drawn from.

`python -m docs.measured.propagation` measures them again, `--page` draws them alone.
"""
