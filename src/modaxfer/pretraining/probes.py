"""Frozen probes while an encoder is pretrained: what a ridge classifier reads off its vectors on a task."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import Hidden, Reading, Row, pool
from modaxfer.errors import RefusedError
from modaxfer.registry import problem_spec, registry
from modaxfer.runner.rows.raw import rows_of
from modaxfer.tasks.load import load_task

__all__ = ["Probe", "find_probe"]

ROWS, JUDGED = 3000, 1000
"""Training rows that a probe is fitted to, and validation rows that it is judged by, at most."""

BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A task whose training rows a probe is fitted to; validation rows judge it, test rows are not opened."""

    name: str
    kind: str
    """Signal kind of the rows."""
    root: Any
    fitted: Sequence[Any]
    judged: Sequence[Any]
    """Values of the rows."""
    labels: np.ndarray
    wanted: np.ndarray
    """Classes of fitted and of judged rows."""

    def score(self, reading: Reading, field: str, autocast: Callable[[], Any]) -> float:
        """Return the accuracy on validation rows of a ridge classifier on mean vectors."""
        from sklearn.linear_model import RidgeClassifierCV

        vectors = _vectors(reading, [{field: value} for value in (*self.fitted, *self.judged)], autocast)
        own, other = vectors[: len(self.fitted)], vectors[len(self.fitted) :]
        mean, deviation = own.mean(0), own.std(0) + 1e-6
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = RidgeClassifierCV(alphas=np.logspace(0, 4, 9)).fit((own - mean) / deviation, self.labels)
        return float((model.predict((other - mean) / deviation) == self.wanted).mean())


def find_probe(name: str, kinds: Sequence[str], data_dir: str | None, seed: int) -> Probe:
    """Return the probe on a task.

    Args:
        name: A task of one field, with one class a row.
        kinds: Signal kinds of the rows that are learned from.
        data_dir: Folder that holds data sets by name.
        seed: Of splits.

    Raises:
        UnknownNameError: There is no such task.
        RefusedError: It has another kind of rows or of target.
        DataError: Its rows cannot be had.
    """
    entry = registry().get("task", name)
    own = [each.signal.kind for each in entry.spec.fields]
    if len(own) != 1 or own[0] not in kinds or problem_spec(entry.spec.target.problem).link != "softmax":
        raise RefusedError(
            f"task {entry.id} cannot probe an encoder that learns from {' and '.join(kinds)}",
            got=f"{' and '.join(own) or 'a table'}, {entry.spec.target.problem}",
            allowed=f"one field of {' or '.join(kinds)}, one class a row", fix="leave it out of --probe",
        )  # fmt: skip
    data = load_task(entry.spec, data_dir=data_dir, seed=seed, limit=ROWS)
    parts = []
    for split, most in (("train", ROWS), ("validation", JUDGED)):
        rows = rows_of(data.splits[split], 0, min(most, len(data.splits[split])))
        parts.append(([row[entry.spec.fields[0].name] for row in rows], np.asarray(data.targets[split])[: len(rows)]))
    (fitted, labels), (judged, wanted) = parts
    return Probe(
        name=entry.name, kind=own[0], root=data.root, fitted=fitted, judged=judged, labels=labels, wanted=wanted
    )


@torch.no_grad()
def _vectors(reading: Reading, rows: Sequence[Row], autocast: Callable[[], Any]) -> np.ndarray:
    """Return mean vectors of the last layer, float32 ``[rows, width]``."""
    encoder: Any = reading.encoder
    device = next(encoder.parameters()).device
    order = sorted(range(len(rows)), key=lambda place: len(str(next(iter(rows[place].values())))[:4096]))
    found = np.zeros((len(rows), encoder.hidden_size), np.float32)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        batch = {name: tensor.to(device) for name, tensor in reading.batch([rows[each] for each in chosen]).items()}
        with autocast():
            hidden: Hidden = encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth))
        found[chosen] = pool(hidden, "mean").cpu().numpy()
    return found
