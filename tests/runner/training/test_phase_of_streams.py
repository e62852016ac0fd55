"""Phases of several streams: what is computed once, what is kept for a resumed run, and what chooses."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.plan import (
    SUPERVISED,
    Component,
    Extra,
    Labels,
    LossTerm,
    Part,
    Phase,
    Ramp,
    Reads,
    Refresh,
    Role,
    Stream,
    Together,
    View,
)
from modaxfer.runner.log import RunLog
from modaxfer.runner.training import loop
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.features import entry_point
from modaxfer.runner.training.feed import Moment
from modaxfer.runner.training.loop import train_phase
from modaxfer.runner.training.rhythm import Rhythm
from modaxfer.runner.training.streams import live_rows

RATES = {Part.BODY: 1e-3, Part.HEAD: 1e-2}
GIVEN = replace(SUPERVISED, streams=("given",))
EARLIEST = Component(target="losses_of_tests:Earliest")
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


@pytest.mark.slow
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


def test_predicted_labels_are_what_the_model_says_as_the_phase_begins(session, tmp_path):
    split = session.splits["train"]
    expected = session.logits(split).softmax(1)
    made = loop._GradientPhase(
        {(Role.TARGET, 0): session},
        phase({"given": Stream(), "guessed": Stream(labels=Labels.PREDICTED)}, SUPERVISED),
        0,
        Checkpoints(tmp_path),
        {},
        {},
    )
    rows = np.array([3, 1])
    torch.testing.assert_close(made.streams["guessed"].targets.batch(rows), expected[rows])
    assert made.streams["given"].targets.batch(rows).tolist() == split.targets[rows].tolist()


def renewed():
    """Return a phase whose rows are told each epoch what the model makes of them by then."""
    gaps = Extra(name="gaps", target="losses_of_tests:gaps", options={"of": "given"}, refresh=Refresh.EPOCH)
    teacher = Extra(name="teacher", target="losses_of_tests:teacher")
    streams = {
        "given": Stream(),
        "guessed": Stream(labels=Labels.PREDICTED, refresh=Refresh.EPOCH, extras=(gaps, teacher)),
    }
    nearest = LossTerm(name="nearest", target="losses_of_tests:Nearest", streams=("guessed",))
    return phase(streams, GIVEN, nearest, epochs=3)


def test_each_epoch_is_told_anew_and_a_killed_phase_goes_on_with_what_it_was_told(session, tmp_path, monkeypatch):
    """It is killed in the midst of an epoch, when the model would no longer say what it said as that began."""
    before, real, told = copy.deepcopy(session.model), loop._GradientPhase._refresh, []

    def noting(self):
        real(self)
        stream = self.streams["guessed"]
        told.append({"targets": stream.targets.predicted.clone(), **stream.extras})

    monkeypatch.setattr(loop._GradientPhase, "_refresh", noting)
    torch.manual_seed(0)
    whole = train(session, renewed(), tmp_path / "whole")
    found, unbroken = weights(session), [*told]
    one, two, _ = unbroken
    assert [not torch.equal(one[name], two[name]) for name in ("targets", "gaps", "teacher")] == [True, True, False]
    session.model.load_state_dict(before.state_dict())
    torch.manual_seed(0)
    monkeypatch.setattr(session, "train", replace(session.train, checkpoint_minutes=1e-9))
    record, calls = loop._GradientPhase._record, []

    def dying(self, *arguments):
        calls.append(self)
        if len(calls) == self.steps_per_epoch + 3:
            raise KeyboardInterrupt
        return record(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_record", dying)
        with pytest.raises(KeyboardInterrupt):
            train(session, renewed(), tmp_path / "broken")
    kept = sorted(path.name for path in (tmp_path / "broken").glob("known-*"))
    assert kept == ["known-0-guessed.safetensors", "known-epoch-0-1-guessed.safetensors"]
    session.model.load_state_dict(before.state_dict())
    told.clear()
    resumed = train(session, renewed(), tmp_path / "broken")
    for again, was in zip(told, unbroken[1:], strict=True):
        assert all(torch.equal(again[name], was[name]) for name in was)
    assert resumed.terms == whole.terms
    assert all(torch.equal(tensor, found[name]) for name, tensor in weights(session).items())


def test_a_weak_and_a_strong_view_of_the_same_rows_come_in_one_batch(session, tmp_path):
    strong = ("drop-words=0.5", "swap-words=0.5")
    streams = {"train": Stream(views=(View(), View(transforms=strong)))}
    one = phase(streams, SUPERVISED)
    made = loop._GradientPhase({(Role.TARGET, 0): session}, one, 0, Checkpoints(tmp_path), {}, {})
    stream, rows = made.streams["train"], np.array([5, 2, 7])
    with live_rows(made.streams, 1.0):
        (part,) = stream.parts(rows)
        chunk, again = (stream.chunk(part, rows, Moment(epoch, 0)) for epoch in (0, 1))
    weak, changed = (each.batch["input_ids"].view(2, 3, -1) for each in (chunk, again))
    for place, row in enumerate(part.rows):
        own = torch.from_numpy(session.splits["train"].rows[row]["input_ids"]).to(weak)
        assert all(torch.equal(ids[0, place][: len(own)], own) for ids in (weak, changed))
    assert not torch.equal(weak[0], weak[1])
    assert not torch.equal(weak[1], changed[1])
    assert (chunk.views, len(chunk.targets), stream.feed.augmentations) == (2, 3, strong)
    # The plain loss takes several views of a row as one row.
    assert train(session, one, tmp_path / "trained").terms["supervised"] > 0


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


def test_epochs_before_a_weight_has_risen_are_no_candidates_and_try_no_patience(session, tmp_path):
    """A validator that likes the first epoch best is given the second of four, where the weight is all there."""
    impatient = replace(session, train=replace(session.train, patience=1))
    rising = replace(SUPERVISED, name="rising", weight=Ramp(shape="cosine", until=0.5))
    what = phase({"train": Stream()}, SUPERVISED, rising, epochs=4, validator=EARLIEST)
    report = train(impatient, what, tmp_path / "risen")
    assert (report.best_epoch, report.epochs) == (2, 3)
    at_once = train(impatient, replace(what, losses=(SUPERVISED,)), tmp_path / "at-once")
    assert (at_once.best_epoch, at_once.epochs) == (1, 2)


def test_a_phase_of_short_epochs_waits_twenty_steps_for_a_better_score(session, tmp_path):
    """The first of 4-step epochs is the best by a validator that likes it most: 5 more are waited for, not 3."""
    patient = replace(session, train=replace(session.train, patience=None))
    report = train(patient, phase({"train": Stream()}, SUPERVISED, epochs=9, validator=EARLIEST), tmp_path / "run")
    assert (report.best_epoch, report.epochs, report.steps) == (1, 6, 24)


@pytest.mark.parametrize(("patience", "judged", "saved"), [(0, [2, 4, 5], [3, 5]), (2, [2, 4], [3, 4])])
def test_the_last_epoch_of_a_phase_is_always_judged_and_saved(patience, judged, saved, session, tmp_path, monkeypatch):
    """A phase with patience ends where it has been judged, not between."""
    monkeypatch.setattr(loop, "rhythm_of", lambda *_: Rhythm(patience=patience, judged=2, saved=3))
    seen = {"judged": [], "saved": []}
    real, save = loop._GradientPhase._judge, Checkpoints.save
    monkeypatch.setattr(
        loop._GradientPhase, "_judge", lambda self, told: (seen["judged"].append(self.at.epoch), real(self, told))
    )
    monkeypatch.setattr(
        Checkpoints, "save", lambda self, at, *rest: (seen["saved"].append(at.epoch), save(self, at, *rest))
    )
    report = train(
        session, phase({"train": Stream()}, SUPERVISED, epochs=5, validator=EARLIEST), tmp_path / f"{patience}"
    )
    assert seen == {"judged": judged, "saved": saved}
    assert report.best_epoch == 2
