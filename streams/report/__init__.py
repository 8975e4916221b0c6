"""What was indexed, told to people: `summarise` reads the store, the rest shows it in a terminal or on one page."""

from __future__ import annotations

from streams.report.model import Summary
from streams.report.page import render_report, write_report
from streams.report.summary import summarise
from streams.report.terminal import print_summary

__all__ = ["Summary", "print_summary", "render_report", "summarise", "write_report"]
