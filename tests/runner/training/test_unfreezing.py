"""Layers that move one after another: when, and the same in a run that is killed and resumed."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.plan import Part, Phase, Role
from modaxfer.runner.training import loop
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.loop import train_phase
from modaxfer.runner.training.trainable import trainable_parameters
from modaxfer.runner.training.unfreezing import Unfreezing

RATES = {Part.BODY: 1e-3, Part.EMBEDDINGS: 1e-3, Part.HEAD: 1e-2}
PHASE = Phase(trainable=frozenset(RATES), learning_rates=RATES, epochs=4, unfreeze=0.6)


@pytest.fixture(scope="module")
def session(tiny, own_rows, opened):
    settings = {"precision": "fp32", "device": "cpu", "batch_size": 8, "strategy": "full", "set": {"patience": 0}}
    (session,), _, _ = opened(RunConfig(encoder=(str(tiny("bert")),), **settings, **own_rows("text")))
    return session


def test_the_head_moves_first_and_the_embeddings_last(session):
    moving = trainable_parameters([session], PHASE)
    unfreezing = Unfreezing(moving, PHASE)
    seen = []
    for progress in (0.0, 0.2, 0.4, 0.59, 0.6):
        for parameter in moving.values():
            parameter.tensor.grad = torch.ones_like(parameter.tensor)
        unfreezing.hold(progress)
        seen.append({parameter.layer for parameter in moving.values() if parameter.tensor.grad is not None})
    depth = session.model.depth
    assert seen[0] == {depth}
    assert seen[-1] == {-1, *range(depth + 1)}
    assert all(earlier <= later for earlier, later in pairwise(seen))
    assert -1 not in seen[-2]
    closed = unfreezing.closed(0.3)
    assert closed == {id(moving[name].tensor) for name in moving if moving[name].layer not in seen[1]}
    session.model.zero_grad()


def test_at_once_means_at_once(session):
    moving = trainable_parameters([session], Phase(trainable=frozenset(RATES), learning_rates=RATES))
    assert Unfreezing(moving, Phase(trainable=frozenset(RATES), learning_rates=RATES)).closed(0.0) == set()


def test_a_killed_phase_goes_on_where_it_was(session, tmp_path, monkeypatch):
    before = copy.deepcopy(session.model.state_dict())

    def train(folder):
        torch.manual_seed(0)
        train_phase({(Role.TARGET, 0): session}, PHASE, 0, Checkpoints(folder), {})
        return copy.deepcopy(session.model.state_dict())

    whole = train(tmp_path / "whole")
    session.model.load_state_dict(before)
    real = loop._GradientPhase._judge

    def dying(self, judged):
        real(self, judged)
        if self.at.epoch == 2:
            self._save()
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "broken")
    session.model.load_state_dict(before)
    again = train(tmp_path / "broken")
    assert all(torch.equal(again[name], tensor) for name, tensor in whole.items())
    assert not all(torch.equal(before[name], tensor) for name, tensor in whole.items())
