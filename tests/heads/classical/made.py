"""Made data shared by the tests of this folder."""

from dataclasses import dataclass

import numpy as np
import torch

from modaxfer.heads.classical.cut import Cut, FitTargets
from modaxfer.heads.classical.space import Space
from problem_names import balanced_weights, criterion_of

FOLDS = 4


@dataclass(frozen=True, kw_only=True)
class Options:
    head: str = "auto"
    reduction: str = "auto"
    layer: str = "auto"
    pooling: str = "auto"
    components: int = 128
    folds: int = FOLDS


def rows_of(count, width=12, seed=0):
    """Correlated features of very different scale, far from zero."""
    generator = np.random.default_rng(seed)
    mixed = generator.normal(size=(count, width)) @ generator.normal(size=(width, width))
    return (mixed * np.geomspace(0.1, 30, width) + np.linspace(-50, 50, width)).astype(np.float32)


def classes_of(rows, classes=3, seed=0):
    """Unbalanced classes that depend on the rows, with noise."""
    generator = np.random.default_rng(seed)
    standard = (rows - rows.mean(0)) / rows.std(0)
    scores = standard @ generator.normal(size=(rows.shape[1], classes)) + generator.normal(size=(len(rows), classes))
    return (scores + np.linspace(1, -1, classes)).argmax(1)


def values_of(rows, seed=0):
    generator = np.random.default_rng(seed)
    standard = (rows - rows.mean(0)) / rows.std(0)
    noise = generator.normal(size=len(rows))
    return (1000 + 30 * (standard @ generator.normal(size=rows.shape[1]) + noise)).astype(np.float32)


def labels_of(rows, seed=0):
    """Three labels, from common to rare."""
    generator = np.random.default_rng(seed)
    standard = (rows - rows.mean(0)) / rows.std(0)
    scores = standard @ generator.normal(size=(rows.shape[1], 3)) + generator.normal(size=(len(rows), 3))
    return (scores > np.quantile(scores, [0.5, 0.8, 0.93], axis=0).diagonal()).astype(np.float32)


def space_of(rows, targets, problem, *, classes=3, sizes=None, balanced=False):
    """Return the standardised space of `rows`, their folds lying one behind the other, and its criterion."""
    sizes = sizes or (len(rows), 0)
    train = targets[: sum(sizes[:-1])]
    criterion = criterion_of(problem, classes, train)
    weights = balanced_weights(problem, classes, train) if balanced else None
    cut = Cut.of(torch.from_numpy(rows), FitTargets.of(targets, criterion, weights), sizes)
    return Space.standardised(cut), criterion


def folds_of(sizes):
    """Return train and held-out positions of every split, as scikit-learn gives them."""
    starts = np.cumsum([0, *sizes])
    everything = np.arange(starts[-2])
    held = [np.arange(starts[number], starts[number + 1]) for number in range(len(sizes))]
    return [(np.setdiff1d(everything, block), block) for block in held]
