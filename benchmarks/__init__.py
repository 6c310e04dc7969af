"""Speed and memory against the frameworks' own initializers, side by side in one run.

`python -m benchmarks` measures every row and writes `results.json`, the pictures and
`docs/performance.md`; `python -m benchmarks --page` writes the page anew from the JSON. Rows of a
framework that is not installed keep the numbers that they have.

    goals.py        what is promised: every row, with its goal
    measure/        one file of pytest-benchmark for each place, run in a process of its own
    results.py      the numbers
    page.py         the page
    chart.py        its pictures
    gpu.py          ratios on a GPU, a table that `tests/gpu.sh` prints
"""
