"""Everything that the phases of one run share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch

from modaxfer.config import TrainOptions
from modaxfer.contracts import PARTS, Batch, Bridge, Criterion, Example, LabelType, Processor
from modaxfer.metrics import CostMatrix, compute, needs_cost
from modaxfer.metrics.choice import direction
from modaxfer.plan import Privacy
from modaxfer.registry import problem_of, problem_spec
from modaxfer.runner.log import RunLog
from modaxfer.runner.model.checksum import checksums
from modaxfer.runner.model.decision import Decision
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.model.shards import Cut
from modaxfer.runner.model.transfer import TransferModel
from modaxfer.runner.model.units import without_padding
from modaxfer.runner.progress import Progress
from modaxfer.runner.rows.encode import Computer, forward_rows
from modaxfer.runner.rows.recipe import Recipe
from modaxfer.runner.rows.split import Split

__all__ = ["Predictions", "TaskSession", "TowerLayers", "models_of"]

MOST_VECTORS = 5_000
"""Rows of a split up to which what the head was given is kept beside what it said: some ten megabytes."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What the model says of a split, in the order of its rows."""

    predictions: np.ndarray
    scores: np.ndarray | None
    """Of the outputs as they are: `modaxfer.runner.model.decision` has what is made of them."""
    outputs: Any = None
    """Logits that they come from, as `TaskSession.logits` returns them; None where they are not at hand."""
    vectors: torch.Tensor | None = None
    """What the head was given, float32 ``[rows, width]``; None where it is not at hand, or rows are very many."""


class TowerLayers(NamedTuple):
    """What is known of the rows of a split by one encoder."""

    pools: np.ndarray
    """Pooled vectors of all layers, float32 ``[rows, depth + 1, 3, hidden]``."""
    there: np.ndarray | None
    """bool ``[rows]``: whether the row has any of the encoder's fields; None with one encoder: it always has."""
    rows: np.ndarray | None = None
    """int ``[rows]``: which rows of the split these are, rising, where a solver chooses on some; None = all."""


@dataclass(kw_only=True)
class TaskSession:
    """One run in progress: model, data, arithmetic and where to write."""

    accelerator: Any
    computer: Computer
    model: TransferModel
    described: ModelDescription
    """What it was made from."""
    processor: Processor
    splits: Mapping[str, Split]
    problem: str
    """Registered name of what the target asks for."""
    criterion: Criterion
    metrics: tuple[str, ...]
    primary: str
    cost: CostMatrix = ()
    """What mistakes cost: read by metrics that need it. `decision` says whether it also decides what is said."""
    train: TrainOptions
    batch_size: int
    seed: int
    groups: np.ndarray | None
    """int64 ``[rows]`` of train: rows that must share an inner fold; None where each stands alone."""
    task_id: str
    encoder: str
    """Id of the encoder; of several joined by `` + ``."""
    bridges: tuple[Bridge, ...]
    """One per tower, fitted."""
    recipe: Callable[[str], Recipe]
    """Returns what makes examples of the raw rows of a split."""
    weights_key: str
    """Hash of the encoder's weights and arithmetic; empty where features must not be kept on disk."""
    log: RunLog
    progress: Progress
    cut: Cut | None = None
    """What cutting the frozen layers over the processes came to; None where each process has the whole model."""
    privacy: Privacy | None = None
    """What the run promises of the rows of train."""
    warnings: list[str] = field(default_factory=list)
    layers: dict[str, tuple[TowerLayers, ...]] = field(default_factory=dict)
    """What a solver has read, by split, of each encoder."""
    taught: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """What the run's teacher says of the rows of a split, float32 ``[rows, outputs]``, by its name."""
    source_head: torch.nn.Module | None = None
    """The head of the run that the encoder comes from, as that left it, on the CPU, where the plan asks for it."""
    source: TaskSession | None = None
    """The same model on the rows of the source task, where the plan draws from one."""
    watch: Callable[[tuple[int, int], float], None] = lambda place, score: None
    """Told the validator's score of each epoch that is judged, by phase and epoch; may end training by raising."""
    deadline: float | None = None
    """By `time.monotonic`, when training ends after the step at hand: of a short run; None = when its plan says so."""
    decision: Decision = field(default_factory=Decision)
    """What is made of outputs, once validation rows have chosen it."""
    validated: Predictions | None = None
    """What the trained model says of validation rows, kept so that they go through it once."""
    _judged: tuple[tuple[object, ...], Predictions] | None = None
    before: Predictions | None = None
    """What the model said of test rows before training, where a whole run is gone on with: the bar for what follows."""

    def tell(self, warning: str) -> None:
        """Say a warning and keep it for the result, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)
            self.progress.warn(warning)

    def steps(self, taken: int, planned: int) -> int:
        """Return how many steps of training there are: as many as are planned, or as were taken by the deadline."""
        return taken if self.deadline is not None and time.monotonic() > self.deadline else planned

    @property
    def sharded(self) -> bool:
        """Whether frozen layers are cut over the processes: then all of these run layers equally often."""
        return self.cut is not None

    @property
    def labels(self) -> LabelType:
        """How targets and predictions are read, written and compared."""
        return problem_of(self.problem).labels

    def forward(
        self,
        split: Split,
        run: Callable[[Batch], torch.Tensor],
        *,
        rows: Sequence[Example] | None = None,
        collate: Callable[[Sequence[Example]], Batch] | None = None,
        label: str = "",
        shared: bool = True,
    ) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
        """Run `split`, or this process's share of it, without gradients; see `forward_rows`."""
        with self.progress.bar(label, len(split.lengths)) as advance:
            yield from forward_rows(
                split.rows if rows is None else rows,
                split.lengths,
                collate or self.processor.collate,
                run,
                self.computer,
                max_tokens=self.train.max_tokens,
                rank=self.accelerator.process_index if shared else 0,
                world=self.accelerator.num_processes if shared else 1,
                even=self.sharded,
                advance=advance,
            )

    def gather(self, filled: np.ndarray) -> np.ndarray:
        """Add up arrays that each process filled with its own rows and left zero elsewhere."""
        if self.accelerator.num_processes == 1:
            return filled
        tensor = torch.from_numpy(filled).to(self.computer.device)
        summed: np.ndarray = self.accelerator.reduce(tensor, reduction="sum").cpu().numpy()
        return summed

    def logits(
        self,
        split: Split,
        start: int = 0,
        *,
        rows: Sequence[Example] | None = None,
        collate: Callable[[Sequence[Example]], Batch] | None = None,
        label: str = "",
    ) -> Any:
        """Return float32 logits ``[rows, outputs]`` of a split, the same in every process.

        Where each part of a row is predicted, a list of ``[parts, outputs]``, NaN for a part that was not read.
        """
        run = lambda batch: self.model(batch, start)  # noqa: E731
        if self.model.readout.pooling in PARTS:
            return self._parts(split, run, rows=rows, collate=collate, label=label)
        return self._all_rows(split, run, self.criterion.outputs, rows=rows, collate=collate, label=label)

    def vectors(
        self,
        split: Split,
        start: int = 0,
        *,
        rows: Sequence[Example] | None = None,
        collate: Callable[[Sequence[Example]], Batch] | None = None,
    ) -> torch.Tensor:
        """Return what the head is given for a split, float32 ``[rows, width]``, the same in every process."""
        run = lambda batch: self.model.features(batch, start).pooled  # noqa: E731
        return self._all_rows(split, run, self.model.width, rows=rows, collate=collate)

    def layer_vectors(
        self,
        split: Split,
        start: int = 0,
        *,
        rows: Sequence[Example] | None = None,
        collate: Callable[[Sequence[Example]], Batch] | None = None,
    ) -> dict[int, torch.Tensor]:
        """Return what the head would be given of each layer from `start` up to the highest read, of one encoder.

        By the layer's number, float32 ``[rows, width]``, the same in every process.
        """

        def run(batch: Batch) -> torch.Tensor:
            return torch.cat([*self.model.features(batch, start, layers=True).by_layer.values()], dim=1)

        numbers = range(start, self.model.top + 1)
        made = self._all_rows(split, run, len(numbers) * self.model.width, rows=rows, collate=collate)
        return dict(zip(numbers, made.chunk(len(numbers), dim=1), strict=True))

    def _all_rows(self, split: Split, run: Callable[[Batch], torch.Tensor], width: int, **how: Any) -> torch.Tensor:
        self.model.eval()
        filled = np.zeros((len(split.lengths), width), np.float32)
        for chosen, values in self.forward(split, run, **how):
            filled[chosen] = values.float().cpu().numpy()
        return torch.from_numpy(self.gather(filled))

    def _parts(self, split: Split, run: Callable[[Batch], torch.Tensor], **how: Any) -> list[torch.Tensor]:
        """Return what `run` says of the parts of each row; ragged rows cannot be added up: each process runs all."""
        self.model.eval()
        found: dict[int, torch.Tensor] = {}
        for chosen, values in self.forward(split, run, shared=False, **how):
            found |= dict(zip(chosen.tolist(), without_padding(values.float().cpu()), strict=True))
        return [found[row] for row in range(len(split.lengths))]

    def predict(
        self,
        split: Split,
        start: int = 0,
        *,
        rows: Sequence[Example] | None = None,
        collate: Callable[[Sequence[Example]], Batch] | None = None,
        label: str = "",
    ) -> Predictions:
        """Return predictions and scores of a split, with what the head was given where that is a vector a row."""
        parted = self.model.reads_tokens or self.model.readout.pooling in PARTS
        if parted or len(split.lengths) > MOST_VECTORS:
            return self.decoded(self.logits(split, start, rows=rows, collate=collate, label=label))

        def said_and_given(batch: Batch) -> torch.Tensor:
            # Side by side, so that rows go through the model once for both.
            features = self.model.features(batch, start)
            return torch.cat([self.model.outputs(features, batch).float(), features.pooled.float()], dim=1)

        outputs = self.criterion.outputs
        width = outputs + self.model.width
        both = self._all_rows(split, said_and_given, width, rows=rows, collate=collate, label=label)
        return replace(self.decoded(both[:, :outputs].clone()), vectors=both[:, outputs:].clone())

    def keep_judged(self, made: Predictions) -> None:
        """Keep what the model, as it is now, says of validation rows."""
        self._judged = (self._state(), made)

    def judged_before(self) -> Predictions | None:
        """Return what was kept of validation rows; None where nothing was, or the model has moved since."""
        return self._judged[1] if self._judged is not None and self._judged[0] == self._state() else None

    def _state(self) -> tuple[object, ...]:
        return checksums(self.model), [(tower.readout, tower.segments) for tower in self.model.towers]

    def decoded(self, logits: Any) -> Predictions:
        """Return what logits say, as `logits` returns them, before any decision of their own is chosen."""
        predictions, scores = self.criterion.decode(logits)
        return Predictions(predictions=predictions, scores=scores, outputs=logits)

    def decided(self, made: Predictions) -> Predictions:
        """Return `made` with the predictions of the decision that was chosen on validation rows."""
        if made.outputs is None or not (self.decision.thresholds or self.decision.cost):
            return made
        return replace(made, predictions=self.decision.apply(self.criterion, made.outputs).predictions)

    def score(self, split: Split, made: Predictions, names: tuple[str, ...] | None = None) -> dict[str, float]:
        """Return metric name to value."""
        return compute(
            names or self.metrics,
            problem=self.problem,
            references=split.targets,
            predictions=made.predictions,
            scores=made.scores,
            cost=self.cost,
        )

    def judge(self, references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None) -> float:
        """Return the primary metric, turned so that greater is better; an undefined one is the worst there is.

        What is judged by costs is decided by them: the class is said that is expected to cost least.
        """
        if needs_cost(self.primary):
            predictions = Decision(cost=self.cost).predicted(predictions, scores)
        given = {"references": references, "predictions": predictions, "scores": scores}
        values = compute((self.primary,), problem=self.problem, cost=self.cost, **given)  # type: ignore[arg-type]
        value = values[self.primary] * direction(self.primary)
        return -math.inf if math.isnan(value) else value

    def skill(self, judged: float, references: np.ndarray, predictions: np.ndarray) -> float:
        """Return what can be averaged over tasks, greater is better: the judged score; of a regression, R squared."""
        name = problem_spec(self.problem).comparable
        if not name:
            return judged
        found = compute((name,), problem=self.problem, references=references, predictions=predictions, scores=None)
        value = found[name] * direction(name)
        return -math.inf if math.isnan(value) else value

    def value_of(self, judged: float) -> float | None:
        """Return the primary metric's own value behind what `judge` returned; None where it is undefined."""
        return None if math.isinf(judged) else judged * direction(self.primary)


def models_of(sessions: Iterable[TaskSession]) -> list[TransferModel]:
    """Return the models of `sessions`, in their order; one that a source shares with its target once."""
    return list({id(session.model): session.model for session in sessions}.values())
