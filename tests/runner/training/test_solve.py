"""A solver is given frozen features of its phase's streams, and of a stream whose labels are hidden no target."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.contracts import Fitted, Readout
from modaxfer.errors import RefusedError
from modaxfer.heads.linear import LinearHead
from modaxfer.plan import Labels, Part, Phase, Role, Solver, Stream
from modaxfer.runner.training import solve
from modaxfer.runner.training.solve import solve_phase

STREAMS = {"seen": Stream(role=Role.SOURCE), "unseen": Stream(labels=Labels.HIDDEN)}


@pytest.fixture(scope="module")
def sessions(tiny, opened):
    """Digits twice, drawn by two seeds: one as target, one as source."""
    found = {}
    for role, seed in ((Role.TARGET, 0), (Role.SOURCE, 1)):
        request = RunConfig(
            encoder=(str(tiny("vit")),), task=("digits",), strategy="frozen", limit=60, seed=seed, device="cpu"
        )
        (found[role, 0],), _, _ = opened(request)
    return found


def means_solver(given):
    """Return a solver that takes the last layer's mean vectors to the class whose training mean is nearest."""

    def fit(context, options):
        given.append((context, options))
        vectors = torch.from_numpy(context.features["seen"].train[:, -1, 1]).float()
        targets = context.targets["seen"]["train"]
        means = torch.stack([vectors[torch.from_numpy(targets == label)].mean(0) for label in range(10)])
        head = LinearHead.from_weights(means, -means.square().sum(1) / 2)
        readout = Readout(layers=(context.features["seen"].layers - 1,), pooling="mean")
        return Fitted(readout=readout, head=head, objective=options, report={"head": "means", "left_out": ["no ties"]})

    return fit


def test_each_stream_has_the_features_of_its_task_and_hidden_labels_are_not_there(sessions, monkeypatch):
    given = []
    monkeypatch.setattr(solve, "load_target", lambda target: means_solver(given))
    target, source = sessions[Role.TARGET, 0], sessions[Role.SOURCE, 0]
    solver = Solver(target="tests:means", options=target.objective)
    phase = Phase(trainable=frozenset({Part.HEAD}), streams=STREAMS, solver=solver)
    report = solve_phase(sessions, phase, 0, ("0", "1"))
    ((context, options),) = given
    assert options is target.objective
    assert context.targets["unseen"] == {}
    assert sorted(context.targets["seen"]) == ["train", "validation"]
    for name, session in (("seen", source), ("unseen", target)):
        assert len(context.features[name].train) == len(session.splits["train"].lengths)
        assert len(context.features[name].validation) == len(session.splits["validation"].lengths)
    assert not np.array_equal(context.features["seen"].train[0], context.features["unseen"].train[0])
    assert (context.problem, context.classes, context.seed) == ("multiclass", ("0", "1"), target.seed)
    assert (report["head"], target.warnings[-1]) == ("means", "no ties")
    assert target.model.readout.pooling == "mean"
    # What is fitted is what the target's rows are scored by.
    vectors = torch.from_numpy(context.features["unseen"].validation[:, -1, 1]).float()
    nearest = (target.model.head.linear(vectors)).argmax(1).numpy()
    assert np.array_equal(target.predict(target.splits["validation"]).predictions, nearest)


def test_a_phase_without_a_solver_is_refused(sessions):
    phase = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1.0}, name="plain")
    with pytest.raises(RefusedError, match=r"phase plain has no solver.*correct the plan of the strategy"):
        solve_phase(sessions, phase, 0, ())
