"""The Python face of what runs have left on disk: open, predict, evaluate; results that a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.errors import DataError
from modaxfer.result import Result, inside

if TYPE_CHECKING:
    import numpy
    import pandas

    from modaxfer.reports.explain.face import Explanation
    from modaxfer.reports.gallery import Gallery
    from modaxfer.runner.compare.ledger import CellRecord
    from modaxfer.runner.predict.predictor import Predictor
    from modaxfer.runner.predict.records import Predicted

Rows = list[dict[str, Any]]

__all__ = ["Comparison", "Run", "evaluate", "load", "predict"]


class Comparison:
    """A grid of runs on disk, finished or not.

    Args:
        folder: A folder that ``modaxfer compare`` wrote.

    Raises:
        ConfigError: There is no comparison in `folder`.
    """

    def __init__(self, folder: str | Path) -> None:
        from modaxfer.reports.compare.face import stored_evidence
        from modaxfer.runner.compare.folder import stored_grid
        from modaxfer.runner.compare.ledger import read_cells

        self.folder = Path(folder)
        stored_grid(self.folder)
        self.evidence = stored_evidence(self.folder)
        """Which differences between cells are evidence, `modaxfer.Evidence`; None before the comparison has ended."""
        self.cells: tuple[CellRecord, ...] = read_cells(self.folder)
        """One record per cell that has ended, in the order of the grid."""

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per cell that has ended, with the columns of compare.csv."""
        import pandas as pd

        from modaxfer.reports.compare.rows import cell_rows

        return pd.DataFrame(cell_rows(self.cells))

    def run(self, cell: CellRecord) -> Run:
        """Open the run of a completed `cell`; a `DataError` says that it has none."""
        return Run(inside(self.folder, cell.run or ""))

    def __repr__(self) -> str:
        """Name the folder and count how its cells ended."""
        from modaxfer.reports.compare.rows import tally

        return f"Comparison({str(self.folder)!r}, {tally(self.cells)})"

    def _repr_html_(self) -> str:
        from modaxfer.reports.compare import notebook

        return notebook(self.folder)


class Run:
    """A run on disk: its result, its reports, and its model when it is asked for.

    Args:
        folder: A folder that ``modaxfer train`` wrote.
        trust_remote_code: Allow code that comes with its checkpoint, where the model is asked for.
    """

    def __init__(self, folder: str | Path, *, trust_remote_code: bool = False) -> None:
        self.folder, self._trusted = Path(folder), trust_remote_code
        self.result = Result.load(self.folder)
        self._predictor: Predictor | None = None

    @property
    def tasks(self) -> dict[str, Run]:
        """The run of each task by its id, where several tasks share an encoder; empty where there is one task."""
        return {
            name: Run(self.folder / task["run"], trust_remote_code=self._trusted)
            for name, task in self.result.tasks.items()
        }

    @property
    def predictions(self) -> pandas.DataFrame:
        """Return the test rows: ``row_id``, inputs, ``target``, ``prediction`` and ``score:CLASS`` for each class.

        The inputs are read from the task's data again; where that is gone they are left out, which is said.

        Raises:
            DataError: The run has no predictions of its own: it failed, or has several tasks.
        """
        from modaxfer.runner.predict.stored_predictions import read_test_rows

        frame: pandas.DataFrame = read_test_rows(self.folder)
        return frame

    @property
    def history(self) -> pandas.DataFrame:
        """Return a row per epoch: ``phase``, ``epoch``, ``step``, ``loss``, ``learning_rate``, ``score`` and scores.

        A run whose head is fitted in closed form has none.
        """
        from modaxfer.reports.frames import history_frame

        return history_frame(self.folder)

    @property
    def confusion(self) -> pandas.DataFrame:
        """Return how many test rows of each class (down) were taken for each class (across).

        Raises:
            DataError: The run has no predictions, or its rows have no class each.
        """
        from modaxfer.reports.frames import confusion_frame

        return confusion_frame(self.result, self.folder)

    def features(self, data: Any = None, *, split: str = "test", quiet: bool = False) -> numpy.ndarray:
        """Return the vectors that the trained model gives its head, float32 ``[rows, width]``; NaN if unread.

        Args:
            data: As for `predict`; None = rows of the run's own task.
            split: Of the task: train, validation or test, in whose order ``predictions`` are.
            quiet: Keep silent on standard error.

        Raises:
            DataError: As for `predict`; the task's rows are gone, or there is no such split.
        """
        from modaxfer.runner.predict.given import find_rows
        from modaxfer.runner.predict.own_rows import own_features
        from modaxfer.runner.progress import Progress

        predictor = self._loaded()
        if data is None:
            return own_features(predictor, self.folder, split)
        vectors, warnings = predictor.features(find_rows(data, predictor.described.fields))
        for line in warnings:
            Progress(not quiet).say(f"warning: {line}")
        return vectors

    def predict(
        self,
        data: Any,
        *,
        adapt: str | None = None,
        threshold: float | None = None,
        raw: bool = False,
        quiet: bool = False,
    ) -> Rows:
        """Predict rows; of a shared run, ask the run of one of its `tasks`.

        Args:
            data: A table file (csv, tsv, jsonl, json, parquet); rows as a data frame, Arrow table, `datasets.Dataset`,
                mapping or sequence of mappings; for a model that reads one column also its values, one or many: texts,
                a Series, paths, PIL images, arrays, samples with their rate, a folder of images or sounds.
            adapt: ``sar``: adapt the model to these rows as they come, for this call alone (Niu et al. 2023).
            threshold: Calibrated score from which on the second of two classes is said, or a label; None = that of
                the run.
            raw: Give scores as the model was trained, not divided by the temperature that validation rows chose.
            quiet: Keep silent on standard error about rows and cells that cannot be read.

        Returns:
            One mapping per row, in order: ``row`` (from 1), the columns that were given (of images and sounds their
            file names), ``prediction``, for classes ``scores`` by class, and ``reason``. A row that cannot be read has
            None as prediction, and the reason why.

        Raises:
            ConfigError: `threshold` is not between 0 and 1, or a row has one of more than two classes, or a number.
            DataError: A column that the model reads is missing, not one row can be read, or the run has several tasks.
        """
        from modaxfer.runner.predict.records import records
        from modaxfer.runner.predict.threshold import refuse_threshold

        refuse_threshold(threshold, self.folder)
        return records(self._predicted(data, quiet, adapt=adapt, threshold=threshold, raw=raw))

    def predict_proba(self, data: Any, *, raw: bool = False, quiet: bool = False) -> numpy.ndarray:
        """Return probabilities ``[rows, classes]``, in the order of ``result.data["classes"]``; NaN if unread.

        Args:
            data: As for `predict`.
            raw: As for `predict`.
            quiet: As for `predict`.

        Raises:
            DataError: As for `predict`; or the model is a regression, which has no classes.
        """
        if (scores := self._predicted(data, quiet, raw=raw).scores) is None:
            raise DataError("a regression has no classes, so no probabilities", fix="use predict")
        return scores

    def evaluate(
        self,
        data: Any = None,
        *,
        label: str | Sequence[str] | None = None,
        group_by: str | None = None,
        quiet: bool = False,
    ) -> dict[str, Any]:
        """Score the saved model: on labelled rows that it has never seen, or on its test split again.

        Args:
            data: Labelled rows, as for `predict`; None = the test split of its task.
            label: Column of the labels in `data`, or columns of 0 and 1; None = as in training.
            group_by: Column of `data` by whose values the primary score is given as ``groups``.
            quiet: Keep silent on standard error.

        Returns:
            ``metrics``, ``stored`` (those of the run), ``intervals`` and of classes ``calibration``; for other rows
            also ``rows`` (scored), ``resampled``, ``dropped`` (reason to number), ``dropped_rows`` and ``warnings``;
            of a shared run's test splits these for each task, by its id.

        Raises:
            DataError: The task's rows are gone or changed, or the rows given cannot be scored.
        """
        from modaxfer.runner.predict.evaluate import evaluate_tasks
        from modaxfer.runner.predict.score import score_rows
        from modaxfer.runner.progress import Progress

        if data is None:
            found = evaluate_tasks(self.folder, trust_remote_code=self._trusted)
            return dict(found) if self.tasks else found[self.result.task]
        scored = score_rows(self.folder, data, label=label, group_by=group_by, predictor=self._loaded())
        for line in scored["warnings"]:
            Progress(not quiet).say(f"warning: {line}")
        return scored

    def explain(
        self,
        data: Any = None,
        *,
        row: int | Sequence[int] = (),
        split: str = "validation",
        label: str | None = None,
        output: str | Path | None = None,
        quiet: bool = False,
        **wishes: Any,
    ) -> Explanation:
        """Show why the saved model says what it says of rows; without any, which fields its score stands on.

        Args:
            data: As for `predict`; None = rows of the run's own task.
            row: Number from 1, or several, of `data` or of the split.
            split: ``train``, ``validation`` or ``test``.
            label: Class that is asked about; None = the one that is predicted.
            output: Folder of page and numbers; None = ``explanation`` in the run's.
            quiet: Keep silent on standard error.
            **wishes: ``neighbours=5`` training rows beside each; ``repeats=5`` shuffles of each field, for the score.

        Raises:
            ModaxferError: captum is missing, nothing is asked for, or rows are not there or cannot be explained.
        """
        from modaxfer.reports.explain.face import explained

        wishes |= {"data": data, "rows": row, "split": split, "label": label}
        return explained(self.folder, self._loaded, wishes, output, quiet)

    def _loaded(self) -> Predictor:
        from modaxfer.runner.predict.predictor import Predictor

        if self._predictor is None:
            self._predictor = Predictor(self.folder, trust_remote_code=self._trusted)
        return self._predictor

    def _predicted(self, data: Any, quiet: bool, *, adapt: str | None = None, **ways: Any) -> Predicted:
        from modaxfer.runner.predict.given import find_rows
        from modaxfer.runner.predict.sar import refuse_unadaptable
        from modaxfer.runner.progress import Progress

        refuse_unadaptable(adapt, self.folder, trust_remote_code=self._trusted)
        predictor = self._loaded()
        made = predictor.predict_rows(find_rows(data, predictor.described.fields), adapt=adapt, **ways)
        for line in made.warnings:
            Progress(not quiet).say(f"warning: {line}")
        return made

    def save_encoder(self, folder: str | Path, *, encoder: str | int | None = None) -> Path:
        """Write the encoder that the run trained, its adapter merged, as a folder of its own, and return that.

        One of Transformers' architectures is read by ``AutoModel.from_pretrained(folder)``, without a missing or an
        unexpected key. ``train(encoder=run.folder)`` needs no such folder.

        Args:
            folder: A new one.
            encoder: Number or name of one of several.

        Raises:
            CheckpointUnavailableError: The run failed, or its base weights cannot be had.
            RefusedError: The run has several encoders and none is named, or it cannot be written, and why.
            OutputExistsError: There is something in `folder`.
        """
        from modaxfer.config import EncoderOptions
        from modaxfer.encoders.checkpoints import resolve
        from modaxfer.encoders.load import load_encoder
        from modaxfer.encoders.saving import save_encoder

        which = "" if encoder is None else f"#{encoder}"
        resolved = resolve(f"{self.folder.resolve()}{which}", trust_remote_code=self._trusted)
        save_encoder(load_encoder(resolved, options=EncoderOptions()), Path(folder))
        return Path(folder)

    def export(
        self, to: str, output: str | Path | None = None, *, int8: bool = False, rows: int = 64, quiet: bool = False
    ) -> Path:
        """Write the model in a form that predicts without modaxfer, compare it with the run, and return its folder.

        What was measured stands in its ``export.json``: size, latency, memory, the largest difference to the run.

        Args:
            to: ``transformers`` (a class for classification where the head fits, else encoder and head), ``peft``,
                ``onnx`` or ``pipeline`` (encoder and head in any case).
            output: A new folder; None = ``RUN-FORM`` beside the run.
            int8: Of ONNX: keep the weights of matrix products in 8 bits.
            rows: Most held-out rows that it is compared on.
            quiet: Keep silent on standard error.

        Raises:
            ConfigError: There is no such form.
            RefusedError: The model cannot have it, and why.
            OutputExistsError: There is something in `output`.
            RunFailedError: What was written differs from the run; nothing is kept.
        """
        from modaxfer.export.run import export_run
        from modaxfer.runner.progress import Progress

        made, _ = export_run(
            self.folder,
            to,
            None if output is None else Path(output),
            int8=int8,
            rows=rows,
            trust_remote_code=self._trusted,
            progress=Progress(not quiet),
        )
        return made

    def plot(self) -> Gallery:
        """Draw the figures again and return their paths, which a notebook shows; needs the extra ``plots``."""
        from modaxfer.reports.figures import write
        from modaxfer.reports.gallery import Gallery

        return Gallery(write(self.result, self.folder))

    def __repr__(self) -> str:
        """Name folder and primary score."""
        if self.result.status != "completed":
            return f"Run({str(self.folder)!r}, {self.result.status})"
        primary = self.result.primary
        value = self.result.metrics["test"].get(primary)
        return f"Run({str(self.folder)!r}, test {primary}={'undefined' if value is None else format(value, '.3f')})"

    def _repr_html_(self) -> str:
        from modaxfer.reports.headline import notebook

        return notebook(self.result)


def load(folder: str | Path, *, trust_remote_code: bool = False) -> Run:
    """Open a run; `trust_remote_code` allows code that comes with its checkpoint.

    Raises:
        DataError: There is no finished run in `folder`.
    """
    return Run(folder, trust_remote_code=trust_remote_code)


def predict(
    folder: str | Path,
    data: Any,
    *,
    adapt: str | None = None,
    threshold: float | None = None,
    raw: bool = False,
    quiet: bool = False,
) -> Rows:
    """Predict rows with the model of the run in `folder`; see `Run.predict`."""
    return Run(folder).predict(data, adapt=adapt, threshold=threshold, raw=raw, quiet=quiet)


def evaluate(
    folder: str | Path,
    data: Any = None,
    *,
    label: str | Sequence[str] | None = None,
    group_by: str | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Score the model of the run in `folder` on labelled rows, or on its test split again; see `Run.evaluate`."""
    return Run(folder).evaluate(data, label=label, group_by=group_by, quiet=quiet)
