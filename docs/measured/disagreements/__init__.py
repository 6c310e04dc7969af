"""Where the frameworks disagree: measured on whatever is installed, written up as a docs page.

`python -m docs.measured.disagreements` measures every row and writes `results.json`, the pictures and
`docs/disagreements.md`; `python -m docs.measured.disagreements --page` writes the page anew from the JSON. Rows of
a framework that is not installed keep the numbers that they have.

    measure/    one module for each framework: what it does, as numbers
    rows/       what each row claims of those numbers, its text and its picture
    page.py     the page
"""
