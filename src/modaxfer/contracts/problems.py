"""Problems: what a target asks for. How its labels are read and compared, and what a head has to learn to say them.

A `modaxfer.spec.ProblemSpec` registers one. It has two sides. A `LabelType` knows labels, targets and predictions: it
reads them, numbers them, writes them for people and says what can be guessed without a model. A `Criterion` knows
tensors: how many outputs a head must give, the loss, and the way from outputs to predictions. They are apart because
problems share one and differ in the other: an ordinal regression has the labels of a classification and a criterion of
its own. `modaxfer.problems` has the label types of the framework's own problems, for plugins too.

**Arrays.** Targets, predictions and scores of a split are numpy arrays with a row each. Where rows have a length of
their own (a tag per word, boxes of an image: `modaxfer.spec.ProblemSpec.ragged`) they are object arrays ``[rows]`` of
arrays, made by `ragged`, so that ``targets[rows]`` and ``len(targets)`` mean the same for every problem. Outputs of a
split are then a list of tensors ``[length, outputs]`` instead of one tensor ``[rows, outputs]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import torch
    from scipy.sparse import csr_array

    from modaxfer.contracts.rows import TaskData
    from modaxfer.spec import Field, Target

__all__ = [
    "UNSEEN",
    "Criterion",
    "Judge",
    "Label",
    "LabelType",
    "Mistaken",
    "Problem",
    "Shortage",
    "Simple",
    "ragged",
]

UNSEEN = -1
"""Class number of what has a class that no training row has; and, in a padded batch of ragged targets, of padding.
There is no loss on it."""

Label = str | float | tuple[str, ...] | None
"""One row's label: a class, a value, classes (a set of them, or one per word), or None where it is missing."""

Judge = Callable[["np.ndarray", "np.ndarray", "np.ndarray | None"], float]
"""``(references, predictions, scores) -> value``, greater is better."""


class Mistaken(NamedTuple):
    """One wrong prediction."""

    row: int
    score: float
    """Score of the wrong class; the error (prediction minus target) of a number; NaN where there is none."""
    label: int
    """Of a row of several labels, the class that `score` belongs to; else -1."""


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """Why nothing can be learned from some labels."""

    what: str
    got: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Simple:
    """What a simple model says, fitted in seconds: the bar that a deep one has to clear."""

    name: str
    """The model, for people: ``tf-idf of one and two words + logistic regression``."""
    predictions: Mapping[str, np.ndarray]
    """For ``validation`` and ``test``, as `Criterion.decode` gives them."""
    scores: Mapping[str, np.ndarray | None]
    """Probabilities for ``validation`` and ``test``; None where the problem has none."""
    train_rows: int
    """Rows it was fitted on; large tasks are sampled."""


class LabelType(Protocol):
    """Labels of one kind, as files and people write them, as arrays, and what can be said of them without a model."""

    drawn_by_label: bool
    """Whether rows that ``--limit`` draws keep the shares of their label cells; False where cells hardly recur."""
    one_class: bool
    """Whether each row has one class, of which so many rows can be drawn."""
    many_columns: bool
    """Whether several columns of 0 and 1 may be the label."""

    def learn(self, table: pa.Table, target: Target, *, settled: bool = False) -> Any:
        """Find out how the training rows write labels, for `read` and `notes`.

        Args:
            table: Training rows as read; with `settled`, rows for a model that is trained.
            target: Its column or columns.
            settled: ``target.classes`` are the names that a model has: labels are to be read as these.

        Raises:
            DataError: The column holds what no label can be.
        """
        ...

    def refine(self, table: pa.Table, target: Target) -> tuple[Target, str]:
        """Complete the target that a user asked for by what the training rows show; and say so, in a few words.

        The words stand behind "as asked for", such as ``, separated by ';'``; empty where there is nothing to say.
        """
        ...

    def read(self, table: pa.Table, target: Target, learned: Any) -> list[Label]:
        """Return one label per row; None where it is missing, NaN for a value that is no number.

        Raises:
            DataError: The column does not hold such labels.
        """
        ...

    def notes(self, tables: Sequence[pa.Table], target: Target, learned: Any) -> tuple[str, ...]:
        """Return what reading the labels of all splits merged, converted or took for missing; train comes first."""
        ...

    def class_names(self, labels: Iterable[Label], target: Target) -> tuple[str, ...]:
        """Return the classes in their order, given the training labels; empty where there are none, as of numbers."""
        ...

    def shortage(self, labels: Sequence[Label], classes: Sequence[str], *, parted: bool) -> Shortage | None:
        """Return why nothing can be learned from these training labels; None where something can.

        Args:
            labels: Of the training rows.
            classes: What `class_names` returned.
            parted: Whether a validation or a test split has yet to be taken from these rows.
        """
        ...

    def encode(self, labels: Sequence[Label], classes: Sequence[str]) -> np.ndarray:
        """Return labels as targets, a row each; a class that is none of `classes` is `UNSEEN`, or has no column."""
        ...

    def references(
        self, targets: np.ndarray, unseen: Mapping[int, tuple[str, ...]], strange: Sequence[str], classes: int
    ) -> np.ndarray:
        """Return `targets` in which classes that train lacks stand behind the known ones, so that they count as missed.

        Args:
            targets: What `encode` returned.
            unseen: By row position, its labels that are none of the known classes, in the order of its label.
            strange: All such classes: ``strange[i]`` gets the number or column ``classes + i``.
            classes: How many are known.
        """
        ...

    def strata(self, targets: np.ndarray) -> csr_array:
        """Return sparse bool ``[rows, strata]``: what splits should hold in equal shares; one stratum if nothing."""
        ...

    def show(
        self, values: np.ndarray, classes: Sequence[str], unseen: Mapping[int, tuple[str, ...]] | None = None
    ) -> list[Any]:
        """Return targets or predictions as people and files write them: a name, a number or a list per row.

        `unseen` names, by row, the labels of targets that are none of `classes`.
        """
        ...

    def parse(self, shown: Sequence[Any], classes: Sequence[str]) -> np.ndarray:
        """Return what `show` wrote, and a file may have stored, as predictions."""
        ...

    def guesses(
        self, references: np.ndarray, train: np.ndarray, classes: int, generator: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield uniform guesses and their scores, at least 60 per row where they vary; their mean is chance.

        Args:
            references: Targets of the rows that are guessed; only their number and lengths may be looked at.
            train: Targets of the training rows; only numbers are drawn from them.
            classes: How many are known.
            generator: Draws.
        """
        ...

    def constant(self, references: np.ndarray, train: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return predictions and scores that say of every row what is most common in train (a number: the mean)."""
        ...

    def simple(self, data: TaskData, fields: Sequence[Field], *, seed: int, judge: Judge | None = None) -> Simple:
        """Fit the simple model of these fields on train; `judge` decides among its settings on the validation rows.

        Test targets are not read.

        Raises:
            RefusedError: There is none for these fields, or for this problem.
        """
        ...

    def mistakes(
        self, references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None
    ) -> Iterator[tuple[float, Mistaken]]:
        """Yield the wrong rows, each with how sure the model was of it (NaN where that is not known)."""
        ...

    def class_counts(
        self, targets: Sequence[Any], predicted: Sequence[Any], classes: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count by class, of targets and predictions as `show` writes them: int64 ``[classes]`` each.

        Returns:
            How often a class was rightly said, how often it was to be said, how often it was said. Empty arrays where
            there are no classes.
        """
        ...


class Criterion(Protocol):
    """What a head learns: its outputs, its loss, and the way back. Arithmetic is float32 or better on any device.

    A ragged one sees outputs ``[rows, length, outputs]`` and targets ``[rows, length]`` in a batch, padded with
    `UNSEEN`, and a tensor ``[length, outputs]`` per row in `decode`.
    """

    @property
    def outputs(self) -> int:
        """How many logits or values a head must give per row, or per token or box of a row."""
        ...

    def batch(self, targets: np.ndarray) -> torch.Tensor:
        """Return targets of some rows as `loss` takes them; ragged ones padded to the longest with `UNSEEN`."""
        ...

    def loss(
        self,
        outputs: torch.Tensor,
        targets: torch.Tensor,
        class_weight: torch.Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> torch.Tensor:
        """Return one loss per row, float32 ``[rows]``, so that the caller can sum over micro-batches and processes.

        Args:
            outputs: ``[rows, outputs]``, in a ragged problem ``[rows, length, outputs]``.
            targets: What `batch` or `soft` returned, on any device.
            class_weight: What `class_weights` returned.
            label_smoothing: Share of the target spread over all classes, 0 to below 1; of no effect on numbers.
        """
        ...

    def soft(self, targets: torch.Tensor) -> torch.Tensor:
        """Return targets of `batch` as numbers of which means can be taken, row by row, and handed to `loss`.

        Raises:
            ConfigError: A mean of such targets says nothing.
        """
        ...

    def known(self, targets: np.ndarray) -> np.ndarray:
        """Return bool ``[rows]``: whether there is a loss on a row; else all of it is of classes that train lacks."""
        ...

    def class_weights(self, targets: np.ndarray) -> torch.Tensor:
        """Weigh classes by inverse frequency in the training `targets`, as scikit-learn's ``class_weight="balanced"``.

        Raises:
            ConfigError: There are no classes.
        """
        ...

    def total_weight(self, targets: torch.Tensor, class_weight: torch.Tensor | None) -> float:
        """Return what the summed loss of a step is divided by: its rows, or the weights of their classes."""
        ...

    def decode(self, outputs: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Turn the outputs of a split into predictions and scores, as metrics take them.

        Args:
            outputs: float ``[rows, outputs]``; of a ragged problem a list of a tensor ``[length, outputs]`` per row.

        Returns:
            Predictions, and scores, such as probabilities ``[rows, classes]``; None where there are none.
        """
        ...

    def columns(self, targets: np.ndarray) -> torch.Tensor:
        """Return targets as columns to be fitted in closed form, float32 ``[rows, outputs]``.

        Asked only where `modaxfer.spec.ProblemSpec.link` is set; a row of an unseen class is zero throughout.
        """
        ...

    def state(self) -> Mapping[str, Any]:
        """Return what `Problem.restored` needs, in plain JSON types; without the key ``problem``."""
        ...


class Problem(Protocol):
    """A kind of target; made by calling the spec's target without arguments. It has no state."""

    labels: LabelType

    def criterion(self, classes: int, targets: np.ndarray) -> Criterion:
        """Return the criterion of a task.

        Args:
            classes: How many classes or labels its training rows have; 0 where the problem has none.
            targets: Of the training rows, for scales and the like; never of others.
        """
        ...

    def restored(self, state: Mapping[str, Any]) -> Criterion:
        """Return the criterion that said `state` of itself, as a run has stored it; unknown keys are left alone."""
        ...


def ragged(values: Sequence[np.ndarray]) -> np.ndarray:
    """Return an object array ``[rows]`` of arrays, whatever their lengths; numpy alone would stack equal ones."""
    import numpy as np

    rows = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        rows[place] = value
    return rows
