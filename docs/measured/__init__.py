"""What pages of the docs are made of: numbers that were measured, and pictures drawn from them.

Each folder is one page. `python -m docs.measured.disagreements`, in the root of the repository,
measures and writes it; with `--page` it writes the page anew from the committed numbers.

    disagreements/  where the frameworks disagree
    native_audit/   the frameworks' own initializers against what is said of them
    showcases/      what audits of other libraries' models found
    propagation/    the pictures of what initializations do
    places.py       where a number is measured: a framework, or Keras on one of its engines
    files.py        the numbers, a row a line, and the pages
"""
