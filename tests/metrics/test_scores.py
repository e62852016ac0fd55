from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics
from sklearn.linear_model import LinearRegression, LogisticRegression

from modaxfer.metrics import compute, costs, default_metrics, greater_is_better, probabilities, tagged, why_undefined
from modaxfer.metrics import scores as room
from modaxfer.registry import load_target, registry
from problem_names import PROBLEMS

SCORERS = {
    "roc_auc": "roc_auc_ovr",
    "rmse": "neg_root_mean_squared_error",
    "mae": "neg_mean_absolute_error",
}
"""Scikit-learn's name of a scorer where it is not ours."""


def classification(classes: int, rows: int = 200):
    generator = np.random.default_rng(classes)
    references = generator.integers(0, classes, rows)
    features = generator.normal(size=(rows, 4)) + references[:, None] * 0.5
    model = LogisticRegression().fit(features, references)
    return model, features, references


DECISIONS = ("accuracy", "balanced_accuracy", "f1_macro", "f1_micro", "recall_macro", "precision_macro")


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("name", [*DECISIONS, "matthews_corrcoef", "roc_auc"])
def test_a_class_metric_equals_scikit_learns_scorer(name, classes) -> None:
    model, features, references = classification(classes)
    scorer = sklearn_metrics.get_scorer(SCORERS.get(name, name) if classes > 2 else name)
    found = class_score(name, model, features, references)
    assert found == pytest.approx(scorer(model, features, references), abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_average_precision_equals_scikit_learns_function(classes) -> None:
    model, features, references = classification(classes)
    # The scorer of this name takes decision values, which rank otherwise than probabilities of three or more classes.
    probabilities = model.predict_proba(features)
    expected = sklearn_metrics.average_precision_score(
        references, probabilities if classes > 2 else probabilities[:, 1]
    )
    found = class_score("average_precision", model, features, references)
    assert found == pytest.approx(expected, abs=1e-12)


def class_score(name: str, model, features, references) -> float:
    found = compute(
        [name],
        problem="binary" if len(model.classes_) == 2 else "multiclass",
        references=references,
        predictions=model.predict(features),
        scores=model.predict_proba(features),
    )
    return found[name]


@pytest.mark.parametrize("name", ["f1", "precision", "recall"])
def test_a_metric_of_the_second_class_equals_scikit_learns_scorer(name) -> None:
    model, features, references = classification(2)
    expected = sklearn_metrics.get_scorer(name)(model, features, references)
    assert class_score(name, model, features, references) == pytest.approx(expected, abs=1e-12)


def test_gini_is_twice_the_area_less_one_and_ks_the_widest_gap_of_the_roc_curve() -> None:
    model, features, references = classification(2)
    scores = model.predict_proba(features)[:, 1]
    found = {name: class_score(name, model, features, references) for name in ("gini", "ks", "roc_auc")}
    false, true, _ = sklearn_metrics.roc_curve(references, scores, drop_intermediate=False)
    assert found["gini"] == 2 * found["roc_auc"] - 1
    assert found["ks"] == pytest.approx((true - false).max(), abs=1e-12)


def test_quadratic_kappa_counts_distances_over_the_whole_scale() -> None:
    # Of the middle step there is no row: the outer two lie two steps apart all the same.
    references, predictions = np.array([0, 0, 2, 2, 3, 0]), np.array([0, 2, 2, 3, 3, 0])
    squared = (references - predictions) ** 2
    by_chance = np.square(references[:, None] - predictions).mean()
    assert room.quadratic_kappa(references, predictions) == pytest.approx(1 - squared.mean() / by_chance)


def test_quadratic_kappa_of_one_class_alone_is_undefined() -> None:
    assert math.isnan(room.quadratic_kappa(np.ones(4, int), np.ones(4, int)))


def test_spearman_is_the_correlation_of_ranks_and_mape_a_share() -> None:
    references, predictions = np.array([1.0, 2.0, 4.0]), np.array([10.0, 40.0, 20.0])
    # Ranks 1 2 3 and 1 3 2: 1 - 6 * (0 + 1 + 1) / (3 * 8).
    assert room.spearman(references, predictions) == pytest.approx(0.5)
    assert room.spearman(references, np.ones(3)) == 0
    assert math.isnan(room.spearman(np.ones(3), predictions))
    assert room.mape(references, references * 1.1) == pytest.approx(0.1)
    assert math.isnan(room.mape(np.array([0.0, 1.0]), np.ones(2)))


@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
def test_a_regression_metric_equals_scikit_learns_scorer(name) -> None:
    generator = np.random.default_rng(0)
    features = generator.normal(size=(50, 3))
    references = features @ [1.0, 2.0, 3.0] + generator.normal(size=50)
    model = LinearRegression().fit(features, references)
    sign = -1 if name in SCORERS else 1
    expected = sign * sklearn_metrics.get_scorer(SCORERS.get(name, name))(model, features, references)
    found = compute([name], problem="regression", references=references, predictions=model.predict(features))
    assert found[name] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("accuracy", sklearn_metrics.accuracy_score),
        ("f1_macro", lambda true, said: sklearn_metrics.f1_score(true, said, average="macro")),
        ("f1_micro", lambda true, said: sklearn_metrics.f1_score(true, said, average="micro")),
        ("recall_macro", lambda true, said: sklearn_metrics.recall_score(true, said, average="macro")),
        ("precision_macro", lambda true, said: sklearn_metrics.precision_score(true, said, average="macro")),
    ],
)
def test_a_multilabel_metric_equals_scikit_learns_function(name, function) -> None:
    references, scores = multilabel()
    predictions = (scores > 0.5).astype(int)
    found = compute([name], problem="multilabel", references=references, predictions=predictions, scores=scores)
    assert found[name] == pytest.approx(function(references.astype(int), predictions))


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_multilabel_ranking_metric_equals_scikit_learns_function(name) -> None:
    references, scores = multilabel()
    expected = getattr(sklearn_metrics, f"{name}_score")(references.astype(int), scores, average="macro")
    found = compute([name], problem="multilabel", references=references, predictions=scores > 0.5, scores=scores)
    assert found[name] == pytest.approx(expected)


def multilabel() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    references = (generator.random((80, 4)) < [0.2, 0.5, 0.7, 0.4]).astype(np.float32)
    return references, np.clip(references * 0.3 + generator.random((80, 4)) * 0.7, 0, 1)


def test_a_class_absent_everywhere_does_not_count_as_in_scikit_learns_scorer() -> None:
    references, predictions = np.array([0, 0, 2, 2]), np.array([0, 2, 2, 2])
    scores = np.eye(4)[predictions]
    found = compute(["f1_macro"], problem="multiclass", references=references, predictions=predictions, scores=scores)
    # F1 of class 0 is 2/3, of class 2 it is 4/5; classes 1 and 3 do not exist here.
    assert found["f1_macro"] == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_a_class_that_was_predicted_but_never_occurs_counts_as_zero() -> None:
    references, predictions = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    names = ["f1_macro", "recall_macro", "precision_macro", "balanced_accuracy"]
    found = compute(names, problem="multiclass", references=references, predictions=predictions)
    assert found["f1_macro"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found["recall_macro"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert found["precision_macro"] == pytest.approx((1 + 1 + 0) / 3)
    assert found["balanced_accuracy"] == pytest.approx((0.5 + 1) / 2)


def test_a_binary_score_may_be_one_column() -> None:
    references, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.6, 0.4])
    assert room.roc_auc(references, references, score) == 0.75
    assert room.roc_auc(references, references, np.stack([1 - score, score], axis=1)) == 0.75


def test_an_area_leaves_out_classes_without_a_positive_row() -> None:
    generator = np.random.default_rng(0)
    references = np.array([0, 1] * 10)
    scores = generator.random((20, 3))
    present = [sklearn_metrics.roc_auc_score(references == position, scores[:, position]) for position in (0, 1)]
    assert room.roc_auc(references, references, scores) == pytest.approx(np.mean(present))


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_an_area_is_undefined_with_a_reason_where_all_references_are_one_class(name, problem) -> None:
    references = np.zeros(5, np.int64)
    scores = np.full((5, 2 if problem == "binary" else 3), 0.5)
    values = compute([name], problem=problem, references=references, predictions=references, scores=scores)
    assert math.isnan(values[name])
    assert why_undefined(values, references) == (f"{name} is undefined: all references are equal in 5 rows",)


def test_every_class_metric_takes_references_of_one_class_without_a_warning() -> None:
    references, predictions = np.zeros(5, np.int64), np.array([0, 0, 0, 1, 1])
    values = compute(
        default_metrics("binary"),
        problem="binary",
        references=references,
        predictions=predictions,
        scores=np.eye(2)[predictions],
    )
    assert values["accuracy"] == values["balanced_accuracy"] == pytest.approx(0.6)
    assert values["matthews_corrcoef"] == 0
    assert {name for name, value in values.items() if math.isnan(value)} == {"roc_auc", "average_precision"}


def test_r2_of_equal_references_is_undefined() -> None:
    references = np.full(1, 2.0)
    values = compute(["r2", "rmse"], problem="regression", references=references, predictions=references + 1)
    assert math.isnan(values["r2"])
    assert values["rmse"] == 1
    assert why_undefined(values, references) == ("r2 is undefined: all references are equal in 1 row",)


def test_an_undefined_multilabel_area_has_a_reason() -> None:
    references = np.tile([1.0, 0.0], (4, 1))
    values = compute(
        ["roc_auc"], problem="multilabel", references=references, predictions=references, scores=references
    )
    (reason,) = why_undefined(values, references)
    assert reason == "roc_auc is undefined: no label is both present and absent in 4 rows"


def test_defined_values_need_no_reason() -> None:
    assert why_undefined({"accuracy": 0.5}, np.array([0, 1])) == ()


def test_a_nan_of_a_plugins_metric_is_said_too() -> None:
    (reason,) = why_undefined({"own/score": math.nan}, np.array([0, 1]))
    assert reason == "own/score is undefined: the metric returned no number for 2 rows"


def test_every_registered_metric_of_the_framework_names_a_function_of_this_room() -> None:
    built_in = [entry.spec for entry in registry().all("metric") if entry.plugin == "modaxfer"]
    functions = {load_target(spec.target) for spec in built_in}
    public = {getattr(room, name) for name in room.__all__} - {room.score_columns}
    public |= {getattr(tagged, name) for name in tagged.__all__} - {tagged.Tagged}
    public |= {getattr(probabilities, name) for name in ("brier_score", "ece", "log_loss")}
    public.add(costs.expected_cost)
    assert functions == public
    for spec in built_in:
        called = ["references", "predictions", "scores", *(["cost"] if spec.needs_cost else [])]
        assert list(inspect.signature(load_target(spec.target)).parameters) == called


@pytest.mark.parametrize("problem", PROBLEMS)
def test_default_metrics_apply_to_their_problem(problem) -> None:
    for name in default_metrics(problem):
        assert problem in registry().get("metric", name).spec.problems


def test_errors_are_better_when_smaller() -> None:
    assert {name for name in default_metrics("regression") if not greater_is_better(name)} == {"rmse", "mae"}
    assert greater_is_better("accuracy")
