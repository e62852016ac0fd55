"""Four shifts in two dimensions, drawn at random, and what ways to adapt make of each: part of ``make adaptation``.

Shapes, sizes and noise are those of the simulated data of SKADA-Bench (Lalou et al. 2024), drawn here from their
description, so that scores can be held against the published ones. What is fitted is modaxfer's own: closed-form CORAL,
class-regularised transport and the correction for label shift; the classifier is the bench's, a support vector machine
with a Gaussian kernel. Writes ``docs/results/shifts.json``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
from resumable import store
from sklearn.svm import SVC

from modaxfer.corrections.calibration import calibrate
from modaxfer.heads.classical.recoloured import recolouring
from modaxfer.heads.classical.transported import transport
from modaxfer.metrics.priors import priors

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results" / "shifts.json"
SEEDS = (0, 1, 2, 3, 4)
PUBLISHED = {
    "covariate": {"source only": 0.88, "target only": 0.92},
    "target": {"source only": 0.85, "target only": 0.93},
    "concept": {"source only": 0.66, "target only": 0.82},
    "subspace": {"source only": 0.19, "target only": 0.98},
}
"""Accuracies of SKADA-Bench, five seeds, support vector machine."""

ROWS = 100
"""Rows of each small cluster."""
NOISE = {"covariate": 0.6, "target": 0.8, "concept": 0.8, "subspace": 0.4}
"""Standard deviation of what is added to every coordinate in the end."""
DISK = (2.0, 2.0), ((2.0, -0.5), (-0.5, 2.0))
CLUSTERS = (
    ((-1.5, 3.0), ((0.15, 0.0), (0.0, 0.3))),
    ((-0.5, 1.0), ((0.2, -0.1), (-0.1, 0.2))),
    ((1.0, -0.4), ((0.17, -0.05), (-0.05, 0.17))),
    ((3.0, -1.0), ((0.3, 0.0), (0.0, 0.15))),
)
"""Class 0 fills a squeezed disk, class 1 are four clusters on an arc beside it: centre, and the matrix that a round
cloud is multiplied by."""
BLOBS = (((-1.0, 1.0), 0.5, 2), ((1.5, 0.5), 0.1, 1), ((-0.5, -1.5), 0.2, 1))
"""Of the subspace shift: centre, deviation, size in clusters; the first is class 0."""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """Rows ``[rows, 2]`` and their classes, of train and test."""

    train: np.ndarray
    targets: np.ndarray
    test: np.ndarray
    test_targets: np.ndarray


def draw(shift: str, seed: int) -> tuple[Domain, Domain]:
    """Return source and target of a shift, four fifths of each for training.

    - covariate: of 100 times as many rows those near (-0.4, 3) are kept, in proportion to exp(-2 distance ** 2);
    - target: nine tenths of the rows are of class 0;
    - concept: every coordinate is 0.7 times what it was, and 1 is added;
    - subspace: rows are mirrored at the origin, so that only their projection on one line still tells the classes.
    """
    generator = np.random.default_rng(seed)
    if shift == "subspace":
        source, target = blobs(generator), blobs(generator)
        target = -target[0], target[1]
    else:
        source, target = arc(ROWS, generator), shifted(shift, generator)
    noise = NOISE[shift]
    return tuple(  # type: ignore[return-value]
        divided(rows + generator.normal(0, noise, rows.shape), classes, generator) for rows, classes in (source, target)
    )


def shifted(shift: str, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the target's rows and classes of one of the first three shifts."""
    if shift == "concept":
        rows, classes = arc(ROWS, generator)
        return rows * 0.7 + 1, classes
    many = {"covariate": 100, "target": 3}[shift]
    rows, classes = arc(ROWS * many, generator)
    if shift == "covariate":
        near = np.exp(-2 * np.square(rows - (-0.4, 3)).sum(1))
        kept = generator.choice(len(rows), 8 * ROWS, replace=False, p=near / near.sum())
    else:
        most = int(0.9 * 8 * ROWS)
        counts = {0: most, 1: 8 * ROWS - most}
        kept = np.concatenate(
            [generator.choice(np.flatnonzero(classes == one), count, replace=False) for one, count in counts.items()]
        )
    return rows[kept], classes[kept]


def arc(size: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a disk of ``4 * size`` rows of class 0, and four clusters of `size` rows of class 1 beside it."""
    angle, radius = generator.uniform(0, 2 * np.pi, 4 * size), np.sqrt(generator.random(4 * size))
    centre, squeeze = DISK
    disk = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1) @ np.array(squeeze) + centre
    clusters = [generator.standard_normal((size, 2)) @ np.array(shape) + centre for centre, shape in CLUSTERS]
    return np.concatenate([disk, *clusters]), np.repeat([0, 1], 4 * size)


def blobs(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a round cloud of class 0 and two of class 1, all together ``12 * ROWS`` rows."""
    made = [generator.standard_normal((3 * ROWS * size, 2)) * deviation + centre for centre, deviation, size in BLOBS]
    return np.concatenate(made), np.repeat([0, 1], 6 * ROWS)


def divided(rows: np.ndarray, classes: np.ndarray, generator: np.random.Generator) -> Domain:
    """Return four fifths of the rows as train, the others as test."""
    train, test = np.split(generator.permutation(len(rows)), [len(rows) * 4 // 5])
    return Domain(train=rows[train], targets=classes[train], test=rows[test], test_targets=classes[test])


def measured(source: Domain, target: Domain, seed: int, *, with_transport: bool = True) -> dict[str, float]:
    """Return the accuracy of each way on the target's test rows."""
    plain = SVC().fit(source.train, source.targets)
    recoloured, _ = recolouring(source.train, source.targets, target.train)
    found = {
        "source only": plain.score(target.test, target.test_targets),
        "target only": _fitted(target.train, target.targets, target),
        "coral": _fitted(recoloured(source.train), source.targets, target),
        "label-shift": _weighed(plain, source, target),
    }
    if with_transport:
        carried, _ = transport(source.train, source.targets, target.train, entropy=0.1, classes=0.1, seed=seed)
        found["ot"] = _fitted(carried(source.train), source.targets, target)
    return {name: float(score) for name, score in found.items()}


def _fitted(rows: np.ndarray, classes: np.ndarray, target: Domain) -> float:
    return float(SVC().fit(rows, classes).score(target.test, target.test_targets))


def _weighed(model: SVC, source: Domain, target: Domain) -> float:
    """Return the accuracy under the target's shares of the classes, calibrated on the source's held-out rows."""

    def outputs(rows: np.ndarray) -> torch.Tensor:
        decision = torch.from_numpy(model.decision_function(rows))
        return torch.stack([torch.zeros_like(decision), decision], 1).float()

    scale, bias = calibrate(outputs(source.test), source.test_targets)
    held_out, seen, asked = (
        (scale * outputs(rows) + bias).double().softmax(1).numpy() for rows in (source.test, target.train, target.test)
    )
    found = priors(held_out, source.test_targets, seen)
    return float(((asked * found.target / found.source).argmax(1) == target.test_targets).mean())


def describe(scores: Mapping[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Return mean and deviation over seeds of each way under each shift, beside what was published."""
    return {
        "seeds": list(SEEDS),
        "shifts": [
            {
                "name": shift,
                "published": PUBLISHED[shift],
                "ways": {
                    way: {"mean": mean(each[way] for each in runs), "deviation": stdev(each[way] for each in runs)}
                    for way in runs[0]
                },
            }
            for shift, runs in scores.items()
        ],
    }


def main() -> int:
    """Measure every shift with every seed and store what was found."""
    scores = {shift: [measured(*draw(shift, seed), seed) for seed in SEEDS] for shift in PUBLISHED}
    store(RESULTS, describe(scores))
    return 0


if __name__ == "__main__":
    sys.exit(main())
