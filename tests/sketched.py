"""Plots that are not drawn: matplotlib takes most of the time of a tiny run, and few tests look at what it draws."""

from __future__ import annotations

import io

from PIL import Image


def _picture() -> bytes:
    file = io.BytesIO()
    Image.new("L", (320, 160), 255).save(file, "PNG")
    return file.getvalue()


PNG = _picture()
PLOTS = (
    "scores",
    "confusion_matrix",
    "labels",
    "residuals",
    "calibration",
    "feature_map",
    "learning_curve",
    "rows_seen",
)
"""What `modaxfer.reports.plots` draws."""

CODE = f"""
import sys, types
plots = types.ModuleType("modaxfer.reports.plots")
vars(plots).update(dict.fromkeys({PLOTS!r}, lambda *_: {PNG!r}))
sys.modules[plots.__name__] = plots
"""
"""The same for a process of its own, which need not import matplotlib then."""


def sketch(patch, *, but=()) -> None:
    """Let plots be that picture, `but` some; which figures there are, and what is said of each, stays."""
    from modaxfer.reports import plots

    for name in {*PLOTS} - {*but}:
        patch.setattr(plots, name, lambda *_: PNG)
