"""Losses of parameters: once per step however it is cut, true to their starts, and the same when resumed."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from modaxfer.config import RunConfig, TrainOptions
from modaxfer.errors import RefusedError
from modaxfer.plan import SUPERVISED, Alternate, LossTerm, Part, Phase, Reads, Role, Stream
from modaxfer.runner.training import loop
from modaxfer.runner.training.anchors import run_start
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.loop import train_phase
from modaxfer.runner.training.optimiser import make_optimiser

RATES = {Part.BODY: 1e-3, Part.HEAD: 1e-2}
HELD = LossTerm(
    name="held", target="losses_of_tests:Held", joint=True, reads=frozenset({Reads.PARAMETERS}), weight=10.0
)
ALL = Phase(trainable=frozenset(RATES), learning_rates=RATES, epochs=2, losses=(SUPERVISED, HELD))
HEAD = Phase(name="head", trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-2}, epochs=1)


@pytest.fixture(scope="module")
def start(tiny, own_rows, opened):
    settings = {"precision": "fp32", "device": "cpu", "batch_size": 8, "strategy": "full", "set": {"patience": 0}}
    (session,), _, _ = opened(RunConfig(encoder=(str(tiny("bert")),), **settings, **own_rows("text")))
    return session, copy.deepcopy(session.model.state_dict())


@pytest.fixture
def session(start):
    session, state = start
    session.model.load_state_dict(state)
    torch.manual_seed(0)
    return session


def train(session, phases, folder):
    sessions, checkpoints, trained = {(Role.TARGET, 0): session}, Checkpoints(folder), {}
    first = run_start(sessions, phases, checkpoints)
    done = checkpoints.load()
    reports = [
        train_phase(sessions, phase, number, checkpoints, trained, first)[0]
        for number, phase in enumerate(phases)
        if done is None or number >= done[0].phase
    ]
    return reports, {name: tensor.clone() for name, tensor in session.model.state_dict().items()}


def test_it_counts_once_however_a_step_is_cut(session, start, tmp_path, monkeypatch):
    (whole,), _ = train(session, [ALL], tmp_path / "whole")
    session.model.load_state_dict(start[1])
    torch.manual_seed(0)
    monkeypatch.setattr(session, "train", replace(session.train, accumulation=4))
    (cut,), _ = train(session, [ALL], tmp_path / "cut")
    assert whole.terms["held"] > 0
    assert cut.terms == pytest.approx(whole.terms, rel=1e-3)


def test_it_holds(session, start, tmp_path):
    free = train(session, [replace(ALL, losses=(SUPERVISED,))], tmp_path / "free")[1]
    session.model.load_state_dict(start[1])
    held = train(session, [ALL], tmp_path / "held")[1]

    def moved(state):
        return sum((state[name] - start[1][name]).square().sum() for name in state if "encoder" in name)

    assert moved(held) < 0.5 * moved(free)


def test_a_killed_run_is_held_to_the_same_starts(session, start, tmp_path, monkeypatch):
    phases = [HEAD, ALL]
    reports, weights = train(session, phases, tmp_path / "whole")
    session.model.load_state_dict(start[1])
    torch.manual_seed(0)
    real = loop._GradientPhase._judge

    def dying(self, judged):
        real(self, judged)
        if self.phase.name == ALL.name:
            self._save()
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            train(session, phases, tmp_path / "broken")
    session.model.load_state_dict(start[1])
    resumed, again = train(session, phases, tmp_path / "broken")
    assert resumed[-1].terms == reports[-1].terms
    for name, tensor in weights.items():
        torch.testing.assert_close(again[name], tensor, rtol=0, atol=0)


def test_what_is_held_does_not_decay(session):
    from modaxfer.runner.training.trainable import trainable_parameters

    phase = replace(ALL, no_decay=frozenset({Part.BODY}))
    moving = trainable_parameters([session], phase)
    groups = make_optimiser(moving, phase, TrainOptions(weight_decay=0.1)).param_groups
    decay = {id(tensor): group["weight_decay"] for group in groups for tensor in group["params"]}
    wanted = {name: 0.1 if each.part is Part.HEAD and each.tensor.ndim > 1 else 0.0 for name, each in moving.items()}
    assert {name: decay[id(each.tensor)] for name, each in moving.items()} == wanted


def test_it_takes_no_streams_and_so_none_together():
    two = {"one": Stream(), "other": Stream(task=1)}
    phase = replace(ALL, streams=two, mixing=Alternate())
    assert phase.streams_of(HELD) == ()
    assert phase.drawn == ("one", "other")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joint": False}, r"loss held reads parameters, which are no row's.*set joint=True"),
        ({"streams": ("train",)}, r"loss held reads parameters alone and names streams.*leave streams out"),
    ],
)
def test_terms_that_cannot_be_are_refused(changes, message):
    with pytest.raises(RefusedError, match=message):
        replace(HELD, **changes)


def test_a_phase_of_nothing_but_parameters_is_refused():
    with pytest.raises(RefusedError, match="phase train has no loss that takes rows"):
        replace(ALL, losses=(HELD,))
