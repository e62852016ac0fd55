"""Confident learning against the rule of the paper, written out row by row, and a toy counted by hand."""

from __future__ import annotations

import numpy as np

from modaxfer.metrics.confident_learning import confident_joint, label_errors

# Two classes; thresholds by hand: class 0 (.9 + .8 + .2 + .6) / 4 = .625, class 1 (.7 + .9 + .1) / 3 = .5667.
LABELS = np.array([0, 0, 0, 0, 1, 1, 1])
FIRST = np.array([0.9, 0.8, 0.2, 0.6, 0.3, 0.1, 0.9])
TOY = np.stack([FIRST, 1 - FIRST], 1)


def test_a_toy_counted_by_hand():
    """Row 2 is labelled 0 and confidently 1, row 6 the other way; row 3 reaches neither threshold: .6 and .4."""
    assert confident_joint(LABELS, TOY).tolist() == [[2, 1], [1, 2]]
    assert label_errors(LABELS, TOY).tolist() == [6, 2]  # p of the given label: .1 and .2


def by_the_paper(labels, probabilities):
    """Equations 1 and 2, one row and one class at a time."""
    classes = range(probabilities.shape[1])
    thresholds = {j: np.mean([p[j] for p, y in zip(probabilities, labels, strict=True) if y == j]) for j in classes}
    joint = np.zeros((len(classes), len(classes)), int)
    for p, y in zip(probabilities, labels, strict=True):
        able = [j for j in classes if p[j] >= thresholds[j]]
        if able:
            joint[y, max(able, key=lambda j: p[j])] += 1
    return joint


def test_it_is_the_rule_of_the_paper_and_finds_labels_that_were_turned():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 400)
    logits = rng.normal(size=(400, 4)) + 3 * np.eye(4)[true] + np.array([0, 0.5, 0, -1])
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    turned = rng.choice(400, 30, replace=False)
    labels = true.copy()
    labels[turned] = (true[turned] + 1) % 4
    joint = confident_joint(labels, probabilities)
    assert joint.tolist() == by_the_paper(labels, probabilities).tolist()
    found = label_errors(labels, probabilities)
    assert len(found) == joint.sum() - np.trace(joint)
    assert len(found) >= 15
    assert set(found.tolist()) <= set(turned.tolist())
    assert (np.diff(probabilities[found, labels[found]]) >= 0).all()


def test_a_class_without_rows_has_no_threshold_to_reach():
    probabilities = np.array([[0.1, 0.0, 0.9], [0.2, 0.1, 0.7], [0.8, 0.1, 0.1]])
    assert confident_joint(np.array([0, 0, 0]), probabilities).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
