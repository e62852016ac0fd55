"""A solver is given frozen features of its phase's streams, of each encoder; where labels are hidden, no target."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from modaxfer.api import make_config
from modaxfer.config import RunConfig
from modaxfer.contracts import Fitted, Readout
from modaxfer.errors import RefusedError
from modaxfer.heads.linear import LinearHead
from modaxfer.plan import Labels, Part, Phase, Role, Solver, Stream
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.training import solve
from modaxfer.runner.training.features import head_inputs
from modaxfer.runner.training.solve import solve_phase
from modaxfer.strategies import frozen, fusion

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
        vectors = torch.from_numpy(context.features["seen"][0].train[:, -1, 1]).float()
        targets = context.targets["seen"]["train"]
        means = torch.stack([vectors[torch.from_numpy(targets == label)].mean(0) for label in range(10)])
        head = LinearHead.from_weights(means, -means.square().sum(1) / 2)
        readout = Readout(layers=(context.features["seen"][0].layers - 1,), pooling="mean")
        report = {"head": "means", "left_out": ["no ties"]}
        return Fitted(readouts=(readout,), head=head, criterion=options, report=report)

    return fit


def test_each_stream_has_the_features_of_its_task_and_hidden_labels_are_not_there(sessions, monkeypatch):
    given = []
    monkeypatch.setattr(solve, "call_target", lambda _, *context, kind: means_solver(given)(*context))
    target, source = sessions[Role.TARGET, 0], sessions[Role.SOURCE, 0]
    solver = Solver(target="tests:means", options=target.criterion)
    phase = Phase(trainable=frozenset({Part.HEAD}), streams=STREAMS, solver=solver)
    report = solve_phase(sessions, phase, 0, ("0", "1"))
    ((context, options),) = given
    assert options is target.criterion
    assert context.targets["unseen"] == {}
    assert sorted(context.targets["seen"]) == ["train", "validation"]
    for name, session in (("seen", source), ("unseen", target)):
        assert len(context.features[name][0].train) == len(session.splits["train"].lengths)
        assert len(context.features[name][0].validation) == len(session.splits["validation"].lengths)
    assert not np.array_equal(context.features["seen"][0].train[0], context.features["unseen"][0].train[0])
    assert (context.problem, context.classes, context.seed) == ("multiclass", ("0", "1"), target.seed)
    assert (report["head"], target.warnings[-1]) == ("means", "no ties")
    assert target.model.readout.pooling == "mean"
    # What is fitted is what the target's rows are scored by.
    vectors = torch.from_numpy(context.features["unseen"][0].validation[:, -1, 1]).float()
    nearest = (target.model.head.linear(vectors)).argmax(1).numpy()
    assert np.array_equal(target.predict(target.splits["validation"]).predictions, nearest)


@pytest.fixture(scope="module")
def fused(tiny, opened, own_rows):
    """A session of pictures with texts, of which every fourth row lacks its picture, and what asks for it."""
    rows = own_rows("image+text")
    with Path(rows["data"]).open(newline="") as file:
        table = list(csv.DictReader(file))
    for number, row in enumerate(table):
        row["image0"] *= number % 4 != 0
    gaps = Path(rows["data"]).with_name("some_pictures.csv")
    with gaps.open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    request = make_config(
        encoder=(str(tiny("vit")), str(tiny("bert"))), strategy="fusion", device="cpu", **rows | {"data": str(gaps)}
    )
    (session,), _, _ = opened(request)
    return session, request


def test_each_encoder_has_features_of_its_own_and_says_which_rows_it_has_nothing_of(fused, monkeypatch):
    session, _ = fused
    given = []

    def first_layers(context, options):
        given.append(context.only_stream())
        (pictures, texts), _ = given[-1]
        width = 2 + pictures.train.shape[3] + texts.train.shape[3]
        weight = torch.randn(2, width, generator=torch.Generator().manual_seed(0))
        readouts = Readout(layers=(0,), pooling="cls"), Readout(layers=(1,), pooling="mean")
        head = LinearHead.from_weights(weight, torch.zeros(2))
        return Fitted(readouts=readouts, head=head, criterion=session.criterion, report={"head": "random"})

    monkeypatch.setattr(solve, "call_target", lambda _, *context, kind: first_layers(*context))
    phase = Phase(trainable=frozenset({Part.HEAD}), solver=Solver(target="tests:first", several=True))
    solve_phase({(Role.TARGET, 0): session}, phase, 0, ("high", "low"))
    ((pictures, texts), targets) = given[0]
    rows = {name: len(split.lengths) for name, split in session.splits.items()}
    for features in (pictures, texts):
        assert (len(features.train), len(features.validation)) == (rows["train"], rows["validation"])
        assert {name: len(there) for name, there in features.there.items()} == {
            name: rows[name] for name in ("train", "validation")
        }
    assert texts.there["train"].all()
    lacking = [not session.splits["train"].rows[row]["0.present"] for row in range(rows["train"])]
    assert 0 < sum(lacking) < rows["train"]
    assert np.array_equal(pictures.there["train"], ~np.array(lacking))
    assert len(targets["train"]) == rows["train"]
    # What the head is given again from what is known is what the encoders say of the rows.
    known = head_inputs(session, "train")
    assert torch.allclose(known, session.vectors(session.splits["train"]), atol=1e-5)


def test_a_solver_of_one_encoder_is_refused_with_several_before_weights_are_loaded(fused, monkeypatch):
    monkeypatch.setattr(fusion, "plan", lambda options, context: frozen.plan(frozen.FrozenOptions(), context))
    message = r"strategy fusion solves for a head on the features of one encoder.*2 encoders, phase solve.*several"
    with pytest.raises(RefusedError, match=message):
        resolve_tasks(fused[1])


def test_a_phase_without_a_solver_is_refused(sessions):
    phase = Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1.0}, name="plain")
    with pytest.raises(RefusedError, match=r"phase plain has no solver.*correct the plan of the strategy"):
        solve_phase(sessions, phase, 0, ())
