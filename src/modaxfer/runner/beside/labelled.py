"""The run without rows that came without labels: the same plan on labelled rows alone, for as many steps."""

from __future__ import annotations

from dataclasses import replace

from modaxfer.runner.beside.steps import without_step
from modaxfer.runner.kinds import UNLABELLED_ROWS
from modaxfer.runner.request.bounds import LABELLED
from modaxfer.runner.request.single import single

__all__ = ["LABELLED_ONLY"]

LABELLED_ONLY = without_step(
    UNLABELLED_ROWS,
    folder=LABELLED,
    label="without unlabelled rows",
    is_asked=lambda main: LABELLED in main.config.baseline,
    changed=lambda main: replace(single(main.config), bound=LABELLED),
)
