"""Of a large table of word embeddings the rows that texts name are trained, as the whole table would be."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from modaxfer.config import RunConfig
from modaxfer.errors import RunFailedError
from modaxfer.plan import SUPERVISED, Component, Labels, LossTerm, Part, Phase, Reads, Refresh, Role, Stream
from modaxfer.runner.model import tower
from modaxfer.runner.rows.encode import Computer
from modaxfer.runner.training import loop, named_rows
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.loop import train_phase
from modaxfer.runner.training.vocabulary import Vocabulary
from modaxfer.testing.material import tiny_models

WORDS = 40_000
RATES = {Part.BODY: 1e-3, Part.EMBEDDINGS: 1e-3, Part.HEAD: 1e-2}
ALL = Phase(trainable=frozenset(RATES), learning_rates=RATES, epochs=2)
TABLE = "towers.0.encoder.embeddings.word_embeddings.weight"
WINDOWS = {"encoder.long": "mean_of_windows", "encoder.max_tokens": 6}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "bert"
    tiny_models.save("bert", folder, vocab_size=WORDS)
    return folder


@pytest.fixture(scope="module")
def starts(folder, own_rows, opened):
    made = {}

    def start(**settings):
        key = tuple(sorted(settings.items()))
        if key not in made:
            (session,), _, _ = opened(
                RunConfig(
                    encoder=(str(folder),),
                    strategy="full",
                    precision="fp32",
                    device="cpu",
                    batch_size=8,
                    set={"patience": 0, **settings},
                    **own_rows("text"),
                )
            )
            made[key] = session, copy.deepcopy(session.model.state_dict())
        session, state = made[key]
        session.model.load_state_dict(state)
        return session

    return start


@pytest.fixture
def session(starts):
    return starts()


def train(session, folder, start=None, *, whole=False, phase=ALL):
    """Return the report and weights of a phase: of named rows, or of the whole table as it was always trained."""
    if start is not None:
        session.model.load_state_dict(start)
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        if whole:
            patch.setattr(loop, "vocabularies", lambda *given: {})
        report, _ = train_phase({(Role.TARGET, 0): session}, phase, 0, Checkpoints(folder), {})
    return report, {name: tensor.clone() for name, tensor in session.model.state_dict().items()}


def opened_phase(session, folder, phase=ALL):
    return loop._GradientPhase({(Role.TARGET, 0): session}, phase, 0, Checkpoints(folder), {}, {})


@pytest.mark.parametrize("settings", [{}, WINDOWS, {"accumulation": 3}], ids=["whole", "windows", "passes"])
def test_steps_are_those_of_the_whole_table(settings, starts, tmp_path, monkeypatch):
    monkeypatch.setattr(tower, "STRETCH", 60)  # Windows are computed again on the way back.
    session = starts(**settings, weight_decay=0.0, clip_norm=0.0)
    start = copy.deepcopy(session.model.state_dict())
    assert [*opened_phase(session, tmp_path).words] == [TABLE]
    report, named = train(session, tmp_path / "named", start)
    whole_report, whole = train(session, tmp_path / "whole", start, whole=True)
    assert not torch.equal(named[TABLE], start[TABLE])
    for name, tensor in whole.items():
        torch.testing.assert_close(named[name], tensor, rtol=0, atol=0)
    assert replace(report, seconds=0.0) == replace(whole_report, seconds=0.0)
    assert report.trainable > WORDS * 32


def test_rows_that_nothing_names_do_not_decay(session, tmp_path, monkeypatch):
    monkeypatch.setattr(session, "train", replace(session.train, weight_decay=0.1, clip_norm=0.01))
    start = copy.deepcopy(session.model.state_dict())
    rows = opened_phase(session, tmp_path).words[TABLE].rows
    named, whole = (train(session, tmp_path / f"{way}", start, whole=way)[1] for way in (False, True))
    other = torch.ones(WORDS, dtype=torch.bool).index_fill(0, rows, False)
    assert 0 in rows, "what pads is named"
    assert torch.equal(named[TABLE][other], start[TABLE][other])
    assert not torch.equal(whole[TABLE][other], start[TABLE][other])
    torch.testing.assert_close(named[TABLE][rows], whole[TABLE][rows], rtol=0, atol=1e-6)
    for name in named.keys() - {TABLE}:
        torch.testing.assert_close(named[name], whole[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("killed", "resumed"), [(False, False), (True, False), (False, True)])
def test_a_killed_phase_goes_on(killed, resumed, session, tmp_path, monkeypatch):
    """In the same way, and in the other: elsewhere it may be of several processes."""
    monkeypatch.setattr(session, "train", replace(session.train, weight_decay=0.0, clip_norm=0.0))
    start = copy.deepcopy(session.model.state_dict())
    report, unbroken = train(session, tmp_path / "unbroken", start, whole=resumed)
    real = loop._GradientPhase._judge

    def dying(self, judged):
        real(self, judged)
        self._save()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            train(session, tmp_path / "broken", start, whole=killed)
    again_report, again = train(session, tmp_path / "broken", start, whole=resumed)
    assert again_report.terms == pytest.approx(report.terms, rel=1e-6)
    for name, tensor in unbroken.items():
        torch.testing.assert_close(again[name], tensor, rtol=0, atol=0)


def test_a_checkpoint_has_moments_of_named_rows(session, tmp_path):
    phase = opened_phase(session, tmp_path)
    phase.run()
    phase.total = 100  # As if steps were left: else no moments are kept.
    phase._save()
    _, state = Checkpoints(tmp_path).load()
    named = phase.words[TABLE].rows
    assert torch.equal(state[f"rows.{TABLE}"], named)
    assert state[f"moment.{TABLE}.exp_avg"].shape == (len(named), 32)
    assert state[f"now.{TABLE}"].shape == (WORDS, 32)


EACH = Stream(labels=Labels.PREDICTED, refresh=Refresh.EPOCH)
SQUARES = LossTerm(name="squares", target="losses_of_tests:Rows")
OTHER_PHASES = {
    "rates of layers": {"auto_rgn": True},
    "unfreezing": {"unfreeze": 0.5},
    "inputs": {"losses": (SUPERVISED, replace(SQUARES, reads=frozenset({Reads.OUTPUTS, Reads.INPUTS})))},
    "parameters": {
        "losses": (
            SUPERVISED,
            replace(SQUARES, target="losses_of_tests:Held", joint=True, reads=frozenset({Reads.PARAMETERS})),
        )
    },
    "gradients by loss": {"losses": (SUPERVISED, SQUARES), "combine": Component(target="losses_of_tests:ByLoss")},
    "rows made again": {"streams": {"train": Stream(transforms=("drop-words",))}},
    "labels made again": {"streams": {"train": EACH}},
    "embeddings that stay": {"from_layer": 1},
}


@pytest.mark.parametrize("changes", OTHER_PHASES.values(), ids=OTHER_PHASES.keys())
def test_other_phases_train_the_whole_table(changes, session, tmp_path):
    assert opened_phase(session, tmp_path, replace(ALL, **changes)).words == {}


ELSEWHERE = {
    "processes": lambda session: {"accelerator": SimpleNamespace(num_processes=2)},
    "shards": lambda session: {"cut": object()},
    "privacy": lambda session: {"privacy": object()},
    "another device": lambda session: {"computer": Computer(torch.device("meta"), "fp32")},
}


@pytest.mark.parametrize("changes", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_the_whole_table_is_trained_elsewhere(changes, session, tmp_path):
    phase = opened_phase(session, tmp_path)
    other = replace(session, **changes(session))
    assert named_rows.vocabularies(ALL, session, phase.streams, phase.module, phase.trainable)
    assert named_rows.vocabularies(ALL, other, phase.streams, phase.module, phase.trainable) == {}


def test_two_models_train_the_whole_table(session, tmp_path):
    phase = opened_phase(session, tmp_path)
    phase.module.models.append(session.model)
    assert named_rows.vocabularies(ALL, session, phase.streams, phase.module, phase.trainable) == {}


def sharing(table, tower, patch):
    decoder = nn.Linear(32, WORDS, bias=False)
    decoder.weight = table.weight
    patch.setitem(tower.encoder._modules, "decoder", decoder)


TABLES = {
    "shared": sharing,
    "with hooks": lambda table, tower, patch: patch.setitem(table._forward_hooks, 1, lambda *given: None),
    "of another kind": lambda table, tower, patch: patch.setattr(table, "__class__", type("Own", (nn.Embedding,), {})),
    "with a largest norm": lambda table, tower, patch: patch.setattr(table, "max_norm", 1.0),
    "behind a bridge": lambda table, tower, patch: patch.setitem(vars(tower), "bridge", nn.Identity()),
    "in a layer": lambda table, tower, patch: patch.setitem(tower.encoder.layers[0]._modules, "words", table),
    "not in front": lambda table, tower, patch: patch.setattr(type(tower.encoder), "front", ()),
    "small": lambda table, tower, patch: patch.setattr(named_rows, "LEAST_SPARED", WORDS * 32),
    "named for the most part": lambda table, tower, patch: patch.setattr(named_rows, "MOST_NAMED", 1e-4),
}


@pytest.mark.parametrize("change", TABLES.values(), ids=TABLES.keys())
def test_other_tables_are_trained_as_they_stand(change, session, tmp_path, monkeypatch):
    (only,) = session.model.towers
    change(only.encoder.embeddings.word_embeddings, only, monkeypatch)
    assert opened_phase(session, tmp_path).words == {}


@pytest.fixture
def read_by_the_head(session):
    table = session.model.encoder.embeddings.word_embeddings
    handle = session.model.head.register_forward_hook(lambda module, inputs, output: output + table.weight[7].sum())
    yield table
    handle.remove()


def test_a_table_that_something_else_reads_is_trained_as_it_stands(read_by_the_head, session, tmp_path):
    assert opened_phase(session, tmp_path).words == {}
    train(session, tmp_path)
    assert not read_by_the_head._forward_hooks


def test_whoever_begins_to_read_the_table_later_is_found_out(read_by_the_head, session, tmp_path, monkeypatch):
    monkeypatch.setattr(named_rows, "_only_source", lambda *_, **__: True)
    with pytest.raises(RunFailedError, match="has a gradient that no step was given"):
        train(session, tmp_path)
    assert not read_by_the_head._forward_hooks


def test_a_row_that_nothing_named_is_an_error_and_not_another_row():
    table = nn.Embedding(5, 2, padding_idx=3)
    vocabulary = Vocabulary("words", table, torch.tensor([1, 3, 4]))
    with vocabulary.looked_up():
        assert torch.equal(table(input=torch.tensor([4, 3])), table.weight[[4, 3]])
        table(torch.tensor([4, 3])).sum().backward()
        with pytest.raises(RunFailedError, match="asked for a row that no text of the phase names"):
            table(torch.tensor([2]))
        with torch.no_grad():
            assert torch.equal(table(torch.tensor([2])), table.weight[[2]])
    assert vocabulary.parameter.grad.tolist() == [[0, 0], [0, 0], [1, 1]], "what pads has no gradient"
    table(torch.tensor([2])).sum().backward()


def test_padding_is_met_wherever_lengths_differ():
    lengths = np.array([5, 5, 3, 3])
    first, second = named_rows._passes(lengths, 10)
    assert first.tolist() == [0, 1]
    assert second.tolist() == [1, 2, 3]


def test_of_several_encoders_each_table_is_its_own(folder, tiny, own_rows, opened, tmp_path):
    encoders = (str(tiny("vit")), str(folder))
    settings = {"strategy": "fusion", "precision": "fp32", "device": "cpu", "batch_size": 8}
    rows = own_rows("image+text")
    (session,), (resolved,), _ = opened(
        RunConfig(encoder=encoders, set={"strategy.underneath": "full", "patience": 0}, **settings, **rows)
    )
    start, phase = copy.deepcopy(session.model.state_dict()), replace(resolved.plan.phases[-1], epochs=1)
    name = TABLE.replace("towers.0", "towers.1")
    assert [*opened_phase(session, tmp_path, phase).words] == [name]
    named = train(session, tmp_path / "named", start, phase=phase)[1]
    whole = train(session, tmp_path / "whole", start, whole=True, phase=phase)[1]
    torch.testing.assert_close(named[name][:34], whole[name][:34], rtol=0, atol=1e-6)
    assert torch.equal(named[name][100:], start[name][100:])
