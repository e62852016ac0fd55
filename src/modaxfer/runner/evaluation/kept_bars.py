"""Baselines are fitted once per task: they depend on its rows, its labels and the seed, and on no model.

Only what comes with modaxfer is kept: a plugin's metric or problem may change under the name that it has.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from modaxfer.contracts import Simple
from modaxfer.metrics import needs_cost
from modaxfer.registry import problem_name, registry
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.rows.cache import cache_key, cached_state
from modaxfer.runner.session import TaskSession
from modaxfer.runner.versions import version_of

__all__ = ["kept_scores", "kept_simple"]

KIND = "baselines"
"""Folder inside the cache."""

OWN = "modaxfer/"
"""Begins the ids of what comes with modaxfer."""

DECISIVE = ("modaxfer", "scikit-learn", "numpy")
"""Packages whose other version may give other numbers."""


def kept_simple(session: TaskSession, resolved: ResolvedTask, fit: Callable[[], Simple]) -> Simple:
    """Return what `fit` returns, or what it returned for the same rows before.

    Args:
        session: Whose metric judges the settings of the simple model.
        resolved: Its task.
        fit: Fits the simple model; what it raises is raised.
    """
    if not _is_kept(session, (session.primary,)):
        return fit()
    made: list[Simple] = []

    def state() -> Mapping[str, Any]:
        made.append(fit())
        return _packed(made[0])

    try:
        stored = cached_state(KIND, _key(session, resolved, "simple", (session.primary,)), state, session.tell)
    except _RaggedError:
        return made[0]
    return _unpacked(stored)


def kept_scores(
    session: TaskSession, resolved: ResolvedTask, baseline: str, names: Sequence[str], make: Callable[[], Any]
) -> dict[str, float]:
    """Return the scores that `make` gives a `baseline` that looks at no input, or gave it before.

    Args:
        session: Of the model.
        resolved: Its task.
        baseline: Its name.
        names: Metrics.
        make: Returns metric name to value.
    """

    def scores() -> dict[str, float]:
        return {name: float(value) for name, value in make().items()}

    if not _is_kept(session, names):
        return scores()
    return cached_state(KIND, _key(session, resolved, baseline, names), scores, session.tell)


def _is_kept(session: TaskSession, names: Sequence[str]) -> bool:
    if not session.train.cache or "/" in problem_name(session.problem):
        return False
    return all(not name.startswith("evaluate:") and registry().get("metric", name).id.startswith(OWN) for name in names)


def _key(session: TaskSession, resolved: ResolvedTask, baseline: str, names: Sequence[str]) -> str:
    taught = resolved.taught_by
    targets = hashlib.sha256(np.ascontiguousarray(_flat(taught.data.targets["train"])).tobytes()).hexdigest()
    fields = [(field.name, str(field.signal)) for field in resolved.fields]
    rows = (resolved.data.fingerprint, taught.data.fingerprint, targets, resolved.data.classes)
    versions = [version_of(name) for name in DECISIVE]
    read = [session.cost] if any(map(needs_cost, names)) else []
    return cache_key(baseline, *rows, fields, session.problem, sorted(names), session.seed, versions, *read)


def _flat(targets: np.ndarray) -> np.ndarray:
    """Return `targets` as one plain array; of ragged ones the parts of all rows and how many each has."""
    if targets.dtype != object:
        return targets
    lengths = np.array([len(row) for row in targets])
    return np.concatenate([lengths, *targets])


class _RaggedError(Exception):
    """Predictions of rows with parts are no plain arrays; their simple model is fitted in a moment."""


def _packed(simple: Simple) -> dict[str, Any]:
    return {
        "name": simple.name,
        "train_rows": simple.train_rows,
        "predictions": {split: _text(values) for split, values in simple.predictions.items()},
        "scores": {split: None if values is None else _text(values) for split, values in simple.scores.items()},
    }


def _unpacked(stored: Mapping[str, Any]) -> Simple:
    return Simple(
        name=stored["name"],
        train_rows=stored["train_rows"],
        predictions={split: _array(text) for split, text in stored["predictions"].items()},
        scores={split: None if text is None else _array(text) for split, text in stored["scores"].items()},
    )


def _text(values: np.ndarray) -> str:
    if values.dtype == object:
        raise _RaggedError
    file = io.BytesIO()
    np.save(file, values, allow_pickle=False)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _array(text: str) -> np.ndarray:
    array: np.ndarray = np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False)
    return array
