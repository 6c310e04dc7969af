"""A report as one HTML file that opens without a network."""

from initspec_conformance.reports.html.page import html_report

__all__ = ["html_report"]
