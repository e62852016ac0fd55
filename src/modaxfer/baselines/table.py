"""The simple model of tables: gradient-boosted trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.preprocessing import OrdinalEncoder

from modaxfer.threads import suitable_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modaxfer.baselines.sample import Outputs, Sample

__all__ = ["NAME", "candidates"]

NAME = "gradient-boosted trees"
ROUNDS = (25, 50, 100, 200)
MOST_TREES = 2000
"""Trees grown in all; a problem of many classes, which takes a tree per class and round, gets fewer rounds."""
LEAVES = (7, 31)
FEW_CELLS = 2**17
"""Cells of a table up to which trees grow fastest in one thread."""
MANY = 100
"""Classes above which one size of tree is grown, all rows alike."""
CATEGORIES = 200
"""Values of a column that are told apart; rarer ones are taken as one."""


def candidates(sample: Sample) -> Iterator[Outputs]:
    """Yield the outputs of boosted trees by class weighting, size and number of rounds, the smallest first.

    Columns whose training values are all numbers stay numbers, others are categories; gaps are left to the trees.
    """
    features, categorical = _encoded(sample)
    many = sample.classes > MANY
    for weight in sample.class_weights()[: 1 if many else None]:
        for leaves in LEAVES[-1:] if many else LEAVES:
            settings = {"max_leaf_nodes": leaves} | ({"class_weight": weight} if weight else {})
            with suitable_threads(*features["train"].shape, small=FEW_CELLS):
                made = list(_boosted(features, categorical, sample, settings))
            yield from made


def _boosted(
    features: dict[str, np.ndarray], categorical: Sequence[bool], sample: Sample, settings: dict[str, Any]
) -> Iterator[Outputs]:
    if sample.several:
        targets = sample.targets["train"].astype(np.int64)
        stages = [
            _stages(features, categorical, targets[:, label], 2, sample, settings) for label in range(sample.classes)
        ]
        for each in zip(*stages, strict=True):
            yield {split: np.stack([outputs[split][:, 1] for outputs in each], axis=1) for split in each[0]}
    else:
        yield from _stages(features, categorical, sample.targets["train"], sample.classes, sample, settings)


def _stages(
    features: dict[str, np.ndarray],
    categorical: Sequence[bool],
    targets: np.ndarray,
    classes: int,
    sample: Sample,
    settings: dict[str, Any],
) -> list[Outputs]:
    """Return the outputs after each number of rounds."""
    known = np.unique(targets)
    regression = sample.numeric
    if len(known) == 1:
        constant = targets[0] if regression else np.eye(classes)[known[0]]
        return [_repeated(constant, sample)] * len(ROUNDS)
    trees = 1 if regression or len(known) == 2 else len(known)
    rounds = [max(1, min(count, MOST_TREES // trees)) for count in ROUNDS]
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    model = kind(
        max_iter=rounds[-1],
        **settings,
        categorical_features=list(categorical),
        early_stopping=False,
        random_state=sample.seed,
    ).fit(features["train"], targets)
    staged = {split: _after(model, features[split], rounds, regression) for split in ("validation", "test")}
    if not regression:
        staged = {split: [_widened(part, known, classes) for part in parts] for split, parts in staged.items()}
    return [dict(zip(staged, parts, strict=True)) for parts in zip(*staged.values(), strict=True)]


def _after(model: Any, features: np.ndarray, rounds: Sequence[int], regression: bool) -> list[np.ndarray]:
    stages = model.staged_predict(features) if regression else model.staged_predict_proba(features)
    kept = {done: outputs for done, outputs in enumerate(stages, start=1) if done in rounds}
    return [kept[count] for count in rounds]


def _widened(probabilities: np.ndarray, known: np.ndarray, classes: int) -> np.ndarray:
    """Give classes that no training row has a column of zeros."""
    wide = np.zeros((len(probabilities), classes))
    wide[:, known] = probabilities
    return wide


def _repeated(value: Any, sample: Sample) -> Outputs:
    return {split: np.repeat(np.asarray(value)[None], sample.rows(split), axis=0) for split in ("validation", "test")}


def _encoded(sample: Sample) -> tuple[dict[str, np.ndarray], list[bool]]:
    """Return float ``[rows, fields]`` by split, nan where a value is missing, and which fields are categories."""
    encoded: dict[str, list[np.ndarray]] = {split: [] for split in sample.columns}
    categorical = []
    for name, values in sample.columns["train"].items():
        numbers = all(value is None or isinstance(value, (bool, int, float)) for value in values)
        categorical.append(not numbers)
        columns = {split: columns[name] for split, columns in sample.columns.items()}
        for split, column in (_numbers(columns) if numbers else _categories(columns)).items():
            encoded[split].append(column)
    return {split: np.stack(columns, axis=1) for split, columns in encoded.items()}, categorical


def _numbers(columns: dict[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    return {split: np.array([_number(value) for value in column], float) for split, column in columns.items()}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (bool, int, float)) else np.nan


def _categories(columns: dict[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    """Number the categories of the training rows; a value that they lack counts as missing."""
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=CATEGORIES,
    )
    texts = {
        split: np.array([None if value is None else str(value) for value in column], object)[:, None]
        for split, column in columns.items()
    }
    encoder.fit(texts["train"])
    return {split: encoder.transform(column)[:, 0] for split, column in texts.items()}
