"""What a run writes into its folder: everything else there is somebody else's, and is never deleted."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path

from modaxfer.errors import DataError
from modaxfer.runner.claims.hold import LOCK
from modaxfer.runner.folder import (
    BEFORE,
    CELL_ENDED,
    CELL_LOG,
    CELL_REQUEST,
    CHECKPOINT,
    CONFIG,
    RESULT,
    TRIALS,
    is_finished,
)
from modaxfer.runner.kinds import KINDS

__all__ = ["KEPT", "clashes", "discard", "foreign", "is_occupied", "move_aside", "remove"]

ENTRIES = (
    *(CONFIG, RESULT, "predictions.parquet", "validation.parquet", "mistakes.json", "feature_map.json"),
    "log.jsonl",
    *(
        "report.html",
        "README.md",
        "traceback.txt",
        "model",
        "data",
        "figures",
        "explanation",
        "tasks",
        "tensorboard",
        "dvclive",
        BEFORE,
        TRIALS,
    ),
    *(CHECKPOINT, ".model.tmp", ".model.old"),
    *(name for kind in KINDS for name in (kind.folder, *kind.files)),
)
"""Names at the top of a run's folder."""

WITHIN = re.compile(f"(({'|'.join(['tasks', BEFORE, TRIALS, *(kind.folder for kind in KINDS)])})/[^/]+/)*")
"""Runs inside a run."""

OWN = re.compile(
    r"config\.yaml|result\.json|(predictions|validation)\.parquet|(mistakes|feature_map)\.json|log\.jsonl|report\.html"
    r"|trials/(request\.yaml|study\.log(\.lock)?)|epochs\.json"
    r"|README\.md|traceback\.txt|\.lock|cell\.(yaml|log|json)"
    r"|explanation/explanation\.(json|html)"
    r"|figures/(scores|confusion|classes|residuals|learning_curve|rows_seen|calibration|feature_map)\.(png|json)"
    r"|(model|\.model\.tmp|\.model\.old)/(model\.json|(head|seen)\.safetensors|towers/\d+/([a-z]+\.safetensors|base/[^/]+))"
    r"|\.checkpoint/.*\.(safetensors|json|tmp)"
    r"|(data|\.data\.tmp)/(data|train|validation|test)\.parquet"
    r"|(tensorboard|dvclive)/.*"
    r"|([^/]+/)*\.[^/]+\.tmp"
)
"""Paths of a run's files, from its folder."""

KEPT = (LOCK, CELL_REQUEST, CELL_LOG, CELL_ENDED)
"""What outlives the run in a folder: whoever starts it there reads and writes them."""

LEFT = frozenset(name for kind in KINDS for name in kind.files)
"""Files that companions leave in the folder of the run that they stand beside."""


def is_occupied(folder: Path) -> bool:
    """Return whether `folder` holds a run, finished or not."""
    return (folder / CONFIG).exists() or (folder / RESULT).exists()


def clashes(folder: Path) -> list[str]:
    """Return what lies in a folder without a run under names that a run would write."""
    return [name for name in ENTRIES if (folder / name).exists() or (folder / name).is_symlink()]


def foreign(folder: Path) -> list[str]:
    """Return what lies in the run's `folder` and is no part of the run, as paths from there."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())
    return [name for path in paths if not _is_own(name := path.relative_to(folder).as_posix())]


def remove(folder: Path) -> None:
    """Delete the run in `folder`, and nothing beside it; the folder goes if nothing is left, save `KEPT`."""
    paths = sorted(folder.rglob("*"), reverse=True)
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif _is_own(name := path.relative_to(folder).as_posix()) and name not in KEPT:
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def discard(folder: Path) -> Path | None:
    """Make room where `folder` is: what holds a result, a model, a checkpoint or somebody's files is moved aside.

    Returns:
        Where that is now; None where there was nothing to keep.
    """
    if _is_worth_keeping(folder):
        return move_aside(folder)
    remove(folder)
    return None


def move_aside(folder: Path) -> Path:
    """Give `folder` a new name beside it that is not taken, and return it."""
    for number in count(1):
        aside = folder.with_name(f"{folder.name}.old" + (f"-{number}" if number > 1 else ""))
        if not aside.exists():
            break
    return folder.rename(aside)


def _is_worth_keeping(folder: Path) -> bool:
    if foreign(folder) or any(folder.rglob("model/model.json")):
        return True
    results = list(folder.rglob(RESULT))
    return any(_may_be_finished(path.parent) for path in results) or (
        not results and any(folder.rglob(f"{CHECKPOINT}/**/position.json"))
    )


def _may_be_finished(folder: Path) -> bool:
    try:
        return is_finished(folder)
    except DataError:  # Damaged: nobody knows what it was.
        return True


def _is_own(name: str) -> bool:
    within = WITHIN.sub("", name, count=1)
    return bool(OWN.fullmatch(within)) or within in LEFT
