"""A recommendation in words, as a table, as a page, and in a notebook."""

from modaxfer.reports.recommend.page import notebook, write
from modaxfer.reports.recommend.rows import candidate_rows, option_rows
from modaxfer.reports.recommend.sources import source_lines
from modaxfer.reports.recommend.words import changes, headline, reasons, refusals, told

__all__ = [
    "candidate_rows",
    "changes",
    "headline",
    "notebook",
    "option_rows",
    "reasons",
    "refusals",
    "source_lines",
    "told",
    "write",
]
