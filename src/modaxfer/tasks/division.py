"""One part of a task for one run: a fold of cross-validation, or an episode with few training rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.data.cleaning import few_distinct
from modaxfer.data.folds import fold_numbers, published_folds
from modaxfer.data.rows import Rows
from modaxfer.errors import DataError
from modaxfer.registry import problem_of
from modaxfer.spec import SPLITS
from modaxfer.tasks.partition import carve, findings, groups_of, require_rows, strata_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modaxfer.config import RunConfig
    from modaxfer.data.rows import Ledger
    from modaxfer.spec import TaskSpec
    from modaxfer.tasks.intake import Intake

__all__ = ["Divided", "Division", "Episode", "Fold", "division_of"]

SHOWN = 5
"""So many classes are named in a message."""

Positions = tuple[tuple[str, ...], np.ndarray]
"""Names of splits, and int64 ``[rows]``: positions in their rows, one behind the other."""


@dataclass(frozen=True, kw_only=True)
class Divided:
    """The splits of one run, made of those of the whole task."""

    rows: dict[str, Rows]
    taken: dict[str, Positions]
    """By split, where its rows stand in the whole; a split that is small beside the whole is left out."""
    classes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One of several parts of the rows, to be tested on; the others are trained on.

    A test split that the data brings belongs to no fold: it stays what it is, the last word on the model that is kept.
    All other labelled rows are in one fold each. Validation rows are carved from the rows that are trained on, as they
    are for the task as a whole. Rows that belong together are in one fold.
    """

    number: int
    """From 0."""
    count: int

    def divide(self, spec: TaskSpec, whole: Mapping[str, Rows], intake: Intake, seed: int, ledger: Ledger) -> Divided:
        """Return the fold's splits.

        Raises:
            DataError: The rows form fewer groups than there are folds, or the others hold a single class.
        """
        published = spec.splits.fold
        names = tuple(name for name in whole if published or name != "test" or name not in intake.rows)
        pool = Rows.joined([whole[name] for name in names])
        classes = problem_of(spec.target.problem).labels.class_names(pool.labels, spec.target)
        coarse = few_distinct(pool, intake.fields)
        groups = groups_of(spec, pool, coarse=coarse)
        numbers = (
            published_folds(pool.table, published, self.count)
            if published
            else fold_numbers(strata_of(spec, pool, classes), groups, self.count, seed)
        )
        places = {"test": np.flatnonzero(numbers == self.number), "train": np.flatnonzero(numbers != self.number)}
        numbered = replace(pool.take(places["train"]), numbers=places["train"])
        parts = carve(spec, numbered, classes, spec.splits.validation_fraction, seed, coarse=coarse)
        places |= {name: part.numbers for name, part in zip(("train", "validation"), parts, strict=True)}
        rows = {name: pool.take(places[name]) for name in SPLITS}
        require_rows(spec, rows, classes, ledger)
        return Divided(
            rows=rows,
            taken={name: (names, places[name]) for name in rows},
            classes=classes,
            notes=findings(rows, replace(intake, classes=classes), tuple(rows), coarse=coarse),
        )


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One draw of few labelled rows of every class, scored on the whole test split.

    As many rows per class may be looked at to choose by, as validation split, as Gao et al. 2021 ("Making pre-trained
    language models better few-shot learners", section 3) and Perez et al. 2021 ("True few-shot learning") hold it:
    a larger one would be labelled rows by the back door.
    """

    number: int
    """From 0."""
    shots: int
    """Training rows per class."""

    def divide(self, spec: TaskSpec, whole: Mapping[str, Rows], intake: Intake, seed: int, ledger: Ledger) -> Divided:
        """Return the episode's splits.

        Raises:
            DataError: A class has fewer training rows.
        """
        self._require(whole["train"], intake.classes)
        random = np.random.default_rng([seed, self.number])
        rows = {
            "train": self._drawn(whole["train"], intake.classes, random),
            "validation": self._drawn(whole["validation"], intake.classes, random),
            "test": whole["test"],
        }
        require_rows(spec, rows, intake.classes, ledger)
        every = np.arange(len(whole["test"]))
        made = [name for name in whole if name not in intake.rows]
        coarse = few_distinct(whole["train"], intake.fields)
        return Divided(
            rows=rows,
            taken={"test": (("test",), every)},
            classes=intake.classes,
            notes=(*self._scarce(rows["validation"], intake.classes), *findings(rows, intake, made, coarse=coarse)),
        )

    def _scarce(self, validation: Rows, classes: tuple[str, ...]) -> tuple[str, ...]:
        counts = {name: sum(label == name for label in validation.labels) for name in classes}
        few = [f"{count} of {name}" for name, count in counts.items() if count < self.shots]
        more = f" and {len(few) - SHOWN} more classes" if len(few) > SHOWN else ""
        return (
            (f"validation has fewer rows than {self.shots} per class: {', '.join(few[:SHOWN])}{more}",) if few else ()
        )

    def _require(self, train: Rows, classes: tuple[str, ...]) -> None:
        counts = {name: sum(label == name for label in train.labels) for name in classes}
        few = [f"{count} of {name}" for name, count in counts.items() if count < self.shots]
        if few:
            more = f" and {len(few) - SHOWN} more classes" if len(few) > SHOWN else ""
            raise DataError(
                f"too few training rows for {self.shots} shots per class",
                file=train.file,
                got=f"{', '.join(few[:SHOWN])}{more}",
                fix=f"ask for --shots {min(counts.values())} at most, or add rows"
                if min(counts.values())
                else "add rows of these classes",
            )

    def _drawn(self, rows: Rows, classes: tuple[str, ...], random: np.random.Generator) -> Rows:
        """Return `shots` rows of each class, or all that it has, in the order of the data."""
        labels = np.array([str(label) for label in rows.labels])
        chosen = [random.permutation(np.flatnonzero(labels == name))[: self.shots] for name in classes]
        return rows.take(np.sort(np.concatenate(chosen)))


Division = Fold | Episode
"""Which part of a task one run has."""


def division_of(config: RunConfig) -> Division | None:
    """Return the part that `config` asks for; None for the task as a whole."""
    if config.fold is not None and config.folds is not None:
        return Fold(number=config.fold, count=config.folds)
    if config.shots is not None:
        return Episode(number=config.episode or 0, shots=config.shots)
    return None
