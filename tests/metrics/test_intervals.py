from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy import stats

from modaxfer.errors import ConfigError
from modaxfer.metrics import Difference, Scored, bootstrap, compute, default_metrics, paired_difference
from modaxfer.metrics.choice import Metric, find_metric
from modaxfer.metrics.resampling import draws, resampled
from problem_names import PROBLEMS

RESAMPLES = 20


def example(problem: str, rows: int = 80, seed: int = 0):
    """Return references, predictions and scores, with tied scores, of a mediocre model."""
    generator = np.random.default_rng(seed)
    if problem == "regression":
        references = generator.normal(size=rows) * 3 + 100
        return references, references + generator.normal(size=rows), None
    if problem == "multilabel":
        references = (generator.random((rows, 3)) < [0.2, 0.5, 0.7]).astype(np.float32)
        scores = (references * 0.3 + generator.random((rows, 3)) * 0.7).round(1)
        return references, (scores > 0.5).astype(np.float32), scores
    classes = 2 if problem == "binary" else 4
    references = generator.integers(0, classes, rows)
    scores = generator.random((rows, classes)).round(1) + 0.05
    scores[np.arange(rows), references] += 0.3
    scores /= scores.sum(1, keepdims=True)
    return references, scores.argmax(1), scores


PROBABILITIES = ("log_loss", "brier_score", "ece")
MORE = {
    "binary": ("precision_macro", "f1_micro", "f1", "gini", "ks", *PROBABILITIES),
    "multiclass": ("precision_macro", "f1_micro", "average_precision", "quadratic_kappa", *PROBABILITIES),
    "multilabel": ("precision_macro", "recall_macro", *PROBABILITIES),
    "regression": ("mape", "spearman"),
}
CASES = [(problem, name) for problem in PROBLEMS for name in (*default_metrics(problem), *MORE[problem])]


@pytest.mark.parametrize(("problem", "name"), CASES)
def test_every_resample_has_the_value_that_the_metric_gives_on_its_rows(problem, name) -> None:
    references, predictions, scores = example(problem)
    metric = find_metric(name, problem)
    scored = Scored(predictions=predictions, scores=scores)
    fast = resampled([metric], references, scored, resamples=RESAMPLES, seed=0)[name]
    for value, drawn in zip(fast, np.concatenate(list(draws(len(references), RESAMPLES, 0))), strict=True):
        rows = np.repeat(np.arange(len(references)), drawn.astype(int))
        chosen = None if scores is None else scores[rows]
        assert value == pytest.approx(metric.score(references[rows], predictions[rows], chosen), nan_ok=True)


@pytest.mark.parametrize("name", ["accuracy", "f1_macro", "recall_macro", "balanced_accuracy", "matthews_corrcoef"])
def test_resamples_that_lose_a_class_have_the_metrics_own_value_as_well(name) -> None:
    references, predictions = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 1, 3])
    metric = find_metric(name, "multiclass")
    scored = Scored(predictions=predictions)
    fast = resampled([metric], references, scored, resamples=RESAMPLES, seed=1)[name]
    every = np.concatenate(list(draws(5, RESAMPLES, 1)))
    assert (every[:, 3] == 0).any()
    for value, drawn in zip(fast, every, strict=True):
        rows = np.repeat(np.arange(5), drawn.astype(int))
        assert value == pytest.approx(metric.score(references[rows], predictions[rows], None))


@pytest.mark.parametrize("right", [30, 120, 180])
def test_the_interval_of_accuracy_is_that_of_the_binomial(right) -> None:
    # The number of right rows in a resample is binomial with the observed share, in closed form.
    references, predictions = np.zeros(200, int), (np.arange(200) >= right).astype(int)
    found = bootstrap(["accuracy"], problem="binary", references=references, predictions=predictions, resamples=20_000)[
        "accuracy"
    ]
    expected = stats.binom.ppf([0.025, 0.975], 200, right / 200) / 200
    np.testing.assert_allclose(found, expected, atol=0.0051)


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        ("multiclass", "f1_macro"),
        ("regression", "rmse"),
    ],
)
def test_the_interval_agrees_with_scipys_percentile_bootstrap(problem, name) -> None:
    references, predictions, scores = example(problem, rows=150)
    metric = find_metric(name, problem)

    def statistic(rows: np.ndarray) -> float:
        return metric.score(references[rows], predictions[rows], None if scores is None else scores[rows])

    reference = stats.bootstrap(
        (np.arange(150),), statistic, vectorized=False, n_resamples=200, method="percentile", rng=0
    ).confidence_interval
    found = bootstrap([name], problem=problem, references=references, predictions=predictions, scores=scores)[name]
    width = reference.high - reference.low
    np.testing.assert_allclose(found, [reference.low, reference.high], atol=0.2 * width)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        wrong = (np.random.default_rng(seed).random(100) < 0.3).astype(int)
        low, high = bootstrap(
            ["accuracy"],
            problem="binary",
            references=np.zeros(100, int),
            predictions=wrong,
            resamples=300,
            seed=seed,
        )["accuracy"]
        covered += low <= 0.7 <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_an_interval_holds_the_score_and_narrows_with_rows_and_level() -> None:
    widths = {}
    for rows in (50, 800):
        references, predictions, scores = example("multiclass", rows=rows)
        known = {"problem": "multiclass", "references": references, "predictions": predictions, "scores": scores}
        for level in (0.5, 0.95):
            for name, (low, high) in bootstrap(default_metrics("multiclass"), level=level, **known).items():
                assert low < compute([name], **known)[name] < high
                widths[name, rows, level] = high - low
    for name in default_metrics("multiclass"):
        assert widths[name, 800, 0.95] < widths[name, 50, 0.95] / 2
        assert widths[name, 50, 0.5] < widths[name, 50, 0.95] / 2


def test_one_seed_gives_one_interval() -> None:
    references, predictions, _ = example("multiclass")
    known = {"problem": "multiclass", "references": references, "predictions": predictions}
    first = bootstrap(["f1_macro", "accuracy"], **known)
    assert bootstrap(["accuracy", "f1_macro"], **known) == first
    assert bootstrap(["f1_macro"], **known)["f1_macro"] == first["f1_macro"]
    assert bootstrap(["f1_macro"], seed=1, **known)["f1_macro"] != first["f1_macro"]


def test_draws_do_not_depend_on_the_size_of_a_chunk(monkeypatch) -> None:
    whole = np.concatenate(list(draws(7, 20, 3)))
    monkeypatch.setattr("modaxfer.metrics.resampling.CHUNK", 21)
    parts = list(draws(7, 20, 3))
    assert len(parts) == 7
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (whole.sum(1) == 7).all()


def test_a_metric_that_can_only_be_called_gets_fewer_resamples(monkeypatch) -> None:
    calls = []

    def own(references, predictions, scores) -> float:
        calls.append(len(references))
        return float((references == predictions).mean())

    monkeypatch.setattr(
        "modaxfer.metrics.intervals.find_metrics",
        lambda names, problem, **read: [Metric(name="own", score=own)],
    )
    references, predictions, _ = example("binary")
    low, high = bootstrap(["own"], problem="binary", references=references, predictions=predictions)["own"]
    assert low < (references == predictions).mean() < high
    assert calls == [80] * 200


def test_an_area_of_many_rows_gets_fewer_resamples(monkeypatch) -> None:
    monkeypatch.setattr("modaxfer.metrics.resampling.RANKING_BUDGET", 80 * 300)
    references, predictions, scores = example("binary")
    scored = Scored(predictions=predictions, scores=scores)
    metrics = [find_metric(name, "binary") for name in ("roc_auc", "accuracy")]
    found = resampled(metrics, references, scored, resamples=1000, seed=0)
    assert {name: len(values) for name, values in found.items()} == {"roc_auc": 300, "accuracy": 1000}


def test_the_interval_of_an_undefined_score_is_undefined() -> None:
    references = np.zeros(20, int)
    known = {"problem": "binary", "references": references, "predictions": references}
    found = bootstrap(["roc_auc", "accuracy"], scores=np.full((20, 2), 0.5), **known)
    assert all(math.isnan(end) for end in found["roc_auc"])
    assert found["accuracy"] == (1.0, 1.0)


def test_a_thousand_rows_take_less_than_a_second() -> None:
    references, predictions, scores = example("multiclass", rows=1000)
    start = time.process_time()
    bootstrap(
        default_metrics("multiclass"),
        problem="multiclass",
        references=references,
        predictions=predictions,
        scores=scores,
    )
    assert time.process_time() - start < 1


def test_a_paired_difference_is_narrower_than_two_separate_intervals() -> None:
    references, predictions, _ = example("multiclass", rows=300)
    better = np.where(np.arange(300) % 12 == 0, references, predictions)
    known = {"problem": "multiclass", "references": references}
    difference = paired_difference(
        references, Scored(predictions=better), Scored(predictions=predictions), "accuracy", problem="multiclass"
    )
    assert difference.value == pytest.approx((better == references).mean() - (predictions == references).mean())
    assert difference.low < difference.value < difference.high
    alone = bootstrap(["accuracy"], predictions=predictions, **known)["accuracy"]
    assert difference.high - difference.low < (alone.high - alone.low) / 2
    assert difference.evidence


def test_a_paired_difference_agrees_with_scipys_paired_bootstrap() -> None:
    references, first, _ = example("multiclass", rows=150, seed=0)
    second = np.where(np.arange(150) % 5 == 0, 0, first)
    metric = find_metric("f1_macro", "multiclass")

    def statistic(rows: np.ndarray) -> float:
        return metric.score(references[rows], first[rows], None) - metric.score(references[rows], second[rows], None)

    reference = stats.bootstrap(
        (np.arange(150),), statistic, vectorized=False, n_resamples=200, method="percentile", rng=0
    ).confidence_interval
    found = paired_difference(
        references, Scored(predictions=first), Scored(predictions=second), "f1_macro", problem="multiclass"
    )
    width = reference.high - reference.low
    np.testing.assert_allclose([found.low, found.high], [reference.low, reference.high], atol=0.2 * width)


def test_equal_models_show_no_evidence() -> None:
    references, predictions, scores = example("binary")
    same = Scored(predictions=predictions, scores=scores)
    for name in ("f1_macro", "roc_auc"):
        found = paired_difference(references, same, same, name, problem="binary")
        assert (found.value, found.low, found.high) == (0, 0, 0)
        assert not found.evidence


@pytest.mark.parametrize(
    ("low", "high", "phrase"),
    [
        (0.01, 0.05, "+0.030 [+0.010, +0.050]"),
        (-0.01, 0.05, "no evidence: +0.030 [-0.010, +0.050]"),
        (0.0, 0.05, "no evidence: +0.030 [+0.000, +0.050]"),
        (math.nan, math.nan, "no evidence: +0.030 [+nan, +nan]"),
    ],
)
def test_a_difference_whose_interval_crosses_zero_is_no_evidence(low, high, phrase) -> None:
    assert Difference(value=0.03, low=low, high=high).phrase == phrase


def test_a_loss_is_evidence_too() -> None:
    assert Difference(value=-0.03, low=-0.05, high=-0.01).evidence


def test_a_difference_of_an_area_needs_the_scores_of_both() -> None:
    references, predictions, scores = example("binary")
    with pytest.raises(ConfigError, match="need a score per class"):
        paired_difference(
            references,
            Scored(predictions=predictions, scores=scores),
            Scored(predictions=predictions),
            "roc_auc",
            problem="binary",
        )
