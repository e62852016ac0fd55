"""Source features are moved to the target's, by closed forms, and the head that is fitted there suits the target."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from scipy.linalg import fractional_matrix_power
from sklearn.covariance import ledoit_wolf

from modaxfer.contracts import Features, LayerFeatures, SolverContext
from modaxfer.errors import RefusedError, RunFailedError
from modaxfer.heads.classical import recoloured
from modaxfer.heads.classical.moved import fit_moved
from modaxfer.heads.classical.recoloured import power, recolouring
from modaxfer.heads.search_options import SearchOptions

SEARCH = SearchOptions(head="ridge", reduction="none", layer="last", pooling="mean")
transport_is_there = pytest.mark.skipif(importlib.util.find_spec("ot") is None, reason="POT is not installed")


def classes(rows, seed, shares=(0.5, 0.5)):
    """Two classes that lie apart along the first of four directions."""
    generator = np.random.default_rng(seed)
    targets = generator.choice(2, size=rows, p=shares)
    vectors = generator.normal(size=(rows, 4)) * [0.4, 1.0, 2.0, 0.5]
    vectors[:, 0] += 2.0 * targets - 1
    return vectors, targets


def turned(vectors):
    """Scale, turn and move: what was the first direction is hardly that any more."""
    angle = np.deg2rad(50)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return vectors * [1.0, 0.3, 0.5, 2.0] @ turn + [1.5, 0.0, -1.0, 0.5]


def layers(vectors):
    """Put `vectors` where the mean of the last of two layers stands."""
    made = np.zeros((len(vectors), 2, 3, vectors.shape[1]), np.float32)
    made[:, 1, 1] = vectors
    return made


def context(target_shares=(0.5, 0.5)):
    source, targets = classes(600, 0)
    held_out, known = classes(200, 1)
    target, answers = classes(600, 2, target_shares)
    target = turned(target)
    given = SolverContext(
        features={
            "source": (LayerFeatures(train=layers(source), validation=layers(held_out)),),
            "target": (LayerFeatures(train=layers(target)),),
        },
        targets={"source": {"train": targets, "validation": known}, "target": {}},
        problem="binary",
        classes=("a", "b"),
        judge=lambda references, predictions, scores: float((references == predictions).mean()),
    )
    return given, torch.from_numpy(target).float(), answers


def accuracy(fitted, vectors, answers):
    with torch.no_grad():
        return float((fitted.head(Features(pooled=vectors)).argmax(1).numpy() == answers).mean())


def test_recolouring_is_its_formula() -> None:
    (source, targets), target = classes(500, 0), turned(classes(400, 1)[0])
    move, told = recolouring(source, targets, target)
    (own, least), (other, most) = ledoit_wolf(source), ledoit_wolf(target)
    matrix = fractional_matrix_power(own, -0.5) @ fractional_matrix_power(other, 0.5)
    np.testing.assert_allclose(move(source), (source - source.mean(0)) @ matrix + target.mean(0), atol=1e-8)
    assert told["shrinkage"] == pytest.approx([least, most], abs=1e-6)
    np.testing.assert_allclose(move(source).mean(0), target.mean(0), atol=1e-9)
    # But for the shrinkage, covariances are the target's.
    np.testing.assert_allclose(np.cov(move(source).T), np.cov(target.T), rtol=0.05, atol=0.05)


def test_a_direction_without_variance_is_not_blown_up() -> None:
    found = power(np.diag([4.0, 1.0, 0.0]), -0.5)
    np.testing.assert_allclose(np.diag(found)[:2], [0.5, 1.0])
    assert np.isfinite(found).all()
    move, _ = recolouring(np.zeros((20, 3)), np.zeros(20, int), np.ones((20, 3)))
    np.testing.assert_allclose(move(np.zeros((2, 3))), 1.0)


def test_a_head_on_recoloured_features_suits_the_target() -> None:
    """A change of scale alone, whose covariance says how to undo it."""
    given, _, _ = context()
    scale = np.array([3.0, 0.2, 1.0, 1.0])
    source = given.features["source"][0].train[:, 1, 1]
    target = (classes(600, 5)[0] * scale + 4.0, classes(600, 5)[1])
    given = SolverContext(
        features={**given.features, "target": (LayerFeatures(train=layers(target[0])),)},
        targets=given.targets, problem=given.problem, classes=given.classes, judge=given.judge,
    )  # fmt: skip
    fitted = recoloured.fit(given, SEARCH)
    assert accuracy(fitted, torch.from_numpy(target[0]).float(), target[1]) > 0.95
    (readout,) = fitted.readouts
    assert (readout.layers, readout.pooling) == ((1,), "mean")
    assert fitted.report["moved"]["by"] == "coral"
    # What it reads is the view that was moved, and nothing of the source's own features changed.
    np.testing.assert_array_equal(source, given.features["source"][0].train[:, 1, 1])


def test_streams_and_layers_that_do_not_fit_are_refused() -> None:
    given, _, _ = context()
    with pytest.raises(RefusedError, match=r"the encoder has no such layer. Got: 7. Allowed: last, 0 to 1"):
        fit_moved(given, recolouring, SearchOptions(layer="7", pooling="mean"))
    alone = SolverContext(
        features={"source": given.features["source"]}, targets=given.targets, problem="binary", judge=given.judge
    )
    with pytest.raises(
        RefusedError, match=r"one labelled stream and one whose labels are hidden.*1 labelled, 0 hidden"
    ):
        recoloured.fit(alone, SEARCH)


@transport_is_there
def test_transport_carries_classes_together_and_a_shift_of_their_shares_is_said() -> None:
    from modaxfer.heads.classical import transported
    from modaxfer.heads.transport_options import TransportOptions

    given, target, answers = context()
    options = TransportOptions(search=SEARCH, entropy=0.1, classes=0.1, largest_shift=0.6, refuse=False)
    fitted = transported.fit(given, options)
    plain = recoloured.fit_moved(given, lambda *_: (lambda vectors: vectors, {}), SEARCH)
    assert accuracy(fitted, target, answers) > accuracy(plain, target, answers) + 0.1
    assert fitted.report["moved"]["by"] == "ot"
    assert "left_out" not in fitted.report or not fitted.report["left_out"]
    strict = TransportOptions(search=SEARCH, entropy=0.1, classes=0.1, largest_shift=0.0, refuse=False)
    assert "the classes' shares have moved by" in transported.fit(given, strict).report["left_out"][-1]
    with pytest.raises(RunFailedError, match=r"have moved by.*use --strategy label-shift"):
        transported.fit(
            given, TransportOptions(search=SEARCH, entropy=0.1, classes=0.1, largest_shift=0.0, refuse=True)
        )


@transport_is_there
def test_transport_is_that_of_the_library() -> None:
    import ot

    from modaxfer.heads.classical.transported import transport

    (source, targets), target = classes(60, 0), turned(classes(50, 1)[0])
    move, told = transport(source, targets, target, entropy=0.5, classes=0.1, seed=0)
    made = ot.da.SinkhornL1l2Transport(reg_e=0.5, reg_cl=0.1, norm="median").fit(Xs=source, ys=targets, Xt=target)
    np.testing.assert_allclose(move(source), made.transform(Xs=source))
    assert told["rows"] == [60, 50]
