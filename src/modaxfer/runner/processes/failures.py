"""What went wrong in one of several processes, told to the others: by themselves they learn that it is gone."""

from __future__ import annotations

from pathlib import Path

from torch.distributed import DistError

from modaxfer.errors import RunFailedError

__all__ = ["forget_failures", "known_failure"]

WORD = "failed-*.txt"


def known_failure(error: Exception, folder: Path, process: int) -> Exception:
    """Return the error that this process ends with, and leave word of its own for the others.

    Args:
        error: What ended it.
        folder: Of the run's checkpoints, which all processes share.
        process: Which of them this one is, from 0.

    Returns:
        `error`; or, where that says no more than that another process is gone, what went wrong there.
    """
    if not _tells_of_others(error):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / WORD.replace("*", str(process))).write_text(str(error), encoding="utf-8")
        return error
    words = sorted(folder.glob(WORD))
    if words:
        told = "; ".join(f"process {path.stem.partition('-')[2]}: {path.read_text(encoding='utf-8')}" for path in words)
        return RunFailedError("another process of the run failed", got=told, fix="see to that; --resume goes on")
    return RunFailedError(
        "another process of the run is gone without a word",
        got=" ".join(str(error).split()),
        fix="it was killed, or memory has run out: look at its machine; --resume goes on",
    )


def forget_failures(folder: Path) -> None:
    """Remove the words of an earlier try."""
    for path in folder.glob(WORD):
        path.unlink(missing_ok=True)


def _tells_of_others(error: Exception) -> bool:
    """Return whether an error is that of a connection: of NCCL it has a type of its own, of Gloo a text."""
    return isinstance(error, DistError) or (isinstance(error, RuntimeError) and "gloo/" in str(error))
