"""Phases of several streams: what is computed once, what is kept for a resumed run, and what chooses."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.plan import SUPERVISED, Component, Extra, Labels, LossTerm, Part, Phase, Reads, Role, Stream, Together
from modaxfer.runner.log import RunLog
from modaxfer.runner.training import loop
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.features import entry_point
from modaxfer.runner.training.loop import train_phase

RATES = {Part.BODY: 1e-3, Part.HEAD: 1e-2}
GIVEN = replace(SUPERVISED, streams=("given",))
EVERYTHING = frozenset({Reads.OUTPUTS, Reads.INPUTS})


@pytest.fixture
def session(tiny, own_rows, opened):
    settings = {"precision": "fp32", "device": "cpu", "batch_size": 8, "strategy": "full", "set": {"patience": 0}}
    (session,), _, _ = opened(RunConfig(encoder=(str(tiny("bert")),), **settings, **own_rows("text")))
    return session


def phase(streams, *losses, **changes):
    values = {"trainable": frozenset(RATES), "learning_rates": RATES, "epochs": 2, "mixing": Together()}
    return Phase(streams=streams, losses=losses, **values | changes)


def train(session, what, folder):
    report, _ = train_phase({(Role.TARGET, 0): session}, what, 0, Checkpoints(folder), {})
    return report


def weights(session):
    return {name: tensor.clone() for name, tensor in session.model.state_dict().items()}


def distilled():
    """Return a phase with what is computed once and what only a checkpoint knows."""
    streams = {
        "given": Stream(),
        "hidden": Stream(labels=Labels.HIDDEN, extras=(Extra(name="teacher", target="losses_of_tests:teacher"),)),
        "guessed": Stream(labels=Labels.PREDICTED, split="train"),
        "judge": Stream(labels=Labels.HIDDEN, split="validation"),
    }
    distil = LossTerm(name="distil", target="losses_of_tests:Distil", reads=EVERYTHING, streams=("hidden",))
    learned = LossTerm(name="own", target="losses_of_tests:Learned", streams=("judge",), learning_rate=1e-2)
    return phase(streams, replace(SUPERVISED, streams=("given", "guessed")), distil, learned)


def test_a_killed_phase_goes_on_with_what_was_computed_and_learned(session, tmp_path, monkeypatch):
    before = copy.deepcopy(session.model)
    whole = train(session, distilled(), tmp_path / "whole")
    found = weights(session)
    assert {*whole.terms} == {"supervised.given", "supervised.guessed", "distil", "own"}
    session.model.load_state_dict(before.state_dict())
    torch.manual_seed(0)
    monkeypatch.setattr(session, "train", replace(session.train, checkpoint_minutes=1e-9))
    real, calls = loop._GradientPhase._record, []

    def dying(self, *arguments):
        calls.append(self)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_record", dying)
        with pytest.raises(KeyboardInterrupt):
            train(session, distilled(), tmp_path / "broken")
    session.model.load_state_dict(before.state_dict())
    resumed = train(session, distilled(), tmp_path / "broken")
    assert resumed.terms == whole.terms
    assert all(torch.equal(tensor, found[name]) for name, tensor in weights(session).items())


def test_predicted_labels_are_those_of_the_model_as_the_phase_begins(session, tmp_path):
    split = session.splits["train"]
    expected = session.objective.decode(session.logits(split))[0]
    made = loop._GradientPhase(
        {(Role.TARGET, 0): session},
        phase({"given": Stream(), "guessed": Stream(labels=Labels.PREDICTED)}, SUPERVISED),
        0,
        Checkpoints(tmp_path),
        {},
        {},
    )
    assert made.streams["guessed"].targets.tolist() == expected.tolist()
    assert made.streams["given"].targets is split.targets


def test_a_combiner_may_ask_for_all_losses_of_a_step(session, tmp_path):
    streams = {"given": Stream(), "other": Stream()}
    session.train = replace(session.train, accumulation=2)
    report = train(session, phase(streams, SUPERVISED, combine=Component(target="losses_of_tests:Largest")), tmp_path)
    assert {*report.terms} == {"supervised.given", "supervised.other"}


def test_a_measure_is_logged_and_decides_nothing(session, tmp_path):
    before = copy.deepcopy(session.model.state_dict())
    streams = {"given": Stream(), "hidden": Stream(labels=Labels.HIDDEN)}
    train(session, phase(streams, GIVEN), tmp_path / "plain")
    plain = weights(session)
    session.model.load_state_dict(before)
    session.log = RunLog(tmp_path / "log.jsonl")
    train(
        session,
        phase(streams, GIVEN, measure=Component(target="losses_of_tests:spread", options={"of": "the outputs"})),
        tmp_path / "measured",
    )
    assert all(torch.equal(tensor, plain[name]) for name, tensor in weights(session).items())
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    # No loss takes the hidden stream: it is measured, and no step is drawn from it.
    assert next([*line["terms"]] for line in lines if "terms" in line) == ["supervised"]
    judged = [line for line in lines if "validation" in line]
    assert [{*line["measured"]} for line in judged] == [
        {"spread of the outputs of given", "spread of the outputs of hidden"}
    ] * 2
    assert [line["score"] for line in judged] == pytest.approx([line["validation"]["accuracy"] for line in judged])


def test_what_a_loss_reads_bounds_what_comes_from_the_cache(session):
    session.model.set_trainable(Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3}))
    top = session.model.top
    pooled = entry_point(session, "train", {Reads.POOLED, Reads.OUTPUTS})
    assert (pooled.layer, [*pooled.rows[0]]) == (top, ["pooled"])
    tokens = entry_point(session, "train", {Reads.TOKENS})
    assert (tokens.layer, tokens.rows[0]["states"].shape[0]) == (top, session.splits["train"].lengths[0])
    inputs = entry_point(session, "train", {Reads.INPUTS})
    assert (inputs.layer, inputs.rows) == (0, session.splits["train"].rows)
    batch = session.computer.place(tokens.collate([tokens.rows[row] for row in range(3)]))
    plain = session.computer.place(inputs.collate([inputs.rows[row] for row in range(3)]))
    session.model.eval()
    with torch.no_grad():
        cached, fresh = session.model.features(batch, top), session.model.features(plain)
    torch.testing.assert_close(cached.tokens[cached.mask], fresh.tokens[fresh.mask], rtol=1e-4, atol=1e-5)
