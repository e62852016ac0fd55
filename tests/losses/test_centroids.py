"""Labels by centroids: those of the authors' code, and right where predictions at the border are wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from modaxfer.contracts import Seen, Step, StreamBatch
from modaxfer.losses.centroids import CentroidLabels, centroid_labels, labels_of
from modaxfer.plan import Role


def published(features, logits):
    """Equations 5 and 6 of Liang et al. 2020, in the steps of ``obtain_label`` of their image_target.py."""
    shares = logits.softmax(1).double().numpy()
    vectors = np.concatenate([features.double().numpy(), np.ones((len(features), 1))], 1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    classes = np.unique(shares.argmax(1))
    for _ in range(2):
        centroids = shares.T @ vectors / (1e-8 + shares.sum(0)[:, None])
        labels = classes[cdist(vectors, centroids[classes], "cosine").argmin(1)]
        shares = np.eye(logits.shape[1])[labels]
    return labels


@pytest.mark.parametrize("seed", range(5))
def test_they_are_those_of_the_paper(seed) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(200, 8, generator=generator)
    logits = features @ torch.randn(8, 6, generator=generator) - torch.tensor([0.0, 0, 0, 0, 0, 50])
    found = labels_of(features, logits)
    np.testing.assert_array_equal(found, published(features, logits))
    assert 5 not in found


def test_a_cluster_gets_one_label_though_predictions_cut_through_it() -> None:
    """Two clusters; the boundary of the source runs through the second."""
    generator = torch.Generator().manual_seed(0)
    clusters = torch.tensor([[4.0, 0.0], [0.0, 4.0]]).repeat_interleave(100, 0)
    features = clusters + torch.randn(200, 2, generator=generator)
    logits = torch.stack([features[:, 0], features[:, 1] - 3.5], dim=1)
    wanted = torch.arange(2).repeat_interleave(100)
    assert (logits.argmax(1) == wanted).float().mean() < 0.85
    assert (labels_of(features, logits) == wanted).float().mean() > 0.97


def test_the_loss_is_cross_entropy_to_the_extra() -> None:
    logits, labels = torch.randn(6, 4), torch.tensor([0, 3, 1, 2, 2, 0])
    seen = Seen(outputs=logits, pooled=lambda: torch.randn(6, 5), targets=None, score=None)
    assert centroid_labels({"target": seen}, "target").shape == (6,)
    batch = StreamBatch(name="target", role=Role.TARGET, rows=torch.arange(6), extras={"centroid": labels},
                        views=1, made={"outputs": logits})  # fmt: skip
    found = CentroidLabels(None)(Step(streams={"target": batch}, progress=0.0))
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(logits, labels, reduction="none"))
