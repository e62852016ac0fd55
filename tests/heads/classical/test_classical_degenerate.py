"""Rows that some heads cannot be fitted to: those are left out and said, and another head takes their place."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made import Options
from sklearn.metrics import accuracy_score

from heads_read import said
from modaxfer.contracts import LayerFeatures, SolverContext
from modaxfer.errors import DataError
from modaxfer.heads.classical import fit, search

ROWS = 30
GENERATOR = np.random.default_rng(0)


def features(rows=ROWS):
    return GENERATOR.normal(size=(rows, 2, 3, 8)).astype(np.float32)


def fitted(train, targets, *, problem="multiclass", classes=3, groups=None, **options):
    def score(references, predictions, scores):
        if problem == "regression":
            return -float(np.abs(references - predictions).mean())
        return accuracy_score(references, predictions)

    known = LayerFeatures(train=train, groups=groups)
    names = tuple(map(str, range(classes)))
    context = SolverContext(
        features={"train": (known,)}, targets={"train": {"train": targets}}, problem=problem, classes=names, judge=score
    )
    return fit(context, Options(**options))


COPIES = np.repeat(features(3), 10, axis=0), np.repeat(np.arange(3), 10)
KINDS = {
    "one row per class": (features(20), np.arange(20), {"classes": 20}),
    "two rows": (features(2), np.array([0, 1]), {"problem": "binary", "classes": 2}),
    "constant features": (np.ones((ROWS, 2, 3, 8), np.float32), np.arange(ROWS) % 3, {}),
    "copies of three rows": (*COPIES, {}),
    "copies in groups": (*COPIES, {"groups": COPIES[1]}),
    "more features than rows": (features(5), np.arange(5) % 2, {"problem": "binary", "classes": 2}),
    "a class without rows": (features(), np.arange(ROWS) % 3, {"classes": 5}),
    "features beyond float16": (features() * 1e18, np.arange(ROWS) % 3, {}),
    "a constant target": (features(), np.full(ROWS, 3.0), {"problem": "regression", "classes": 0}),
    "two rows of a code": (
        features(2),
        np.array([0, 1]),
        {"problem": "binary", "classes": 2, "reduction": "autoencoder"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_some_head_is_fitted_and_says_numbers(kind, monkeypatch) -> None:
    monkeypatch.setattr("modaxfer.heads.classical.reduction.EPOCHS", 2)
    train, targets, options = KINDS[kind]
    found = fitted(train, targets, **options)
    logits = said(found.head, torch.zeros(2, 16 if found.readouts[0].pooling == "mean_std" else 8))
    assert torch.isfinite(logits).all()
    assert not any(found.report["head"] in line for line in found.report.get("left_out", ()))


def test_a_head_without_a_solution_is_left_out_and_named() -> None:
    found = fitted(*COPIES, groups=COPIES[1])
    (line,) = found.report["left_out"]
    assert line.startswith("head lda is left out of the search: its equations have no solution on these rows")
    assert {candidate["head"] for candidate in found.report["candidates"]} >= {"ridge", "logistic", "knn"}


def test_a_head_that_was_asked_for_and_has_no_solution_is_an_error() -> None:
    with pytest.raises(DataError, match=r"no head can be fitted to these features(?s:.*)head lda is left out"):
        fitted(*COPIES, groups=COPIES[1], head="lda")


def test_the_next_best_is_taken_where_the_best_has_no_solution_on_all_rows(monkeypatch) -> None:
    def unsolvable(best, *rest):
        if best.head != "knn":
            raise torch.linalg.LinAlgError("singular")
        return real(best, *rest)

    real = search._final
    monkeypatch.setattr(search, "_final", unsolvable)
    found = fitted(features(), np.arange(ROWS) % 3)
    assert found.report["head"] == "knn"
    monkeypatch.setattr(search, "_final", lambda best, *rest: unsolvable(best, best.head))
    with pytest.raises(DataError, match="no head can be fitted to all training rows"):
        fitted(features(), np.arange(ROWS) % 3, head="ridge")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers_are_refused_by_layer_and_row(value) -> None:
    train = features()
    train[3, 1, 0, 2] = value
    with pytest.raises(DataError, match=r"features of layer 1 are not finite in 1 train rows(?s:.*)train rows 4,"):
        fitted(train, np.arange(ROWS) % 3)
