"""Renderings of a run: page, model card, figures, terminal, notebook. They read a result and never change it."""

from modaxfer.reports.render import report_run, write_reports

__all__ = ["report_run", "write_reports"]
