"""Losses of a phase, built from its plan and held to what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from modaxfer.contracts import LossContext, Step, StreamBatch, StreamFacts
from modaxfer.errors import HiddenTargetsError, PluginFaultError, RunFailedError
from modaxfer.losses.build import Term, build_combiner, build_terms
from modaxfer.plan import SUPERVISED, Labels, LossTerm, Part, Phase, Ramp, Role, Stream
from modaxfer.registry import problem_of

HEAD = {"trainable": frozenset({Part.HEAD}), "learning_rates": {Part.HEAD: 1e-3}}
LEARNED = LossTerm(name="own", target="losses_of_tests:Learned", weight=Ramp(shape="linear", end=2.0))


def context(*names):
    targets = np.array([0, 1, 1])
    criterion = problem_of("binary").criterion(2, targets)
    facts = StreamFacts(role=Role.TARGET, width=4, outputs=2, criterion=criterion, rows=3, targets=targets)
    return LossContext(streams=dict.fromkeys(names, facts), seed=0, start=nn.Identity)


def batch(targets=None):
    made = {"outputs": torch.zeros(3, 2)}
    return StreamBatch(name="train", role=Role.TARGET, rows=torch.arange(3), targets=targets, made=made)


def called(function, *, joint=False, targets=None):
    """Call a term whose module is `function` of the step."""
    module = type("Made", (nn.Module,), {"forward": lambda self, step: function(step)})()
    term = Term(spec=LossTerm(name="x", target="a:B", joint=joint), streams=("train",), module=module)
    return term(Step(streams={"train": batch(targets)}, progress=0.0))


def test_a_term_of_several_streams_has_a_loss_for_each() -> None:
    streams = {"one": Stream(), "other": Stream(labels=Labels.HIDDEN)}
    phase = Phase(**HEAD, streams=streams, losses=(SUPERVISED, LEARNED))
    terms = build_terms(phase, context("one", "other"))
    assert terms["own"].names == ("own.one", "own.other")
    assert [terms["own"].weight(progress) for progress in (0.0, 0.5, 1.0)] == [0.0, 1.0, 2.0]
    assert terms["supervised"].total("one", torch.tensor([0, 1]), 2) == 2.0
    assert build_combiner(phase, terms).names == ("supervised.one", "supervised.other", "own.one", "own.other")
    alone = Phase(**HEAD, losses=(LEARNED,))
    assert build_terms(alone, context("train"))["own"].names == ("own",)


def test_building_a_loss_draws_from_a_state_of_its_own() -> None:
    phase = Phase(**HEAD, losses=(SUPERVISED, LossTerm(name="drawn", target="losses_of_tests:Drawn")))
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    made = [build_terms(phase, context("train"), number)["drawn"].module.weight for number in (0, 0, 1)]
    assert torch.equal(torch.rand(4), expected)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


@pytest.mark.parametrize(
    ("made", "joint", "message"),
    [
        (
            torch.tensor(1.0),
            False,
            r"loss x does not give one number per row \(test_losses.*\). Got: shape \[\]. Allowed: shape \[3\], ",
        ),
        (torch.zeros(3), True, r"loss x does not give a single number \(.*\). Got: shape \[3\]. Allowed: shape \[\], "),
        (1.0, True, r"loss x does not give a single number \(.*\). Got: float"),
    ],
)
def test_a_loss_is_of_the_shape_that_it_promises(made, joint, message) -> None:
    with pytest.raises(RunFailedError, match=message):
        called(lambda step: made, joint=joint)


def test_a_loss_that_reaches_for_hidden_targets_is_told_so() -> None:
    reach = lambda step: nn.functional.cross_entropy(step.only.outputs, step.only.targets, reduction="none")  # noqa: E731
    assert called(reach, targets=torch.tensor([0, 1, 1])).losses.shape == (3,)
    with pytest.raises(HiddenTargetsError, match=r"are read: loss x fails with TypeError: .*; stream train"):
        called(reach)
    with pytest.raises(HiddenTargetsError, match=r"hidden targets are read: stream train has none"):
        called(lambda step: step.only.known_targets())


def test_another_mistake_of_a_loss_is_its_own() -> None:
    with pytest.raises(PluginFaultError, match=r"loss x failed .*no attribute 'outptus'"):
        called(lambda step: step.only.outptus, targets=torch.tensor([0, 1, 1]))
