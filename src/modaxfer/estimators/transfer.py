"""A pretrained encoder, carried over to labelled rows, as a classifier and a regressor of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from modaxfer.data.roles import ROLES
from modaxfer.errors import DataError
from modaxfer.estimators.inputs import Columns, is_array, learned_columns, same_columns, target_name
from modaxfer.estimators.labels import Labels
from modaxfer.estimators.parted import parted
from modaxfer.estimators.stored import Home

if TYPE_CHECKING:
    from modaxfer.opened import Run

__all__ = ["TransferClassifier", "TransferRegressor"]

NO_TEST = "an estimator keeps no test split: its test rows are its validation rows, and were looked at"
"""What stands in the run of an estimator, which is scored from outside."""


class _Transfer(BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """What both estimators share: parameters, rows, the run, and how it is kept."""

    def __init__(
        self,
        encoder: str | Path = "bert",
        strategy: str = "frozen",
        *,
        text: str | Sequence[str] = (),
        image: str | Sequence[str] = (),
        audio: str | Sequence[str] = (),
        number: str | Sequence[str] = (),
        bridge: str | None = None,
        checkpoint: str | Path | None = None,
        weights: str = "pretrained",
        epochs: float | None = None,
        batch_size: int = 32,
        learning_rate: float | None = None,
        augment: str | Sequence[str] = (),
        metric: str | Sequence[str] = (),
        validation_fraction: float = 0.15,
        seed: int = 0,
        precision: str = "auto",
        device: str = "auto",
        trust_remote_code: bool = False,
        set: Mapping[str, Any] | None = None,  # noqa: A002 - as the setting of a run is called
        quiet: bool = True,
    ) -> None:
        self.encoder = encoder
        self.strategy = strategy
        self.text = text
        self.image = image
        self.audio = audio
        self.number = number
        self.bridge = bridge
        self.checkpoint = checkpoint
        self.weights = weights
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.augment = augment
        self.metric = metric
        self.validation_fraction = validation_fraction
        self.seed = seed
        self.precision = precision
        self.device = device
        self.trust_remote_code = trust_remote_code
        self.set = set
        self.quiet = quiet

    @property
    def run_(self) -> Run:
        """The run that was fitted: result, model, reports. Its test rows are its validation rows again."""
        check_is_fitted(self)
        run: Run = self._run
        return run

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether there is a run."""
        return hasattr(self, "_home")

    def __sklearn_tags__(self) -> Any:
        """Say what the inputs may be: gaps and strings are read as a table reads them."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return parameters, what was learned of the rows, and the files of the run; no live model."""
        return {name: value for name, value in super().__getstate__().items() if name != "_run"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the estimator, its run from the files."""
        super().__setstate__(state)
        if "_home" in state:
            self._open()

    def _learn(self, rows: Any, shown: Sequence[Any], problem: str, strata: np.ndarray) -> None:
        """Train a run on `rows` and what they are, `shown` as its labels."""
        columns, values = learned_columns(rows, self._named())
        label = target_name(columns.names)
        held = parted(problem, strata, self.validation_fraction, self.seed)
        taught = np.setdiff1d(np.arange(len(shown)), held)
        whole = {**values, label: list(shown)}
        splits = {name: _rows(whole, some) for name, some in (("train", taught), ("validation", held), ("test", held))}
        self._columns, home = columns, Home()
        self._trained(home, {"data": splits, "label": label, "problem": problem, **columns.roles})
        self._home = home
        self._open()

    def _named(self) -> dict[str, Sequence[str]]:
        named = {role: getattr(self, role) for role in ROLES}
        return {role: (value,) if isinstance(value, str) else tuple(value) for role, value in named.items()}

    def _trained(self, home: Home, rows: Mapping[str, Any]) -> None:
        from modaxfer.api import train
        from modaxfer.runner.request.kept import keep_rows

        names = (
            "strategy", "bridge", "checkpoint", "weights", "epochs", "batch_size", "learning_rate", "augment",
            "metric", "seed", "precision", "device", "trust_remote_code",
        )  # fmt: skip
        settings = {name: getattr(self, name) for name in names}
        settings |= {"encoder": str(self.encoder), "set": dict(self.set or {})}
        kept = keep_rows({**settings, **rows}, home.folder / "rows")
        made = train(**kept, output=home.run, quiet=self.quiet, report=False).result
        replace(made, warnings=(*made.warnings, NO_TEST)).save(home.run)

    def _open(self) -> None:
        from modaxfer.opened import Run

        self._run = Run(self._home.run, trust_remote_code=self.trust_remote_code)

    def _checked(self, rows: Any, target: Any = None) -> Any:
        """Return rows as scikit-learn has checked them, with the targets where they are given."""
        fitting = target is not None
        if isinstance(rows, str | bytes | Path):
            raise DataError("one value is no list of rows", got=str(rows)[:60], fix="give a list of it: [value]")
        if is_array(rows):
            how = {"dtype": "numeric", "ensure_all_finite": "allow-nan", "ensure_min_samples": 2 if fitting else 1}
            return validate_data(self, rows, reset=fitting, **how)
        if hasattr(rows, "columns"):
            validate_data(self, rows, reset=fitting, skip_check_array=True)
        return rows

    def _said(self, rows: Any) -> dict[str, list[Any]]:
        check_is_fitted(self)
        columns: Columns = self._columns
        return same_columns(self._checked(rows), columns)

    def _predicted(self, rows: Any) -> list[Any]:
        made = self.run_.predict(self._said(rows), quiet=self.quiet)
        if unread := [f"row {each['row']}: {each['reason']}" for each in made if each["prediction"] is None]:
            raise DataError("rows cannot be predicted", got="; ".join(unread[:3]), fix="leave them out, or repair them")
        return [each["prediction"] for each in made]


class TransferClassifier(ClassifierMixin, _Transfer):  # type: ignore[misc]
    """Classify rows of text, images, sounds or tables by a pretrained encoder.

    Args:
        encoder: A name, ``name:size``, a hub id, a folder, or a completed run.
        strategy: How it is carried over; ``frozen`` encodes once and fits a head.
        text: Text columns of a data frame; where no column is named, each is told from its values.
        image: Image columns: paths, PIL images, arrays.
        audio: Sound columns: paths, arrays, samples with their rate.
        number: Table columns.
        validation_fraction: Share of the rows that choose epochs, temperature and threshold; they are not learned from.
        seed: Seed of splits, initialisation and order.
        set: Options, such as ``{"rank": 8}``.
        quiet: Keep silent on standard error.

    The others are those of `modaxfer.train`. Rows are a data frame; a list of texts, paths, PIL images or sounds; or
    numbers ``[rows, columns]``, which are a table.

    Attributes:
        classes_: Class labels, sorted.
        n_features_in_: Columns of a frame or an array.
        run_: The `modaxfer.Run`.
    """

    def fit(self, X: Any, y: Any) -> TransferClassifier:
        """Carry the encoder over to rows `X` with labels `y` ``[rows]``, and return the estimator.

        Raises:
            ValueError: Labels or arrays are not what scikit-learn expects.
            ModaxferError: The combination cannot be trained, or the rows cannot be read.
        """
        rows, target = self._checked(X, y), column_or_1d(y, warn=True)
        _same_length(rows, target)
        _finite(target)
        check_classification_targets(target)
        self.classes_, numbers = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"a classifier needs two classes or more; y has one class: {self.classes_.tolist()[0]!r}")
        self._labels = Labels.of(self.classes_)
        problem = "binary" if len(self.classes_) == 2 else "multiclass"
        self._learn(rows, [self._labels.names[number] for number in numbers], problem, numbers)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row, ``[rows]``."""
        names = self._predicted(X)
        return np.asarray(self.classes_[self._labels.numbers(names)])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return calibrated probabilities ``[rows, classes]``, in the order of `classes_`."""
        said = self._said(X)
        made = self.run_.predict_proba(said, quiet=self.quiet)
        if np.isnan(made).any():
            self._predicted(X)
        return np.asarray(made[:, self._labels.places(self.run_.result.data["classes"])], np.float64)


class TransferRegressor(RegressorMixin, _Transfer):  # type: ignore[misc]
    """Predict a number of rows of text, images, sounds or tables by a pretrained encoder.

    Args and attributes are those of `TransferClassifier`, but for what belongs to classes.
    """

    def fit(self, X: Any, y: Any) -> TransferRegressor:
        """Carry the encoder over to rows `X` with numbers `y` ``[rows]``, and return the estimator.

        Raises:
            ValueError: Numbers or arrays are not what scikit-learn expects.
            ModaxferError: The combination cannot be trained, or the rows cannot be read.
        """
        rows, target = self._checked(X, y), column_or_1d(y, dtype=np.float64, warn=True)
        _same_length(rows, target)
        _finite(target)
        self._learn(rows, [float(value) for value in target], "regression", target)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the number of each row, float64 ``[rows]``."""
        return np.asarray(self._predicted(X), np.float64)


def _rows(columns: Mapping[str, Sequence[Any]], places: np.ndarray) -> dict[str, list[Any]]:
    return {name: [values[place] for place in places] for name, values in columns.items()}


def _finite(target: np.ndarray) -> None:
    if target.dtype.kind == "f" and not np.isfinite(target).all():
        raise ValueError("Input y contains NaN or infinity")
    if target.dtype == object:
        import pandas as pd

        missing = np.flatnonzero(pd.isna(target))
        if len(missing):
            raise ValueError(
                f"Input y contains None or NaN: {len(missing)} of {len(target)}, the first at {missing[0]}"
            )


def _same_length(rows: Any, target: np.ndarray) -> None:
    count = len(next(iter(rows.values()))) if isinstance(rows, Mapping) else len(rows)
    if count != len(target):
        raise ValueError(f"X and y have different lengths: {count} and {len(target)}")
