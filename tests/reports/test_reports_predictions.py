"""What is read from predictions.parquet, against scikit-learn where it has the same number."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from modaxfer.reports.predictions import class_scores, confusion, mistakes, read_predictions


def stored(folder, **columns):
    pq.write_table(pa.table(columns), folder / "predictions.parquet")
    return read_predictions(folder)


def test_per_class_scores_equal_scikit_learn(run):
    run.classes()
    found = read_predictions(run.root)
    expected = precision_recall_fscore_support(found.targets, found.predicted, labels=found.classes)
    rows = class_scores(found)
    for index, name in enumerate(("precision", "recall", "f1", "support")):
        np.testing.assert_allclose([getattr(row, name) for row in rows], expected[index])


def test_multilabel_scores_equal_scikit_learn(run):
    run.multilabel()
    found = read_predictions(run.root)
    assert found.problem == "multilabel"
    binary = MultiLabelBinarizer(classes=found.classes)
    expected = precision_recall_fscore_support(binary.fit_transform(found.targets), binary.transform(found.predicted))
    np.testing.assert_allclose([row.f1 for row in class_scores(found)], expected[2])
    np.testing.assert_array_equal([row.support for row in class_scores(found)], expected[3])


def test_the_confusion_matrix_equals_scikit_learn(run):
    run.classes()
    found = read_predictions(run.root)
    expected = confusion_matrix(found.targets, found.predicted, labels=found.classes)
    np.testing.assert_array_equal(confusion(found), expected)


def test_class_order_is_the_given_one_and_no_class_is_lost(run):
    run.classes()
    found = read_predictions(run.root, ("positive", "negative"))
    assert found.classes == ("positive", "negative", "neutral")
    assert confusion(found).sum() == 300


def test_a_class_without_rows_has_no_precision_or_recall(tmp_path):
    found = stored(tmp_path, row_id=["1"], target=["a"], prediction=["b"], **{f"score:{n}": [0.3] for n in "abc"})
    a, b, c = class_scores(found)
    assert (a.recall, a.support, b.precision, b.support, c.support) == (0.0, 1, 0.0, 0, 0)
    assert all(math.isnan(value) for value in (a.precision, b.recall, c.precision, c.recall, c.f1))


def test_two_classes_are_binary_and_numbers_can_be_class_names(tmp_path):
    found = stored(tmp_path, row_id=[7], target=[0], prediction=[1], **{"score:0": [0.4], "score:1": [0.6]})
    assert (found.problem, found.targets, found.row_ids) == ("binary", ("0",), ("7",))


def test_the_surest_mistakes_come_first(tmp_path):
    found = stored(
        tmp_path,
        row_id=["right", "sure", "unsure"],
        target=["a", "a", "b"],
        prediction=["a", "b", "a"],
        **{"score:a": [0.99, 0.1, 0.6], "score:b": [0.01, 0.9, 0.4]},
    )
    assert [(m.row_id, m.target, m.predicted, m.score) for m in mistakes(found)] == [
        ("sure", "a", "b", 0.9),
        ("unsure", "b", "a", 0.6),
    ]
    assert [m.row_id for m in mistakes(found, count=1)] == ["sure"]


def test_ten_mistakes_at_most_by_default(run):
    run.classes()
    assert len(mistakes(read_predictions(run.root))) == 10


def test_mistakes_without_scores_are_shown_without_scores(tmp_path):
    found = stored(tmp_path, row_id=["1", "2"], target=["a", "b"], prediction=["b", "b"])
    assert [(m.row_id, m.score) for m in mistakes(found)] == [("1", None)]


def test_a_score_that_is_not_a_number_comes_last(tmp_path):
    scores = {"score:a": [0.1, 0.4], "score:b": [math.nan, 0.6]}
    found = stored(tmp_path, row_id=["lost", "known"], target=["a", "a"], prediction=["b", "b"], **scores)
    assert [(m.row_id, m.score) for m in mistakes(found)] == [("known", 0.6), ("lost", None)]


def test_multilabel_mistakes_show_the_label_that_was_most_surely_wrong(tmp_path):
    found = stored(
        tmp_path,
        row_id=["claimed", "missed", "right"],
        target=[["x"], ["x", "y"], []],
        prediction=[["x", "y"], [], []],
        **{"score:x": [0.9, 0.02, 0.1], "score:y": [0.8, 0.3, 0.1]},
    )
    assert [(m.row_id, m.of, m.score) for m in mistakes(found)] == [("missed", "x", 0.02), ("claimed", "y", 0.8)]
    assert mistakes(found)[0].predicted == "(none)"


def test_regression_shows_the_largest_errors(tmp_path):
    found = stored(tmp_path, row_id=["a", "b", "c"], target=[1.0, 2.0, 3.0], prediction=[1.5, 0.0, 3.0])
    assert found.problem == "regression"
    assert class_scores(found) == ()
    assert [(m.row_id, m.target, m.predicted, m.score) for m in mistakes(found)] == [
        ("b", "2", "0", -2.0),
        ("a", "1", "1.5", 0.5),
    ]


def test_further_columns_are_kept_beside_and_scores_are_not_among_them(tmp_path):
    found = stored(tmp_path, row_id=["1"], target=["a"], prediction=["b"], sentence=["the court held"], page=[None])
    assert mistakes(found)[0].beside == {"sentence": "the court held", "page": ""}


def test_a_run_without_predictions(tmp_path):
    assert read_predictions(tmp_path) is None


@pytest.mark.parametrize("maker", ["classes", "multilabel", "regression"])
def test_the_invented_runs_are_read_whole(run, maker):
    result = getattr(run, maker)()
    assert len(read_predictions(run.root).targets) == result.data["rows"]["test"]
