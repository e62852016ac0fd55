"""Level 4 of tasks: what is asked of samples, of real rows where ``MODAXFER_DATA`` holds them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from modaxfer.spec import FolderSource
from modaxfer.testing.check import Check, Level, check, skip
from modaxfer.testing.checks import task_contract as contract
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]


@check(Level.WEIGHTS, "task")
def real_rows_keep_the_contract(subject: Subject) -> None:
    """Real rows of the task, where ``MODAXFER_DATA`` holds them, keep what is checked of its sample.

    Splits, labels, groups and inputs.
    """
    base = os.environ.get("MODAXFER_DATA", "")
    folders = [source for source in subject.spec.sources if isinstance(source, FolderSource)]
    if not base or not any((Path(base) / source.name).is_dir() for source in folders):
        names = ", ".join(source.name for source in folders) or "no folder"
        skip(f"its real rows are not at hand: MODAXFER_DATA must name a folder that holds {names}")
    case = contract.task_case(replace(subject.spec, sources=tuple(folders)))
    contract.require_splits(case)
    contract.require_known_labels(case)
    contract.require_apart(case)
    contract.require_readable(case)


CHECKS: tuple[Check, ...] = (real_rows_keep_the_contract,)
