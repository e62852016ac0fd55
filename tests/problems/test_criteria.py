"""Losses against scikit-learn's and written-out formulas."""

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from modaxfer.errors import ConfigError
from modaxfer.problems.criteria.square import TargetScale
from modaxfer.registry import problem_of
from problem_names import balanced_weights, criterion_of

CLASSES = np.array([0, 0, 0, 2, 2, 1, 0, 2])
LABELS = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1], [1, 0, 1]], np.float32)


@pytest.mark.parametrize(
    ("problem", "outputs"),
    [("binary", 2), ("multiclass", 4), ("multilabel", 4), ("regression", 1)],
)
def test_outputs(problem, outputs):
    classes = {"binary": 2, "regression": 0}.get(problem, 4)
    assert criterion_of(problem, classes).outputs == outputs


def test_single_label_loss_per_row_is_scikit_learns_log_loss():
    logits = torch.randn(8, 3)
    losses = criterion_of("multiclass", 3).loss(logits, torch.from_numpy(CLASSES))
    assert losses.shape == (8,)
    expected = log_loss(CLASSES, logits.double().softmax(1).numpy(), labels=[0, 1, 2])
    assert float(losses.mean()) == pytest.approx(expected, rel=1e-5)


def test_balanced_loss_is_scikit_learns_weighted_log_loss():
    logits = torch.randn(8, 3)
    weight = balanced_weights("multiclass", 3, CLASSES)
    losses = criterion_of("multiclass", 3).loss(logits, torch.from_numpy(CLASSES), weight)
    rows = compute_sample_weight("balanced", CLASSES)
    expected = log_loss(CLASSES, logits.double().softmax(1).numpy(), labels=[0, 1, 2], sample_weight=rows)
    assert float(losses.sum() / rows.sum()) == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_spreads_its_share_over_all_classes():
    logits, targets = torch.randn(8, 3), torch.from_numpy(CLASSES)
    losses = criterion_of("multiclass", 3).loss(logits, targets, label_smoothing=0.3)
    wanted = 0.7 * torch.eye(3)[targets] + 0.1
    torch.testing.assert_close(losses, -(wanted * logits.log_softmax(1)).sum(1))


def test_multilabel_loss_is_the_mean_log_loss_of_its_labels():
    logits = torch.randn(4, 3)
    losses = criterion_of("multilabel", 3).loss(logits, torch.from_numpy(LABELS))
    chances = logits.double().sigmoid().numpy()
    expected = -(LABELS * np.log(chances) + (1 - LABELS) * np.log(1 - chances)).mean(1)
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-5)


def test_multilabel_weights_and_smoothing():
    logits, targets = torch.randn(4, 3), torch.from_numpy(LABELS)
    weight = balanced_weights("multilabel", 3, LABELS)
    losses = criterion_of("multilabel", 3).loss(logits, targets, weight, label_smoothing=0.2)
    rows = np.stack([compute_sample_weight("balanced", LABELS[:, label]) for label in range(3)], 1)
    smooth, chances = 0.8 * LABELS + 0.1, logits.double().sigmoid().numpy()
    expected = -(rows * (smooth * np.log(chances) + (1 - smooth) * np.log(1 - chances))).mean(1)
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-5)


def test_regression_loss_is_in_deviations_and_predictions_in_the_targets_unit():
    targets = np.array([100.0, 200.0, 600.0], np.float32)
    criterion = criterion_of("regression", 0, targets)
    values = torch.from_numpy((targets - targets.mean()) / targets.std())[:, None]
    torch.testing.assert_close(criterion.loss(values, torch.from_numpy(targets)), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(criterion.loss(values + 2, torch.from_numpy(targets)), torch.full((3,), 4.0))
    predictions, scores = criterion.decode(values)
    np.testing.assert_allclose(predictions, targets, rtol=1e-5)
    assert scores is None


def test_a_large_target_keeps_its_differences():
    targets = 1e12 + 1000.0 * np.arange(80)
    criterion = criterion_of("regression", 0, targets)
    standardised = torch.from_numpy((targets - targets.mean()) / targets.std()).float()[:, None]
    assert float(criterion.loss(standardised, torch.from_numpy(targets)).max()) < 1e-12
    predictions, _ = problem_of("regression").restored(json.loads(json.dumps(criterion.state()))).decode(standardised)
    assert predictions.dtype == np.float64
    np.testing.assert_allclose(predictions - 1e12, targets - 1e12, atol=0.01)


def test_a_small_target_is_standardised_too():
    assert TargetScale.fit(np.array([1e-15, 3e-15])).deviation == pytest.approx(1e-15)


def test_a_class_that_train_lacks_has_no_loss():
    losses = criterion_of("multiclass", 3).loss(torch.randn(2, 3), torch.tensor([-1, 2]))
    assert losses[0] == 0
    assert losses[1] > 0


def test_a_constant_target_is_not_divided_by_zero():
    assert TargetScale.fit(np.full(5, 3.0)) == TargetScale(mean=3.0, deviation=1.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_decoded_classes_come_with_probabilities(dtype):
    logits = torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]], dtype=dtype)
    predictions, scores = criterion_of("multiclass", 3).decode(logits)
    np.testing.assert_array_equal(predictions, [1, 0])
    assert predictions.dtype == np.int64
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(scores[0, 1], np.exp(2) / (1 + np.exp(2) + np.exp(1)), rtol=1e-6)


def test_decoded_labels_are_those_from_one_half():
    predictions, scores = criterion_of("multilabel", 3).decode(torch.tensor([[-1.0, 0.0, 2.0]]))
    np.testing.assert_array_equal(predictions, [[0, 1, 1]])
    np.testing.assert_allclose(scores, [[1 / (1 + np.e), 0.5, 1 / (1 + np.exp(-2))]], rtol=1e-6)


def test_balanced_weights_are_scikit_learns():
    weights = balanced_weights("multiclass", 3, CLASSES)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=CLASSES)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)


def test_an_absent_class_changes_no_other_weight():
    weights = balanced_weights("multiclass", 4, CLASSES)
    np.testing.assert_allclose(weights[:3], compute_class_weight("balanced", classes=np.arange(3), y=CLASSES))
    assert weights[3] == 1


def test_a_label_that_never_or_always_occurs_weighs_one():
    weights = balanced_weights("multilabel", 2, np.array([[0, 1], [0, 1]], np.float32))
    assert torch.equal(weights, torch.ones(2, 2))


def test_class_weights_of_a_regression_are_refused():
    with pytest.raises(ConfigError, match=r"class_weight needs classes.*number.*leave class_weight out"):
        balanced_weights("regression", 0, np.zeros(3))


def test_an_criterion_survives_json():
    criterion = criterion_of("regression", 0, np.array([1.0, 2.0, 4.0]))
    assert problem_of("regression").restored(json.loads(json.dumps(criterion.state()))) == criterion


def test_soft_classes_cost_what_their_shares_do():
    logits, targets, criterion = torch.randn(8, 3), torch.from_numpy(CLASSES), criterion_of("multiclass", 3)
    soft = criterion.soft(targets)
    torch.testing.assert_close(criterion.loss(logits, soft), criterion.loss(logits, targets))
    mixed = 0.3 * soft + 0.7 * soft.flip(0)
    expected = 0.3 * criterion.loss(logits, targets) + 0.7 * criterion.loss(logits, targets.flip(0))
    torch.testing.assert_close(criterion.loss(logits, mixed), expected)


def test_soft_labels_and_numbers_are_means_too():
    logits, criterion = torch.randn(4, 3), criterion_of("multilabel", 3)
    targets = criterion.batch(LABELS)
    mixed = 0.5 * criterion.soft(targets) + 0.5 * criterion.soft(targets).flip(0)
    expected = 0.5 * criterion.loss(logits, targets) + 0.5 * criterion.loss(logits, targets.flip(0))
    torch.testing.assert_close(criterion.loss(logits, mixed), expected)
    values = criterion_of("regression", 0, np.array([1.0, 3.0, 5.0]))
    assert float(values.loss(torch.zeros(1, 1), values.soft(torch.tensor([3.0], dtype=torch.float64)))) == 0


def test_a_steps_weight_is_its_rows_or_their_classes():
    targets, weight = torch.from_numpy(CLASSES), balanced_weights("multiclass", 3, CLASSES)
    criterion = criterion_of("multiclass", 3)
    assert criterion.total_weight(targets, None) == 8
    assert criterion.total_weight(targets, weight) == pytest.approx(compute_sample_weight("balanced", CLASSES).sum())
    assert criterion.total_weight(criterion.soft(targets), weight) == pytest.approx(
        criterion.total_weight(targets, weight)
    )
    assert criterion_of("multilabel", 3).total_weight(torch.from_numpy(LABELS), weight) == 4


def test_columns_of_a_closed_form():
    assert criterion_of("binary", 2).columns(np.array([1, -1, 0])).tolist() == [[0, 1], [0, 0], [1, 0]]
    assert criterion_of("multilabel", 3).columns(LABELS).tolist() == LABELS.tolist()
    assert criterion_of("regression", 0, np.array([1.0, 3.0])).columns(np.array([1.0, 3.0])).tolist() == [[-1], [1]]


def test_rows_without_a_class_have_no_loss_and_are_told():
    assert criterion_of("binary", 2).known(np.array([0, -1, 1])).tolist() == [True, False, True]
    assert criterion_of("regression").known(np.array([-1.0, 2.0])).all()


@pytest.mark.parametrize("problem", ["binary", "multiclass", "multilabel", "regression"])
def test_what_runs_stored_before_is_read(problem):
    classes = {"binary": 2, "regression": 0}.get(problem, 3)
    stored = {"problem": problem, "classes": classes, "scale": {"mean": 2.0, "deviation": 4.0}}
    restored = problem_of(problem).restored(stored)
    assert restored.outputs == max(classes, 1)
    if problem == "regression":
        assert restored.decode(torch.ones(1, 1))[0] == 6.0
