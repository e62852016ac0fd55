"""Where rows lie for the head of a trained model: their vectors on two axes, kept for the report's feature map."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.contracts import PARTS
from modaxfer.metrics.principal_components import principal_components
from modaxfer.result import write_atomically
from modaxfer.runner.evaluation.asked import asked
from modaxfer.runner.evaluation.scores import Findings
from modaxfer.runner.folder import FEATURE_MAP
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import head_inputs, is_known
from modaxfer.spec import SPLITS

__all__ = ["ENCODED", "KNOWN", "map_features", "write_map"]

KNOWN, ENCODED = 200, 100
"""Rows of a split: where their vectors are at hand, and where they have to be encoded once more."""


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """Some rows of a split."""

    split: str
    row_ids: list[str]
    labels: list[Any]
    vectors: np.ndarray
    """float32 ``[rows, width]``."""


def map_features(session: TaskSession, resolved: ResolvedTask, findings: Findings) -> dict[str, Any]:
    """Return where some rows of each split lie on the first two principal components of what the head is given.

    Of a run that adapts, rows of the source's train split too. Where a row has many vectors, one per token, there is
    no map. All processes have to ask: rows that are encoded are shared among them.

    Args:
        session: With the trained model.
        resolved: The task.
        findings: The answers of validation and test rows.

    Returns:
        As `FEATURE_MAP` has it: ``explained``, two shares of the variance; ``width`` of the vectors; ``rows``, each
        with ``row_id``, ``split`` (``source`` for those of the source), ``label`` (a class, a number, or None for
        several or hidden ones), ``x`` and ``y``; ``encoded``, how many were encoded for it, in ``seconds``. Empty
        where there is no map.
    """
    if session.model.reads_tokens or session.model.readout.pooling in PARTS:
        return {}
    started = time.monotonic()
    private = {"train"} if resolved.plan.privacy is not None else set()
    names = [name for name in SPLITS if name in session.splits and name not in private]
    drawn = [_of_task(session, resolved, findings, name) for name in names]
    encoded = [name not in findings.vectors and not is_known(session, name) for name in names]
    if session.source is not None and resolved.source is not None:
        drawn.append(_of_source(session.source, resolved.source.data.classes))
        encoded.append(not is_known(session.source, "train"))
    places, explained = principal_components(np.concatenate([each.vectors for each in drawn]))
    flat = [(each.split, *row) for each in drawn for row in zip(each.row_ids, each.labels, strict=True)]
    return {
        "explained": explained.tolist(),
        "width": int(drawn[0].vectors.shape[1]),
        "encoded": sum(len(each.row_ids) for each, once_more in zip(drawn, encoded, strict=True) if once_more),
        "seconds": round(time.monotonic() - started, 3),
        "rows": [
            {"row_id": row_id, "split": split, "label": label, "x": float(x), "y": float(y)}
            for (split, row_id, label), (x, y) in zip(flat, places, strict=True)
        ],
    }


def write_map(folder: Path, found: Mapping[str, Any]) -> None:
    """Write what `map_features` found into the run's `folder`; an empty map is none."""
    if found:
        write_atomically(folder / FEATURE_MAP, json.dumps(found, ensure_ascii=False) + "\n")


def _of_task(session: TaskSession, resolved: ResolvedTask, findings: Findings, name: str) -> _Drawn:
    rows, vectors = _scored(session, *findings.vectors[name]) if name in findings.vectors else _vectors(session, name)
    if name == "train" and name in resolved.data.sealed:
        labels: list[Any] = [None] * len(rows)
    else:
        made = {"validation": findings.validation_asked, "test": findings.asked}
        ask = made.get(name) or asked(resolved.data, resolved.task, resolved.fields, name)
        answers = ask.only(rows).answers
        labels = session.labels.show(answers.targets, resolved.data.classes, answers.unseen)
    ids = session.splits[name].ids
    return _Drawn(split=name, row_ids=[str(ids[row]) for row in rows], labels=_single(labels), vectors=vectors)


def _of_source(source: TaskSession, classes: tuple[str, ...]) -> _Drawn:
    rows, vectors = _vectors(source, "train")
    split = source.splits["train"]
    labels = source.labels.show(split.targets[rows], classes)
    return _Drawn(
        split="source", row_ids=[str(split.ids[row]) for row in rows], labels=_single(labels), vectors=vectors
    )


def _scored(session: TaskSession, rows: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return some of the rows that were scored, in order, and what the head was given of them then."""
    chosen = np.random.default_rng(session.seed).choice(len(rows), min(len(rows), KNOWN), replace=False)
    chosen.sort()
    return rows[chosen], vectors[chosen]


def _vectors(session: TaskSession, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of some rows of a split, in order, and what the head is given of them."""
    split, known = session.splits[name], is_known(session, name)
    total = len(split.lengths)
    count = min(total, KNOWN if known else ENCODED)
    rows = np.sort(np.random.default_rng(session.seed).choice(total, count, replace=False))
    if known:
        return rows, head_inputs(session, name).numpy()[rows]
    return rows, session.vectors(split.only(rows)).numpy()


def _single(labels: list[Any]) -> list[Any]:
    """Return classes and numbers as they are, None for what is neither."""
    return [label if isinstance(label, str | float) else None for label in labels]
