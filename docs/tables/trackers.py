"""Where each tracker keeps what it is told, and what it takes."""

from __future__ import annotations

from modaxfer.tracking import trackers_table
from tables.markdown import table


def trackers() -> str:
    """Return a row per tracker of Accelerate."""
    return table(["Tracker", "Install", "Goes to", "Figures", "Model card"], trackers_table())
