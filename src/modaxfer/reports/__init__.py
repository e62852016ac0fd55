"""Renderings of a run: page, model card, figures, terminal, notebook. They read a result and never change it.

For reports and problems of plugins: what the test split's `Predictions` are, and the figures of ours. Each name is
imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.lazy_names import lazily

if TYPE_CHECKING:
    from modaxfer.reports.figures import Drawing, confusion, residuals
    from modaxfer.reports.palette import Theme
    from modaxfer.reports.predictions import Predictions, predictions_of
    from modaxfer.reports.render import report_run, write_reports

__all__ = [
    "Drawing",
    "Predictions",
    "Theme",
    "confusion",
    "predictions_of",
    "report_run",
    "residuals",
    "write_reports",
]

_LAZY = {
    "figures": ("Drawing", "confusion", "residuals"),
    "palette": ("Theme",),
    "predictions": ("Predictions", "predictions_of"),
    "render": ("report_run", "write_reports"),
}
__getattr__, __dir__ = lazily(__name__, globals(), _LAZY)
