"""Level 3 of classical heads: they learn made classes, judge by rows that they were not fitted to, and are kept."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from modaxfer.contracts import Criterion, Features
from modaxfer.heads.build import build_head, head_config
from modaxfer.heads.classical.calibration import Calibration
from modaxfer.heads.classical.cut import Cut, FitTargets
from modaxfer.heads.classical.space import Space
from modaxfer.registry import problem_of, registry
from modaxfer.testing.check import Check, Level, check, fail
from modaxfer.testing.material.encoded_rows import drawn
from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

ROWS, CLASSES, HELD = 90, 3, 30
"""Rows, of which the last are held out."""


@check(Level.CONTRACT, "classical head")
def learns_classes_that_lie_apart(subject: Subject) -> None:
    """Fitted to rows of classes that lie far apart, it tells nine of ten held-out rows rightly, from raw features.

    Scaling and reduction are folded into what is kept.
    """
    for link in subject.spec.links:
        rows, targets, criterion = _material(link)
        head, _ = _fitted(subject, link)
        predictions, _ = criterion.decode(_said(head, rows[-HELD:]))
        right = _share_right(predictions, targets[-HELD:], link)
        if not right >= 0.9:
            fail(
                f"classical head {subject.id} does not learn classes that lie apart, link {link}",
                got=f"{right:.0%} of held-out rows right",
                allowed="at least 90 %",
                fix="return a head for raw features: fold the space's centre and basis into it",
            )


@check(Level.CONTRACT, "classical head")
def is_deterministic(subject: Subject) -> None:
    """Fitted twice to the same rows it is the same, and says the same when it is kept and read again.

    A run keeps its registered head's config and tensors.
    """
    link = subject.spec.links[0]
    rows, _, _ = _material(link)
    first, again = _fitted(subject, link)[0], _fitted(subject, link)[0]
    said = _said(first, rows)
    if not torch.equal(said, _said(again, rows)):
        fail(f"classical head {subject.id} is fitted in two ways to the same rows", fix="draw nothing at random")
    save_file(first.state_dict(), subject.folder / "head.safetensors")
    twin = build_head(json.loads(json.dumps(head_config(first))))
    twin.load_state_dict(load_file(subject.folder / "head.safetensors"))
    if not torch.equal(_said(twin, rows), said):
        fail(f"what classical head {subject.id} fits, kept and read, is another", fix="keep all of it in tensors")


@check(Level.CONTRACT, "classical head")
def judges_each_value_by_rows_it_was_not_fitted_to(subject: Subject) -> None:
    """Held-out outputs are ``[rows, outputs]`` for values of its grid, whatever the held-out rows' own labels are.

    A head that has seen a row's label says what it remembers, and the search chooses by that.
    """
    link, head = subject.spec.links[0], subject.target()()
    rows, targets, _ = _material(link)
    other = targets.copy()
    other[-HELD:] = np.roll(targets[-HELD:], 1, axis=0)
    usual, changed = (dict(head.held_out(_space(rows, own, link), head.grid, link)) for own in (targets, other))
    if not usual or not set(usual) <= set(head.grid):
        fail(f"classical head {subject.id} judges no value of its grid", got=list(usual), allowed=list(head.grid))
    for value, outputs in usual.items():
        if len(outputs) != ROWS or not outputs.isfinite().all():
            fail(
                f"classical head {subject.id} does not judge each row", got=tuple(outputs.shape), allowed=f"{ROWS} rows"
            )
        if not torch.allclose(outputs[-HELD:], changed[value][-HELD:], rtol=0, atol=1e-5):
            fail(
                f"classical head {subject.id} was fitted to rows that it is judged by",
                got=f"with {head.setting} {value} their outputs change with their own labels",
                fix="fit each split to the blocks that the cut names for it",
            )


def _material(link: str) -> tuple[np.ndarray, np.ndarray, Criterion]:
    layers, classes = drawn(ROWS, classes=CLASSES, signal=6.0)
    rows = layers[0].astype(np.float32)
    targets: Any = classes
    if link == "sigmoid":
        targets = np.eye(CLASSES, dtype=np.float32)[classes]
    elif link == "identity":
        targets = rows @ np.linspace(-1, 1, rows.shape[1])  # a number that a line says
    problem = next(entry.name for entry in registry().all("problem") if entry.spec.link == link and _many(entry.name))
    return rows, targets, problem_of(problem).criterion(0 if link == "identity" else CLASSES, targets[:-HELD])


def _many(problem: str) -> bool:
    return problem != "binary"


def _space(rows: np.ndarray, targets: np.ndarray, link: str) -> Space:
    criterion = _material(link)[2]
    labels = FitTargets.of(targets, criterion, None)
    return Space.standardised(Cut.of(torch.from_numpy(rows), labels, (ROWS - HELD, HELD)))


def _fitted(subject: Subject, link: str) -> tuple[Any, bool]:
    rows, targets, criterion = _material(link)
    head, space = subject.target()(), _space(rows, targets, link)
    tried, calibration = dict(head.held_out(space, head.grid, link)), None
    right = {
        value: _share_right(criterion.decode(said[-HELD:])[0], targets[-HELD:], link) for value, said in tried.items()
    }
    value = max(right, key=lambda one: right[one])
    if head.scaled and link != "identity":
        outputs = tried[value]
        labels = FitTargets.of(targets, criterion, None)
        calibration = Calibration.fit(outputs[-HELD:], labels[slice(ROWS - HELD, ROWS)], link)
    fitted: tuple[Any, bool] = head.fit(space, value, link, calibration)
    return fitted


@torch.no_grad()
def _said(head: Any, rows: np.ndarray) -> torch.Tensor:
    said: torch.Tensor = head.eval()(Features(pooled=torch.from_numpy(rows)))
    return said


def _share_right(predictions: np.ndarray, targets: np.ndarray, link: str) -> float:
    if link == "identity":
        return float((np.abs(predictions - targets) < targets.std() / 2).mean())
    return float((predictions == targets).mean())


CHECKS: tuple[Check, ...] = (
    learns_classes_that_lie_apart,
    is_deterministic,
    judges_each_value_by_rows_it_was_not_fitted_to,
)
