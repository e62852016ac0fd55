"""A corrected head is what Bayes says under the target's shares of the classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.contracts import CorrectionContext, Features, Seen
from modaxfer.corrections.label_shift import fit
from modaxfer.errors import RunFailedError
from modaxfer.heads.linear import LinearHead
from modaxfer.registry import problem_of
from three_gaussians import MEANS, SOURCE, TARGET, drawn, shares_of


@pytest.fixture(scope="module")
def domains():
    return drawn(SOURCE, 20_000, 0), drawn(TARGET, 20_000, 1)


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
    criterion = problem_of("multiclass").criterion(3, targets)
    return CorrectionContext(
        seen=seen, head=head, problem="multiclass", criterion=criterion, classes=("a", "b", "c"), seed=0
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
    made = fit(CorrectionContext(seen=seen, head=given.head, problem="multiclass", criterion=given.criterion,
                                 classes=given.classes), calibration="none")  # fmt: skip
    assert made.warnings == ["no labelled row that the model was not trained on is of c: its share is hardly known"]
