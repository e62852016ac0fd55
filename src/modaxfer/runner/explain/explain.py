"""A saved run explained: rows, the training rows they resemble, and the fields that its score stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.errors import ConfigError, DataError, RefusedError
from modaxfer.metrics import Scored
from modaxfer.result import Result
from modaxfer.runner.explain.answer import refuse_label, refuse_unexplained
from modaxfer.runner.explain.fields import BACKGROUND, field_effects, groups_of
from modaxfer.runner.explain.gradients import require_captum
from modaxfer.runner.explain.importance import MOST_VALIDATION_ROWS, REPEATS, Importance, permutation_importance
from modaxfer.runner.explain.neighbours import MOST_TRAINING_ROWS, Neighbours, encoded, nearest, vectors_of
from modaxfer.runner.explain.row import Explained, explain_example
from modaxfer.runner.explain.rows import SPLITS, Own, Wanted, of_given, of_split, own_rows
from modaxfer.runner.model.joint import parts_of
from modaxfer.runner.predict.predictor import Predictor, first_reasons
from modaxfer.runner.progress import Progress
from modaxfer.runner.rows.drawn import Drawn, drawn_row

if TYPE_CHECKING:
    from modaxfer.contracts import Example

__all__ = ["Explanation", "Near", "RowExplanation", "ScoreExplanation", "Wishes", "explain_run", "refuse_split"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is to be explained, and how thoroughly."""

    data: Any = None
    """Rows, see `modaxfer.runner.predict.given.find_rows`; None = those of `split`."""
    rows: tuple[int, ...] = ()
    """Numbers from 1, of `data` or of the split; empty = the first ones of `data`, of a split none."""
    split: str = "validation"
    label: str | None = None
    """Class that is asked about; None = the one that is predicted."""
    neighbours: int = 5
    """Nearest training rows that are shown of each."""
    repeats: int = REPEATS
    """Shuffles of each field, where no row is asked for and so the score is explained."""
    check: bool = True
    """Whether attributions are made again with random weights."""


@dataclass(frozen=True, kw_only=True)
class Near:
    """A training row that resembles the one that is explained."""

    number: int
    """In the training split, from 1."""
    row_id: str
    label: Any
    distance: float
    """1 less the cosine of the angle between the rows' vectors, each taken from the mean training vector: 0 to 2."""
    values: Mapping[str, Any]
    """Conformed, by field."""


@dataclass(frozen=True, kw_only=True)
class RowExplanation:
    """Why a model says what it says of one row."""

    wanted: Wanted
    prediction: Any
    score: float | None
    """Calibrated probability of the class that is asked about; None of a number."""
    made: Explained
    given: list[Drawn]
    """What the encoders were given."""
    effects: Mapping[str, float]
    """By field what it adds to the answer; empty of rows with one field, or where no training row is at hand."""
    near: tuple[Near, ...]


@dataclass(frozen=True, kw_only=True)
class ScoreExplanation:
    """Which fields a score stands on."""

    metric: str
    score: float
    rows: int
    of: int
    """Rows of the validation split."""
    repeats: int
    fields: tuple[Importance, ...]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything that was found out."""

    result: Result
    kinds: Mapping[str, str]
    """Signal kind by field."""
    rows: tuple[RowExplanation, ...]
    score: ScoreExplanation | None
    root: Path | None
    """Folder of the media of training rows."""
    seen: int = 0
    """Training rows among which neighbours were looked for."""
    notes: tuple[str, ...] = field(default=())
    """What could not be done, and why, one line each."""


def explain_run(
    run: Path,
    wishes: Wishes,
    progress: Progress | None = None,
    *,
    predictor: Predictor | None = None,
    device: str = "auto",
    trust_remote_code: bool = False,
) -> Explanation:
    """Explain rows with the saved model of `run`; where none is named, its score on validation rows.

    Args:
        run: A run's folder.
        wishes: What is to be explained.
        progress: Where to tell how far it is.
        predictor: Its model, where that is loaded.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        trust_remote_code: Allow code that comes with its checkpoint.

    Raises:
        MissingPackageError: captum is not installed.
        ConfigError: There is no such row, split or class, or nothing is asked for.
        DataError: There is no model, or rows cannot be read; or the run's own rows are asked for and gone.
        RefusedError: What the model says is no single number per row.
    """
    progress = progress or Progress(enabled=False)
    require_captum()
    refuse_split(wishes.split)
    stored = Result.load(run)
    predictor = predictor or Predictor(run, device=device, trust_remote_code=trust_remote_code)
    refuse_unexplained(predictor.described)
    refuse_label(predictor.described, wishes.label)
    groups, notes = groups_of(predictor), list[str]()
    own = _own(run, predictor, wishes, notes)
    if wishes.data is None:
        _refuse_nothing(wishes, groups)
        assert own is not None, "asked for, so it is there"
        wanted = of_split(own, wishes.split, wishes.rows)
    else:
        wanted, told = of_given(wishes.data, predictor, wishes.rows)
        notes += told
    around = _Around.of(own, predictor, groups, progress) if own is not None and wanted else None
    rows = tuple(_row(each, predictor, wishes, around, groups, progress) for each in wanted)
    return Explanation(
        result=stored,
        kinds={one.name: one.signal.kind for one in predictor.described.fields},
        rows=rows,
        score=_score(own, predictor, wishes, groups, stored, progress),
        root=None if own is None else own.data.root,
        seen=0 if around is None else len(around.known.numbers),
        notes=tuple(notes),
    )


def refuse_split(split: str) -> None:
    """Refuse a split that no task has.

    Raises:
        ConfigError: It is none.
    """
    if split not in SPLITS:
        raise ConfigError("there is no such split", got=f"--split {split}", allowed=SPLITS)


def _refuse_nothing(wishes: Wishes, groups: Mapping[str, Sequence[str]]) -> None:
    if not wishes.rows and len(groups) < 2:
        raise ConfigError(
            "there is nothing to explain: no row is named, and the model reads one field, on which its score stands",
            fix="name a file, as in `modaxfer explain RUN FILE`, or a row of the run's own task: --row 1",
        )


def _own(run: Path, predictor: Predictor, wishes: Wishes, notes: list[str]) -> Own | None:
    """Return the run's own rows; where they are not needed and gone, say so."""
    try:
        return own_rows(run, partial=predictor.described.partial)
    except (DataError, ConfigError, RefusedError) as error:
        if wishes.data is None:
            raise
        notes.append(f"no training row is at hand, so none is shown beside: {error}")
        return None


@dataclass(frozen=True, kw_only=True)
class _Around:
    """Training rows that a row is held against."""

    own: Own
    known: Neighbours
    background: list[Mapping[str, Any]]

    @classmethod
    def of(cls, own: Own, predictor: Predictor, groups: Mapping[str, Any], progress: Progress) -> _Around:
        known = encoded(own, predictor, progress, MOST_TRAINING_ROWS)
        places = np.linspace(0, len(known.numbers) - 1, min(BACKGROUND, len(known.numbers))).round().astype(int)
        train = own.data.splits["train"]
        background = train.select(known.numbers[np.unique(places)]).to_list() if len(groups) > 1 else []
        return cls(own=own, known=known, background=background)

    def near(self, wanted: Wanted, vector: np.ndarray, count: int) -> tuple[Near, ...]:
        """Return the nearest training rows."""
        train = self.own.data.splits["train"]
        but = wanted.number - 1 if wanted.split == "train" else None
        found = []
        for place, distance in nearest(vector, self.known, count, but):
            number = int(self.known.numbers[place])
            values = dict(train[number])
            found.append(
                Near(
                    number=number + 1,
                    row_id=str(values.pop("row_id")),
                    label=_plain(self.known.labels[number]),
                    distance=distance,
                    values=values,
                )
            )
        return tuple(found)


def _row(
    wanted: Wanted,
    predictor: Predictor,
    wishes: Wishes,
    around: _Around | None,
    groups: Mapping[str, Sequence[str]],
    progress: Progress,
) -> RowExplanation:
    where = f"row {wanted.number}" + (f" of {wanted.split}" if wanted.split else "")
    progress.say(f"explaining {where}")
    example = _example(wanted, predictor, where)
    made = explain_example(
        predictor, example, wishes.label, {} if around is None else around.known.means, check=wishes.check
    )
    logits = predictor.logits([wanted.values], wanted.root)
    said, _, calibrated = predictor.described.decision.apply(predictor.criterion, logits)
    from modaxfer.registry import problem_of

    shown = problem_of(predictor.described.problem).labels.show(said, predictor.described.classes)
    effects: Mapping[str, float] = {}
    near: tuple[Near, ...] = ()
    if around is not None:
        if len(groups) > 1:
            effects = field_effects(predictor, wanted, made.answer, made.value, groups, around.background)
        (vector,) = vectors_of([example], predictor, Progress(enabled=False), "")
        near = around.near(wanted, vector, wishes.neighbours)
    return RowExplanation(
        wanted=wanted,
        prediction=_plain(shown[0]),
        score=None if calibrated is None else float(calibrated[0, made.answer.place]),
        made=made,
        given=drawn_row(predictor.described.towers, parts_of(predictor.processor), wanted.values, wanted.root),
        effects=effects,
        near=near,
    )


def _example(wanted: Wanted, predictor: Predictor, where: str) -> Example:
    read = predictor.read([wanted.values], wanted.root, Progress(enabled=False))
    if read.reasons:
        raise DataError(f"{where} cannot be explained", got=first_reasons(read.reasons), fix="name another row")
    example: Example = read.examples[0]
    return example


def _score(
    own: Own | None,
    predictor: Predictor,
    wishes: Wishes,
    groups: Mapping[str, Sequence[str]],
    stored: Result,
    progress: Progress,
) -> ScoreExplanation | None:
    """Return which fields the validation score stands on; None where rows are asked for."""
    if own is None or wishes.data is not None or wishes.rows:
        return None
    validation = own.data.splits["validation"]
    chosen = np.unique(
        np.linspace(0, len(validation) - 1, min(MOST_VALIDATION_ROWS, len(validation))).round().astype(int)
    )
    rows = validation.select(chosen).to_list()
    references, _ = own.labels("validation")
    quiet = Progress(enabled=False)

    def predict(some: Sequence[Mapping[str, Any]]) -> Scored:
        logits = predictor.logits(some, own.data.root, quiet)
        said, _, calibrated = predictor.described.decision.apply(predictor.criterion, logits)
        return Scored(predictions=said, scores=calibrated)

    with progress.bar("shuffling fields", len(groups) * wishes.repeats) as advance:
        value, found = permutation_importance(
            rows,
            references[chosen],
            groups,
            predict,
            metric=stored.primary,
            problem=predictor.described.problem,
            repeats=wishes.repeats,
            seed=stored.seed,
            advance=advance,
        )
    return ScoreExplanation(
        metric=stored.primary,
        score=value,
        rows=len(rows),
        of=len(validation),
        repeats=wishes.repeats,
        fields=tuple(found),
    )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
