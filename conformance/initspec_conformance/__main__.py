"""`python -m initspec_conformance` is `initspec conformance`."""

from initspec.cli import main

main("conformance")
