"""A threshold for one call in place of what a run decides by."""

from __future__ import annotations

from pathlib import Path

from modaxfer.encoders.runs import description_of, read_description
from modaxfer.json_file import well_formed
from modaxfer.runner.request.asked_scores import refuse_out_of_range, refuse_undivided

__all__ = ["refuse_threshold"]


def refuse_threshold(threshold: float | None, run: Path) -> None:
    """Refuse a threshold that is none, or that the classes of a run do not have, before its weights are loaded.

    Args:
        threshold: Calibrated score; None refuses nothing.
        run: Its folder.

    Raises:
        ConfigError: It is not between 0 and 1, or a row has one of more than two classes, or a number.
        DataError: There is no model.
    """
    if threshold is None:
        return
    refuse_out_of_range(threshold, allowed="a number such as 0.3", fix="leave it out: the run's own is taken")
    described = read_description(run)
    with well_formed(description_of(run)):
        problem, classes = str(described["criterion"]["problem"]), len(described["classes"])
    refuse_undivided(problem, classes, fix="leave it out")
