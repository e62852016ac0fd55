"""New rows through a saved model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.contracts import PARTS, Example
from modaxfer.data.cells.columns import absence, conform, file_columns
from modaxfer.data.cells.dotted import with_dotted
from modaxfer.data.cells.interpret import Strange, strange_cells
from modaxfer.data.given import Given
from modaxfer.errors import DataError, close_matches
from modaxfer.registry import problem_of
from modaxfer.runner.model.build import load_model
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.model.joint import parts_of
from modaxfer.runner.model.units import without_padding
from modaxfer.runner.predict.given import find_rows
from modaxfer.runner.predict.readable import empty_rows
from modaxfer.runner.predict.records import Predicted, records
from modaxfer.runner.predict.sar import BATCH, Sar, adaptation_told
from modaxfer.runner.processes.precision import choose_device, multiplies_bf16
from modaxfer.runner.progress import Progress
from modaxfer.runner.rows.encode import Computer, forward_rows, lengths_of
from modaxfer.runner.rows.prepare import blanks_of, examples, presence, side_by_side
from modaxfer.runner.rows.raw import counting, losses

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.spec import Field

__all__ = ["Predictor", "Read", "first_reasons"]

MAX_TOKENS = 8192

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Read:
    """Rows that are ready for the model, and why the others are not."""

    examples: Sequence[Example]
    kept: np.ndarray
    """Positions of the rows that could be read, int64 ``[examples]``."""
    reasons: dict[int, str]
    notes: tuple[str, ...]
    """What was lost of the others."""


class Predictor:
    """The model of a run, loaded once.

    Args:
        run: A run's folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        trust_remote_code: Allow code that comes with its checkpoint.
        exact: Compute in float32, whatever it was trained in.

    Raises:
        DataError: There is no model.
        CheckpointUnavailableError: Its base weights cannot be had.
        RefusedError: Its checkpoint needs code of its own, and that is not allowed.
    """

    def __init__(
        self, run: Path, *, device: str = "auto", trust_remote_code: bool = False, exact: bool = False
    ) -> None:
        self.described = ModelDescription.read(run, trust_remote_code=trust_remote_code)
        place = choose_device(device)
        usable = {"bf16": multiplies_bf16(place), "fp16": place.type == "cuda"}
        precision = "fp32" if exact else self.described.precision
        self.computer = Computer(place, precision if usable.get(precision) else "fp32")
        self.model, self.processor = load_model(self.described)
        self.model.to(place)
        self.criterion = self.described.criterion

    def predict(self, data: Any) -> list[dict[str, Any]]:
        """Return one mapping per row, see `modaxfer.runner.predict.records.records`; takes what `find_rows` takes."""
        return records(self.predict_rows(find_rows(data, self.described.fields)))

    def predict_rows(
        self,
        given: Given,
        progress: Progress | None = None,
        *,
        adapt: str | None = None,
        raw: bool = False,
        threshold: float | None = None,
    ) -> Predicted:
        """Predict the rows of `given`; what cannot be read gets no prediction, and the reason why.

        Args:
            given: The rows.
            progress: Where to tell how far it is.
            adapt: ``sar``: adapt the model to the rows as they come, see `modaxfer.runner.predict.sar`, which says what
                cannot be; afterwards it is as it was.
            raw: Give scores of the outputs as they are, not divided by the temperature that validation rows chose.
            threshold: Calibrated score from which on the second of two classes is said, or a label; None = as stored.

        Raises:
            DataError: A column that the model reads is missing, or not one row can be read.
            RefusedError: The model has no layer norms to adapt.
        """
        progress = progress or Progress(enabled=False)
        table, read, kept, reasons = self._readable(given, progress)
        if adapt is not None:
            logits, told = self._adapted(read.examples, progress)
        else:
            logits, told = self._forward(read.examples, progress), ()
        decision = self.described.decision.at(threshold)
        decoded, unscaled, calibrated = decision.apply(self.criterion, logits)
        scores = unscaled if raw else calibrated
        made = problem_of(self.described.problem).labels.show(decoded, self.described.classes)
        predictions: list[Any] = [None] * table.num_rows
        for row, value in zip(kept, made, strict=True):
            predictions[row] = value
        return Predicted(
            predictions=predictions,
            scores=None if scores is None else _scattered(scores, kept, table.num_rows),
            calibrated=None if calibrated is None else _scattered(calibrated, kept, table.num_rows),
            classes=self.described.classes,
            given=given,
            reasons=reasons,
            warnings=(
                *given.notes,
                *map(_strange, strange_cells(table, self.described.types)),
                *read.notes,
                *told,
                *_unpredicted(reasons, table.num_rows),
            ),
        )

    def features(self, given: Given, progress: Progress | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return the vectors that the head takes, float32 ``[rows, width]``, NaN for a row that cannot be read.

        Beside them what was left out or could not be read, one line each.

        Raises:
            DataError: As for `predict_rows`; or the head reads each part of a row, not one vector.
        """
        progress = progress or Progress(enabled=False)
        table, read, kept, reasons = self._readable(given, progress)
        vectors = np.full((table.num_rows, self.model.width), np.nan, np.float32)
        vectors[kept] = self._vectors(read.examples, progress)
        return vectors, (*given.notes, *read.notes, *_unpredicted(reasons, table.num_rows))

    def row_features(self, rows: Rows, root: Path | None) -> np.ndarray:
        """Return the same of conformed rows, every one of which can be read.

        Raises:
            DataError: A row cannot be read.
        """
        progress = Progress(enabled=False)
        read = self.read(rows, root, progress)
        if read.reasons:
            raise DataError("rows cannot be read", got=first_reasons(read.reasons), fix="repair or remove them")
        return self._vectors(read.examples, progress)

    def _vectors(self, examples: Sequence[Example], progress: Progress) -> np.ndarray:
        if self.model.readout.pooling in PARTS:
            raise DataError(
                f"the head of a {self.described.problem} run reads each part of a row, not one vector of it",
                fix="modaxfer.features(rows, encoder=RUN) reads one vector of each row",
            )
        vectors = np.zeros((len(examples), self.model.width), np.float32)
        run = lambda batch: self.model.features(batch).pooled  # noqa: E731
        with progress.bar("encoding", len(examples)) as advance:
            for chosen, values in forward_rows(
                examples,
                lengths_of(examples, self.processor),
                self.processor.collate,
                run,
                self.computer,
                max_tokens=MAX_TOKENS,
                advance=advance,
            ):
                vectors[chosen] = values.float().cpu().numpy()
        return vectors

    def _readable(self, given: Given, progress: Progress) -> tuple[pa.Table, Read, np.ndarray, dict[int, str]]:
        """Return the table of `given`, the rows that can be read, their positions, and why the others cannot be."""
        fields = self.described.fields
        table = self._completed(given.table)
        conformed, reasons = self.conformed(given)
        kept = np.array([row for row in range(table.num_rows) if row not in reasons], np.int64)
        read = self.read(conformed.take(kept).to_pylist(), given.root, progress)
        reasons |= {int(kept[row]): reason for row, reason in read.reasons.items()}
        if not len(read.kept):
            raise DataError(
                "not one row can be predicted",
                got=first_reasons(reasons),
                fix=f"fill in what the model reads: {_named(fields, file_columns(fields, self.described.types))}",
            )
        return table, read, kept[read.kept], reasons

    def conformed(self, given: Given) -> tuple[pa.Table, dict[int, str]]:
        """Return the columns that the model reads as it reads them, and by position why a row has none of them.

        Raises:
            DataError: There are no rows, or a column that the model reads is missing.
        """
        fields, partial = self.described.fields, self.described.partial
        table = self._completed(given.table)
        if not table.num_rows:
            raise DataError("no rows to predict", fix="give at least one row below the header")
        conformed = conform(table, fields, types=self.described.types)
        return conformed, {**empty_rows(conformed, given.table, fields, partial=partial), **given.faults}

    def logits(self, rows: Rows, root: Path | None, progress: Progress | None = None) -> Any:
        """Return float32 logits ``[rows, outputs]`` of conformed rows, every one of which can be read.

        Raises:
            DataError: A row cannot be read, or has nothing that any encoder reads.
        """
        progress = progress or Progress(enabled=False)
        return self._forward(self.examples(rows, root, progress), progress)

    def examples(self, rows: Rows, root: Path | None, progress: Progress | None = None) -> Sequence[Example]:
        """Return conformed rows as the model takes them.

        Raises:
            DataError: As for `logits`.
        """
        progress = progress or Progress(enabled=False)
        read = self.read(rows, root, progress)
        if read.reasons:
            raise DataError("rows cannot be read", got=first_reasons(read.reasons), fix="repair or remove them")
        for line in read.notes:
            progress.say(f"warning: {line}")
        return read.examples

    def _forward(self, examples: Sequence[Example], progress: Progress) -> Any:
        logits = torch.zeros(len(examples), self.criterion.outputs)
        parts: dict[int, torch.Tensor] = {}
        apart = self.model.readout.pooling in PARTS
        with progress.bar("predicting", len(examples)) as advance:
            for chosen, values in forward_rows(
                examples,
                lengths_of(examples, self.processor),
                self.processor.collate,
                self.model,
                self.computer,
                max_tokens=MAX_TOKENS,
                advance=advance,
            ):
                if apart:
                    parts |= dict(zip(chosen.tolist(), without_padding(values.float().cpu()), strict=True))
                else:
                    logits[torch.from_numpy(chosen)] = values.float().cpu()
        return [parts[row] for row in range(len(examples))] if apart else logits

    def _adapted(self, examples: Sequence[Example], progress: Progress) -> tuple[torch.Tensor, tuple[str, ...]]:
        """Return logits of rows in whose order the model goes on learning, and what there is to know of that."""
        logits = torch.zeros(len(examples), self.criterion.outputs)
        sar = Sar(self.model, self.computer, len(self.described.classes))
        with sar.adapting(), progress.bar("predicting and adapting", len(examples)) as advance:
            for start in range(0, len(examples), BATCH):
                some = examples[start : start + BATCH]
                batch = self.computer.place(self.processor.collate(some))
                logits[start : start + len(some)] = sar(batch).cpu()
                advance(len(some))
        return logits, adaptation_told(sar, logits, self.described.classes)

    def _completed(self, table: pa.Table) -> pa.Table:
        """Return `table` with empty columns for fields that a model of several encoders can do without.

        Raises:
            DataError: A column is missing that it cannot do without.
        """
        types = self.described.types
        names = file_columns(self.described.fields, types)
        table = with_dotted(table, names)
        absent = [name for name in names if name not in table.column_names]
        parts = [set(file_columns(tower.fields, types)) for tower in self.described.towers]
        if absent and (len(parts) == 1 or not any(part & set(table.column_names) for part in parts)):
            raise _missing(absent, self.described.fields, names, table)
        import pyarrow as pa

        for name in absent:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
        return table

    def read(self, rows: Rows, root: Path | None, progress: Progress) -> Read:
        """Return conformed rows as the model takes them; those that one of its encoders cannot read are left out."""
        described, made = self.described, []
        notes: list[str] = []
        for tower, processor in zip(described.towers, parts_of(self.processor), strict=True):
            bridge, counted, blanks = tower.build_bridge(root), counting(processor), blanks_of(described, tower)
            chunks = examples(rows, bridge, counted, progress, "preparing", blanks, apart=True)
            made.append([one for chunk in chunks for one in chunk])
            notes += losses(bridge, counted)
        reasons = {row: one for part in reversed(made) for row, one in enumerate(part) if isinstance(one, str)}
        there = presence(rows, described)
        reasons |= {int(row): "a row has no input" for row in np.flatnonzero(~there.any(axis=1))}
        kept = np.array([row for row in range(len(rows)) if row not in reasons], np.int64)
        parts: list[list[Any]] = [[part[row] for row in kept] for part in made]
        joint = side_by_side(parts, there[kept])
        return Read(examples=joint, kept=kept, reasons=reasons, notes=tuple(notes))


def first_reasons(reasons: Mapping[int, str], count: int = 3) -> str:
    """Return the first rows that cannot be used, by number from 1, each with its reason."""
    lines = [f"row {row + 1}: {reason}" for row, reason in sorted(reasons.items())]
    return "; ".join((*lines[:count], *((f"and {len(lines) - count} more",) if len(lines) > count else ())))


def _strange(cells: Strange) -> str:
    """Say which cells of a column the model cannot take as they are, and where they stand."""
    places = ", ".join(str(row + 1) for row in cells.rows[:3]) + (", ..." if len(cells.rows) > 3 else "")
    outcome = "the model has not seen it" if "category" in cells.what else "read as missing"
    return f"{cells} in row{'s' * (len(cells.rows) > 1)} {places}; {outcome}"


def _unpredicted(reasons: Mapping[int, str], rows: int) -> tuple[str, ...]:
    return (f"{len(reasons)} of {rows} rows have no prediction: {first_reasons(reasons)}",) if reasons else ()


def _scattered(scores: np.ndarray, places: np.ndarray, rows: int) -> np.ndarray:
    """Return scores of all rows, NaN where there is no prediction; None where scores have a length of their own."""
    if scores.dtype == object:
        ragged_scores = np.full(rows, None, object)
        ragged_scores[places] = scores
        return ragged_scores
    whole = np.full((rows, scores.shape[1]), np.nan, scores.dtype)
    whole[places] = scores
    return whole


def _missing(absent: Sequence[str], fields: Sequence[Field], names: Sequence[str], table: pa.Table) -> DataError:
    from modaxfer.data.origin import file_of

    close = [(match, name) for name in absent for match in close_matches(name, table.column_names, 1)]
    renamed = " and ".join(f"{match!r} to {name!r}" for match, name in close)
    advice = f"call the column that holds the {fields[0].signal.kind} {absent[0]!r}"
    return DataError(
        absence("input column", absent),
        file=file_of(table) or None,
        got=table.column_names,
        allowed=f"the columns that the model reads: {_named(fields, names)}",
        fix=f"rename {renamed}" if close else advice if len(fields) == 1
        else "name the columns as in training",
    )  # fmt: skip


def _named(fields: Sequence[Field], names: Sequence[str]) -> str:
    """Return the columns of the file; one that is no field itself, such as a date, is of a table."""
    kinds = {field.name: field.signal.kind for field in fields}
    named = ", ".join(f"{kinds.get(name, 'table')} {name!r}" for name in names[:10])
    return named + (", ..." if len(names) > 10 else "")
