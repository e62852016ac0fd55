"""Level 3: a report renders whatever a run left, a failed one and one without scores, into its folder alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.result import Result
from modaxfer.testing.check import Level, check, fail

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

EMPTY = Result(
    status="completed",
    encoder={"id": "modaxfer/bert", "checkpoint": "kit/tiny", "revision": "", "sha256": "0" * 64},
    bridge="modaxfer/native-text",
    strategy="modaxfer/frozen",
    task="kit/tiny",
    metrics={"train": {}, "validation": {}, "test": {"accuracy": None}, "primary": "accuracy"},
    data={"source": "sample", "fingerprint": "0" * 16, "rows": {"train": 2, "validation": 1, "test": 1}, "dropped": {}},
    parameters={"total": 10, "trainable": 2},
    time_s={"total": 0.1},
)
"""A run that came to its end, and of which nothing could be scored."""

FAILED = replace(
    EMPTY, status="failed", metrics={}, data={}, parameters={}, time_s={}, error="the loss is not a number"
)
"""A run that broke off."""


@check(Level.CONTRACT, "report")
def renders_an_empty_run(subject: Subject) -> None:
    """Of a run without a score it writes what there is, and returns the files."""
    _require_written(subject, EMPTY)


@check(Level.CONTRACT, "report")
def renders_a_failed_run(subject: Subject) -> None:
    """Of a run that failed it writes what there is, or nothing, and returns the files."""
    _require_written(subject, FAILED)


@check(Level.CONTRACT, "report")
def writes_into_its_folder_alone(subject: Subject) -> None:
    """What stands beside its folder, and result.json in it, is as it was."""
    beside, folder = subject.folder / "beside.txt", subject.folder / "run"
    folder.mkdir()
    beside.write_text("as it was", encoding="utf-8")
    stored = EMPTY.save(folder).read_bytes()
    subject.target()(EMPTY, folder)
    others = sorted(path.name for path in subject.folder.iterdir() if path not in (beside, folder))
    if others or beside.read_text(encoding="utf-8") != "as it was":
        fail("it wrote beside its folder", got=others or "beside.txt", allowed="files in the folder that it is given")
    if (folder / "result.json").read_bytes() != stored:
        fail("it wrote into result.json", got="another result", allowed="the result as it was stored")


def _require_written(subject: Subject, result: Result) -> None:
    result.save(subject.folder)
    returned = subject.target()(result, subject.folder)
    if not isinstance(returned, Iterable) or isinstance(returned, str | bytes):
        got = "nothing" if returned is None else type(returned).__name__
        fail("it did not return the files that it wrote", got=got, allowed="a list of paths", fix="return [path, ...]")
    lost = [str(path) for path in returned if not Path(path).is_file()]
    if lost:
        fail("it returned files that are not there", got=lost, allowed="files that it wrote")


CHECKS = (renders_an_empty_run, renders_a_failed_run, writes_into_its_folder_alone)
