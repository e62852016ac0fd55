"""A folder for a run, before any row is read: free or to be resumed, writable, and nobody else's meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from modaxfer.config import RunConfig
from modaxfer.errors import OutputExistsError
from modaxfer.runner.claims.contents import clashes, foreign, is_occupied, remove
from modaxfer.runner.claims.hold import LOCK, HeldError, Hold, hold
from modaxfer.runner.claims.resumed import resumed
from modaxfer.runner.folder import default_folders, has_result, is_finished

__all__ = ["Claim", "claim"]

SHOWN = 3
"""So many files are named in a message; the others are counted."""


@dataclass(frozen=True)
class Claim:
    """A folder that a run may write into."""

    config: RunConfig
    """The request, with its folder named; of a run that is resumed, as it was started."""
    folder: Path
    held: Hold

    def clear(self) -> None:
        """Delete the run that this one replaces; called once nothing can be refused any more.

        Raises:
            OutputExistsError: Somebody has put files beside it meanwhile.
        """
        if self.held.replaces:
            _refuse_foreign(self.folder)
            remove(self.folder)
            self.held.replaces = False


@contextmanager
def claim(config: RunConfig, *, resume: bool = False, overwrite: bool = False) -> Iterator[Claim]:
    """Hold the output folder of `config`, or the first of its default names that is free.

    Whoever holds it already, as a run with several seeds does for its first one, claims it again without being asked
    anything. A claim under which nothing is written leaves nothing behind.

    Args:
        config: The request.
        resume: Resume the run that lies there.
        overwrite: Replace the run that lies there; see `Claim.clear`.

    Raises:
        OutputExistsError: The folder holds a run that is not to be resumed, or somebody's files where a run would write
            its own; it cannot be written; or another process is writing into it.
        ConfigError: There is nothing to resume, or the run there was started with another config.
    """
    if resume:
        config = resumed(config)
    if config.output is None:
        with _default(config) as claimed:
            yield claimed
        return
    folder = Path(config.output)
    with hold(folder) as (held, joined):
        if not (resume or joined):
            held.replaces = _is_replaced(folder, overwrite)
        yield Claim(config, folder, held)


@contextmanager
def _default(config: RunConfig) -> Iterator[Claim]:
    for folder in default_folders(config):
        if not _is_empty(folder):
            continue
        try:
            with hold(folder) as (held, _):
                if _is_empty(folder):
                    yield Claim(replace(config, output=str(folder)), folder, held)
                    return
        except HeldError as error:
            # What was raised under a claim of our own goes on its way.
            if error.folder != folder:
                raise


def _is_empty(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and all(path.name == LOCK for path in folder.iterdir()))


def _is_replaced(folder: Path, overwrite: bool) -> bool:
    """Return whether the run in `folder` is replaced; False where there is none."""
    if not is_occupied(folder):
        taken = clashes(folder)
        if taken:
            raise OutputExistsError(
                "the output folder holds no run, but files under names that a run writes",
                got=f"{folder}: {_some(taken)}",
                fix="choose another --output, or move them away",
            )
        return False
    finished = is_finished(folder)
    if not overwrite:
        state = "a finished run" if finished else "a run that failed" if has_result(folder) else "an unfinished run"
        raise OutputExistsError(
            f"the output folder already holds {state}",
            got=folder,
            fix="choose another --output, replace it with --overwrite"
            + ("" if finished else ", or take the run up again with --resume"),
        )
    _refuse_foreign(folder)
    return True


def _refuse_foreign(folder: Path) -> None:
    found = foreign(folder)
    if found:
        raise OutputExistsError(
            "--overwrite would delete files that are no part of the run",
            got=f"{folder}: {_some(found)}",
            fix="move them away, or choose another --output",
        )


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
