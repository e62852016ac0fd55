"""AdaMatch: its formulas, and what rows it learns from."""

from __future__ import annotations

import math

import pytest
import torch

from modaxfer.contracts import LossContext, Step, StreamBatch, StreamFacts
from modaxfer.errors import RefusedError
from modaxfer.losses.adamatch import AdaMatch
from modaxfer.losses.pseudo_labels import aligned, followed, moving_mean, relative_threshold, settled
from modaxfer.plan import Role
from modaxfer.problems.criteria.softmax import Softmax


def test_predictions_are_moved_to_the_shares_that_are_wanted() -> None:
    """Berthelot et al. 2022, section 3.2: p * E[p_s] / E[p_t], normalised."""
    shares = torch.tensor([[0.6, 0.4], [0.9, 0.1]])
    wanted, found = torch.tensor([0.5, 0.5]), torch.tensor([0.75, 0.25])
    # 0.6 * 2/3 = 0.4 beside 0.4 * 2 = 0.8; 0.9 * 2/3 = 0.6 beside 0.1 * 2 = 0.2.
    torch.testing.assert_close(aligned(shares, wanted, found), torch.tensor([[1 / 3, 2 / 3], [0.75, 0.25]]))
    torch.testing.assert_close(aligned(shares, wanted, wanted), shares)


def test_the_threshold_follows_the_confidence_on_labelled_rows() -> None:
    """Equation 5: 0.9 * mean(0.9, 0.7) = 0.72."""
    assert relative_threshold(torch.tensor([[0.9, 0.1], [0.3, 0.7]]), 0.9).item() == pytest.approx(0.72)


def test_the_strong_view_follows_the_weak_one_where_that_is_sure() -> None:
    """Equations 6 and 7: cross-entropy against the likeliest class; of even logits over two classes log 2."""
    weak = torch.tensor([[0.8, 0.2], [0.45, 0.55], [0.1, 0.9]])
    losses, above = followed(weak, torch.zeros(3, 2), torch.tensor(0.6))
    assert losses.tolist() == pytest.approx([math.log(2), 0.0, math.log(2)])
    assert above.tolist() == [1, 0, 1]


def test_a_moving_mean_begins_with_the_first() -> None:
    one, two = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    assert moving_mean(two, one, 0.9, first=True).tolist() == [1.0, 0.0]
    assert moving_mean(one, two, 0.75, first=False).tolist() == [0.75, 0.25]


def test_a_moving_mean_forgets_what_it_began_with_in_a_short_run() -> None:
    """Of a first step that says 1 and zeros after it, .999 alone leaves .78 after 250 steps."""
    kept, alone = 1.0, 1.0
    for step in range(1, 250):
        kept *= settled(0.999, step)
        alone *= 0.999
    assert (kept < 1e-6, round(alone, 2)) == (True, 0.78)
    assert settled(0.0, 9) == 0.0
    assert settled(0.999, 10**6) == 0.999


def batch(name: str, weak, strong, targets=None) -> StreamBatch:
    outputs = torch.cat([torch.tensor(weak), torch.tensor(strong)]).log()
    rows = torch.arange(len(weak))
    return StreamBatch(name=name, role=Role.TARGET, rows=rows, targets=targets, views=2, made={"outputs": outputs})


def facts(labelled: bool) -> StreamFacts:
    targets = torch.tensor([0, 1]).numpy() if labelled else None
    criterion = Softmax(classes=2)
    return StreamFacts(role=Role.TARGET, width=4, outputs=2, criterion=criterion, rows=2, targets=targets)


def context(*labelled: bool) -> LossContext:
    return LossContext(streams={str(n): facts(one) for n, one in enumerate(labelled)}, seed=0, start=lambda _: None)


KNOWN = batch("0", [[0.9, 0.1], [0.3, 0.7]], [[0.5, 0.5]] * 2, torch.tensor([0, 1]))


def test_the_loss_is_of_all_unlabelled_rows_and_those_below_the_threshold_count_nothing() -> None:
    """Threshold 0.95 * 0.8 = 0.76: of 0.8 and 0.6 one row is above, and its strong view gives it 0.25."""
    other = batch("1", [[0.8, 0.2], [0.6, 0.4]], [[0.25, 0.75], [0.5, 0.5]])
    made = AdaMatch(context(True, False), align=False)(Step(streams={"0": KNOWN, "1": other}, progress=0.5))
    assert made.losses.item() == pytest.approx(-math.log(0.25) / 2)
    assert {name: value.item() for name, value in made.numbers.items()} == pytest.approx(
        {"above": 0.5, "threshold": 0.76}
    )


def test_aligned_shares_choose_the_label_and_are_remembered_from_step_to_step() -> None:
    """Labelled rows are predicted 0.6 to 0.4, unlabelled ones 0.8 to 0.2: the shares of a row go 3/4 and 2 of it."""
    other = batch("1", [[0.7, 0.3], [0.9, 0.1]], [[0.25, 0.75], [0.5, 0.5]])
    loss = AdaMatch(context(True, False), threshold=0.5, momentum=0.9)
    made = loss(Step(streams={"0": KNOWN, "1": other}, progress=0.5))
    # 0.7 * 0.75 = 0.525 against 0.3 * 2 = 0.6: the row changes sides; 0.9 * 0.75 against 0.1 * 2 does not.
    assert made.losses.item() == pytest.approx(-(math.log(0.75) + math.log(0.5)) / 2)
    assert (loss.wanted.tolist(), loss.found.tolist()) == (pytest.approx([0.6, 0.4]), pytest.approx([0.8, 0.2]))
    turned = batch("1", [[0.3, 0.7], [0.1, 0.9]], [[0.5, 0.5]] * 2)
    loss(Step(streams={"0": KNOWN, "1": turned}, progress=0.6))
    # The second step's momentum is still 2 / 11.
    assert loss.found.tolist() == pytest.approx([(2 * 0.8 + 9 * 0.2) / 11, (2 * 0.2 + 9 * 0.8) / 11])
    assert {"wanted", "found", "steps"} == {name for name, _ in loss.named_buffers()}


def test_no_gradient_goes_through_the_weak_view() -> None:
    logits = torch.zeros(4, 2, requires_grad=True)
    other = StreamBatch(
        name="1", role=Role.TARGET, rows=torch.arange(2), views=2, made={"outputs": logits + torch.tensor([2.0, 0.0])}
    )
    loss = AdaMatch(context(True, False), align=False)
    loss(Step(streams={"0": KNOWN, "1": other}, progress=0.5)).losses.backward()
    assert logits.grad[:2].abs().sum() == 0
    assert (logits.grad[2:].abs().sum(1) > 0).all()


@pytest.mark.parametrize(("labelled", "said"), [((True, True), "all labelled"), ((False,), "all unlabelled")])
def test_it_needs_labelled_rows_and_others(labelled, said) -> None:
    with pytest.raises(RefusedError, match=f"compares labelled rows with others. Got: streams that are {said}"):
        AdaMatch(context(*labelled))
