"""A comparison as a page with heat maps, as csv, and in a notebook."""

from modaxfer.reports.compare.page import MARKS, headline, notebook, render, write

__all__ = ["MARKS", "headline", "notebook", "render", "write"]
