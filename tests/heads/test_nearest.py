"""k nearest neighbours against scikit-learn's with the same similarity and votes."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from heads_read import said
from modaxfer.heads.nearest import SMALLEST, KNearestHead


def power(distance):
    return np.exp((1 - distance) / 0.07)


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    return (generator.normal(size=(60, 5)) * [1, 2, 3, 4, 5] + 7).astype(np.float32)


def built(rows, targets, votes, neighbours=7, weights=None):
    return KNearestHead.from_rows(
        torch.from_numpy(rows),
        targets,
        torch.ones(len(rows)) if weights is None else weights,
        mean=torch.from_numpy(rows.mean(0)),
        scale=torch.from_numpy(rows.std(0)),
        neighbours=neighbours,
        votes=votes,
    )


def test_classes(rows):
    known, asked = rows[:40], rows[40:]
    classes = np.arange(40) % 3
    head = built(known, torch.eye(3)[classes], "softmax")
    scaler = StandardScaler().fit(known)
    reference = KNeighborsClassifier(7, weights=power, metric="cosine").fit(scaler.transform(known), classes)
    expected = reference.predict_proba(scaler.transform(asked)).clip(SMALLEST, 1 - SMALLEST)
    np.testing.assert_allclose(said(head, torch.from_numpy(asked)).exp(), expected, atol=1e-4)


def test_values(rows):
    known, asked = rows[:40], rows[40:]
    values = known[:, :1] * 2
    head = built(known, torch.from_numpy(values), "value")
    scaler = StandardScaler().fit(known)
    reference = KNeighborsRegressor(7, weights=power, metric="cosine").fit(scaler.transform(known), values)
    expected = reference.predict(scaler.transform(asked))
    np.testing.assert_allclose(said(head, torch.from_numpy(asked)), expected, rtol=1e-4)


def test_labels_give_finite_log_odds(rows):
    labels = torch.stack([torch.ones(60), torch.zeros(60)], 1)
    logits = said(built(rows, labels, "sigmoid"), torch.from_numpy(rows))
    assert torch.isfinite(logits).all()
    assert (logits[:, 0] > 5).all()
    assert (logits[:, 1] < -5).all()


def test_class_weights_weigh_votes(rows):
    classes = torch.eye(2)[[0] * 40 + [1] * 20]
    weights = torch.tensor([1.0] * 40 + [2.0] * 20)
    everyone = built(rows, classes, "softmax", neighbours=60, weights=weights)
    everyone.temperature = 1e6
    torch.testing.assert_close(said(everyone, torch.from_numpy(rows[:3])).exp(), torch.full((3, 2), 0.5))


def test_there_are_never_more_neighbours_than_rows(rows):
    assert built(rows[:4], torch.eye(4), "softmax", neighbours=50).neighbours == 4


def test_however_many_are_compared_at_once_they_say_the_same(rows, monkeypatch):
    head = built(rows, torch.eye(3)[np.arange(60) % 3], "softmax")
    whole = said(head, torch.from_numpy(rows))
    monkeypatch.setattr("modaxfer.heads.nearest.HELD", 7 * 60)
    assert head.rows_at_once == 7
    torch.testing.assert_close(said(head, torch.from_numpy(rows)), whole)
    assert said(head, torch.from_numpy(rows[:0])).shape == (0, 3)


def test_equal_rows_have_an_equal_say_in_whatever_order_they_are_kept(rows):
    """Three vote, and six are the same row with other classes: which of them come first decides nothing."""
    known = np.concatenate([rows[:6], np.repeat(rows[6:7], 6, axis=0)])
    classes = torch.eye(3)[[0] * 6 + [0, 1, 2, 1, 2, 1]]
    turned = list(range(11, -1, -1))
    one, other = (
        said(built(known[order], classes[order], "softmax", neighbours=3), torch.from_numpy(rows[6:7])).exp()
        for order in (list(range(12)), turned)
    )
    torch.testing.assert_close(one, torch.tensor([[1 / 6, 3 / 6, 2 / 6]]))
    torch.testing.assert_close(one, other)
