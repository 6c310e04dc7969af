"""The page on what audits found is that of its numbers, and each finding has its fault."""

import pytest

from docs.measured.files import load
from docs.measured.showcases.findings import FAULTS
from docs.measured.showcases.page import PAGES, PATH, by_fault, pages

RESULTS = load(PATH)


def test_pages():
    """The pages are those of the committed numbers."""
    for path, text in zip(PAGES, pages(RESULTS), strict=True):
        assert path.read_text("utf-8") == text


def test_every_finding_is_explained():
    """A finding that no fault explains was not checked by hand."""
    assert not by_fault(RESULTS)[""]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_faults(fault):
    """Each fault was found, and is shown without initspec."""
    assert by_fault(RESULTS)[fault.id]
    assert RESULTS[fault.library]["reproductions"][fault.id]
    assert "initspec" not in fault.reproduction.read_text("utf-8")


def test_most_models_are_right():
    """What has no finding was judged, too: few parameters are left out."""
    for entry in RESULTS.values():
        rows = entry["families"].values()
        assert all(row["tests"] for row in rows if row["findings"])
        assert 20 * sum(len(row["kept"]) for row in rows) < sum(row["parameters"] for row in rows)
