"""Shares of classes are found without labels: closed forms, fixed points, and a shift that is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.contracts import CorrectionContext, Features, Seen
from modaxfer.corrections.label_shift import bbse, expectation_maximisation, fit, priors
from modaxfer.errors import RunFailedError
from modaxfer.heads.linear import LinearHead
from modaxfer.registry import problem_of

SOURCE, TARGET = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.7])
MEANS = np.array([[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]])


def drawn(shares, rows, seed):
    """Return rows of three Gaussians of deviation 1, their classes, and exact posteriors under the source's shares."""
    generator = np.random.default_rng(seed)
    targets = generator.choice(3, size=rows, p=shares)
    points = MEANS[targets] + generator.normal(size=(rows, 2))
    logits = points @ MEANS.T - (MEANS**2).sum(1) / 2 + np.log(SOURCE)
    return points, targets, logits


def shares_of(logits):
    return torch.from_numpy(logits).softmax(1).numpy()


@pytest.fixture(scope="module")
def domains():
    return drawn(SOURCE, 20_000, 0), drawn(TARGET, 20_000, 1)


def test_bbse_solves_its_equation_exactly() -> None:
    said = np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9], [0.3, 0.7]])
    targets = np.array([0, 0, 1, 1])
    joint = np.array([[1.4, 0.4], [0.6, 1.6]]) / 4
    weights = np.array([0.4, 1.6])
    # Two rows whose mean is C w.
    unlabelled = np.stack([joint @ weights] * 2)
    np.testing.assert_allclose(bbse(said, targets, unlabelled), weights, atol=1e-12)


def test_a_class_without_labelled_rows_keeps_its_weight() -> None:
    said = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    found = bbse(said, np.array([0, 1]), said)
    assert found[2] == 1
    np.testing.assert_allclose(found[:2], 1, atol=1e-6)


@pytest.mark.parametrize("method", ["em", "bbse"])
def test_a_known_shift_is_recovered(method, domains) -> None:
    (_, targets, source), (_, _, target) = domains
    found = priors(shares_of(source), targets, shares_of(target), method)
    np.testing.assert_allclose(found.source, SOURCE, atol=0.01)
    np.testing.assert_allclose(found.target, TARGET, atol=0.02)
    assert found.moved == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("method", ["em", "bbse"])
def test_the_source_itself_has_not_moved(method, domains) -> None:
    (_, targets, logits), _ = domains
    found = priors(shares_of(logits), targets, shares_of(logits), method)
    assert found.moved < 0.01


def test_the_end_of_expectation_maximisation_is_a_fixed_point(domains) -> None:
    _, (_, _, logits) = domains
    said = shares_of(logits)
    shares, rounds = expectation_maximisation(said, SOURCE)
    weighed = said * shares / SOURCE
    np.testing.assert_allclose((weighed / weighed.sum(1, keepdims=True)).mean(0), shares, atol=1e-9)
    assert 1 < rounds < 10_000


def context(domains, *, scale=1.0):
    (_, targets, source), (_, _, target) = domains
    head = LinearHead.from_weights(
        torch.from_numpy(MEANS * scale).float(),
        torch.from_numpy(scale * (np.log(SOURCE) - (MEANS**2).sum(1) / 2)).float(),
    )
    seen = {
        name: Seen(outputs=torch.from_numpy(scale * logits).float(), pooled=torch.Tensor, targets=known, score=None)
        for name, logits, known in (("source", source, targets), ("target", target, None))
    }
    objective = problem_of("multiclass").objective(3, targets)
    return CorrectionContext(
        seen=seen, head=head, problem="multiclass", objective=objective, classes=("a", "b", "c"), seed=0
    )


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_the_corrected_head_is_bayes_under_the_new_shares(scale, domains) -> None:
    """Outputs that are four times too sure are calibrated first: else the shares would be wrong."""
    points, targets, logits = domains[1]
    made = fit(context(domains, scale=scale))
    bayes = shares_of(logits + np.log(TARGET / SOURCE))
    with torch.no_grad():
        said = made.head(Features(pooled=torch.from_numpy(points).float())).softmax(1).numpy()
    np.testing.assert_allclose(said, bayes, atol=0.05)
    before, after = ((said.argmax(1) == targets).mean() for said in (logits, said))
    assert after > before + 0.1
    assert made.report["temperature"] == pytest.approx(scale, rel=0.05)
    assert made.report["target"]["c"] == pytest.approx(0.7, abs=0.02)
    assert made.report["moved"] == pytest.approx(0.5, abs=0.02)


def test_what_is_no_number_is_refused(domains) -> None:
    given = context(domains)
    given.seen["target"].outputs[0, 0] = torch.nan
    with pytest.raises(RunFailedError, match=r"what is no number.*lower --learning-rate"):
        fit(given)


def test_a_class_that_no_held_out_row_has_is_said(domains) -> None:
    given = context(domains)
    source = given.seen["source"]
    rows = torch.from_numpy(np.flatnonzero(source.targets != 2))
    seen = {**given.seen, "source": Seen(outputs=source.outputs[rows], pooled=torch.Tensor,
                                         targets=source.targets[rows.numpy()], score=None)}  # fmt: skip
    made = fit(CorrectionContext(seen=seen, head=given.head, problem="multiclass", objective=given.objective,
                                 classes=given.classes), calibration="none")  # fmt: skip
    assert made.warnings == ["no labelled row that the model was not trained on is of c: its share is hardly known"]
