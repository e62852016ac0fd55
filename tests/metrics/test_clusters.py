"""Rows that belong together are drawn together: against closed forms, and against the rows told apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from modaxfer.errors import DataError
from modaxfer.metrics import Pair, Scored, bootstrap, default_metrics, paired_difference, paired_gain
from modaxfer.metrics.choice import find_metric
from modaxfer.metrics.resampling import draws, resampled


def example(problem: str, rows: int = 60):
    generator = np.random.default_rng(3)
    if problem == "regression":
        references = generator.normal(size=rows) * 3 + 100
        return references, references + generator.normal(size=rows), None
    if problem == "multilabel":
        references = generator.integers(0, 2, (rows, 3))
        scores = (references * 0.4 + generator.random((rows, 3)) * 0.6).round(2)
        return references, (scores > 0.5).astype(int), scores
    references = generator.integers(0, 4, rows)
    scores = generator.random((rows, 4))
    scores[np.arange(rows), references] += 0.5
    return references, scores.argmax(1), scores / scores.sum(1, keepdims=True)


def repeated(values, times):
    return None if values is None else np.repeat(values, times, axis=0)


@pytest.mark.parametrize("problem", ["multiclass", "multilabel", "regression"])
def test_copies_leave_the_interval_of_the_distinct_rows(problem) -> None:
    references, predictions, scores = example(problem)
    names = default_metrics(problem)
    plain = bootstrap(names, problem=problem, references=references, predictions=predictions, scores=scores)
    copied = bootstrap(
        names,
        problem=problem,
        references=repeated(references, 5),
        predictions=repeated(predictions, 5),
        scores=repeated(scores, 5),
        clusters=repeated(np.arange(60), 5),
    )
    for name in names:
        assert copied[name] == pytest.approx(plain[name], rel=1e-9)


def test_copies_drawn_one_by_one_look_too_sure() -> None:
    references, predictions, _ = example("multiclass")
    known = {"problem": "multiclass"}
    alone = bootstrap(["accuracy"], references=references, predictions=predictions, **known)["accuracy"]
    naive = bootstrap(["accuracy"], references=repeated(references, 9), predictions=repeated(predictions, 9), **known)
    assert naive["accuracy"].high - naive["accuracy"].low < 0.5 * (alone.high - alone.low)


def test_clusters_of_one_size_have_the_textbook_variance() -> None:
    # The mean over equal clusters is that of the clusters' means; its bootstrap variance is theirs over their number.
    generator = np.random.default_rng(0)
    clusters = np.repeat(np.arange(40), 6)
    right = generator.random(240) < generator.random(40)[clusters]
    metric = find_metric("accuracy", "binary")
    scored = Scored(predictions=1 - right.astype(int))
    values = resampled([metric], np.zeros(240, int), scored, resamples=20_000, seed=0, clusters=clusters)["accuracy"]
    means = right.reshape(40, 6).mean(1)
    assert values.var() == pytest.approx(means.var() / 40, rel=0.04)
    assert values.var() > 2 * right.var() / 240


def test_uneven_clusters_come_and_go_whole() -> None:
    clusters = np.array([7, 7, 7, 2, 2, 9])
    for drawn in np.concatenate(list(draws(6, 200, 0, clusters))):
        assert len(set(drawn[:3])) == len(set(drawn[3:5])) == 1
        assert drawn[[0, 3, 5]].sum() == 3


def test_rows_that_stand_alone_are_drawn_as_ever() -> None:
    for given in (np.arange(30), np.arange(30)[::-1]):
        assert (np.concatenate(list(draws(30, 9, 4, given))) == np.concatenate(list(draws(30, 9, 4)))).all()


@pytest.mark.parametrize("problem", ["multiclass", "multilabel", "regression"])
def test_every_resample_of_clusters_has_the_value_that_the_metric_gives_on_its_rows(problem) -> None:
    references, predictions, scores = example(problem)
    clusters = np.sort(np.random.default_rng(1).integers(0, 20, 60))
    for name in default_metrics(problem):
        metric = find_metric(name, problem)
        scored = Scored(predictions=predictions, scores=scores)
        fast = resampled([metric], references, scored, resamples=9, seed=0, clusters=clusters)[name]
        for value, drawn in zip(fast, np.concatenate(list(draws(60, 9, 0, clusters))), strict=True):
            rows = np.repeat(np.arange(60), drawn.astype(int))
            chosen = None if scores is None else scores[rows]
            assert value == pytest.approx(metric.score(references[rows], predictions[rows], chosen), nan_ok=True)


def test_a_difference_and_a_gain_draw_clusters_too() -> None:
    references, predictions, _ = example("multiclass")
    better, other = Scored(predictions=references), Scored(predictions=predictions)
    plain = paired_difference(references, better, other, "accuracy", problem="multiclass")
    times, clusters = [repeated(values, 4) for values in (references, predictions)], repeated(np.arange(60), 4)
    copies = Scored(predictions=times[0]), Scored(predictions=times[1])
    grouped = paired_difference(times[0], *copies, "accuracy", problem="multiclass", clusters=clusters)
    assert (grouped.value, grouped.low, grouped.high) == pytest.approx((plain.value, plain.low, plain.high))
    pair = Pair(references=times[0], better=copies[0], other=copies[1], clusters=clusters)
    gain = paired_gain([pair], "accuracy", problem="multiclass", same_rows=True)
    assert (gain.low, gain.high) == pytest.approx((plain.low, plain.high))


def test_a_single_cluster_says_nothing_of_how_scores_vary() -> None:
    references, predictions, _ = example("multiclass")
    one = np.zeros(60, int)
    found = bootstrap(["accuracy"], problem="multiclass", references=references, predictions=predictions, clusters=one)
    assert all(math.isnan(end) for end in found["accuracy"])
    scored = Scored(predictions=references), Scored(predictions=predictions)
    found = paired_difference(references, *scored, "accuracy", problem="multiclass", clusters=one)
    assert math.isnan(found.low)
    assert not found.evidence
    pair = Pair(references=references, better=scored[0], other=scored[1], clusters=one)
    assert math.isnan(paired_gain([pair], "accuracy", problem="multiclass", same_rows=True).low)


def test_clusters_must_match_the_rows() -> None:
    references, predictions, _ = example("multiclass")
    with pytest.raises(DataError, match="references and predictions differ in rows"):
        bootstrap(
            ["accuracy"],
            problem="multiclass",
            references=references,
            predictions=predictions,
            clusters=np.arange(3),
        )
