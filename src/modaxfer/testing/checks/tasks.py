"""Level 3 of tasks: on rows that packages ship or a sample makes."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import distributions

from modaxfer.registry import load_target
from modaxfer.spec import PackageSource, SampleSource, Source, TaskSpec
from modaxfer.testing.check import Check, Level, check, fail, skip
from modaxfer.testing.checks import task_contract as contract
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]


@check(Level.CONTRACT, "task")
def every_split_has_rows(subject: Subject) -> None:
    """Train, validation and test have rows with names of their own, and each class has some in train.

    What is learned from, chosen by and scored on must be there.
    """
    contract.require_splits(_made(subject))


@check(Level.CONTRACT, "task")
def labels_are_of_its_classes(subject: Subject) -> None:
    """Every label is one of the classes, every number finite.

    A label that no class has is a row that no model can be right about.
    """
    contract.require_known_labels(_made(subject))


@check(Level.CONTRACT, "task")
def no_row_is_in_two_splits(subject: Subject) -> None:
    """No row's inputs, and no group of rows, stand in two splits.

    A score on rows that were learned from says nothing.
    """
    contract.require_apart(_made(subject))


@check(Level.CONTRACT, "task", slow=True)
def is_seeded(subject: Subject) -> None:
    """The same seed gives the same rows in the same splits, and another seed gives other rows of a sample.

    A run is repeated by its config alone.
    """
    case = _made(subject)
    contract.require_same_again(case, contract.task_case(case.spec))
    for source in case.spec.sources:
        if isinstance(source, SampleSource):
            make = load_target(source.target)
            first, again, other = make(0), make(0), make(1)
            if any(not first[split].equals(again[split]) for split in first):
                fail(f"sample {source.target} makes other rows by the same seed", fix="draw from the seed alone")
            if any(first[split].equals(other[split]) for split in first):
                fail(f"sample {source.target} makes the same rows by another seed", fix="draw from the seed")


@check(Level.CONTRACT, "task")
def inputs_can_be_read(subject: Subject) -> None:
    """Inputs of every split are of their field's kind: pictures and sounds decode, paths resolve, columns are there.

    Else a run fails at its first row, after weights were loaded.
    """
    contract.require_readable(_made(subject))


def _made(subject: Subject) -> contract.TaskCase:
    """Return the task with rows that need no data beside installed packages."""
    own = tuple(source for source in subject.spec.sources if _is_here(source))
    if not own:
        skip("its rows are neither in an installed package nor made as a sample: level 4 looks at real ones")
    return _loaded(replace(subject.spec, sources=own))


def _is_here(source: Source) -> bool:
    if isinstance(source, PackageSource):
        return any(True for _ in distributions(name=source.distribution))
    return isinstance(source, SampleSource)


_LAST: list[contract.TaskCase] = []
"""The one that was loaded last: checks of a task follow each other, and its rows may be large."""


def _loaded(spec: TaskSpec) -> contract.TaskCase:
    if not _LAST or _LAST[0].spec != spec:
        _LAST[:] = [contract.task_case(spec)]
    return _LAST[0]


CHECKS: tuple[Check, ...] = (
    every_split_has_rows,
    labels_are_of_its_classes,
    no_row_is_in_two_splits,
    is_seeded,
    inputs_can_be_read,
)
