"""What losses are given of single layers: the vectors that a head would have, from wherever rows enter."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.plan import Part, Phase, Reads, Role
from modaxfer.runner.model.tower import read_out
from modaxfer.runner.training import loop
from modaxfer.runner.training.checkpoint import Checkpoints
from modaxfer.runner.training.features import entry_point
from modaxfer.runner.training.layers import layer_features
from modaxfer.runner.training.loop import train_phase

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture
def careful(tiny, own_rows, opened):
    """Return a function from options to a session and the phase in which its body moves."""

    def made(strategy="full", **options):
        settings = {"precision": "fp32", "device": "cpu", "batch_size": 8, "learning_rate": 3e-3, "epochs": 2}
        asked = RunConfig(encoder=(str(tiny("bert")),), strategy=strategy, set=options, **settings, **own_rows("text"))
        (session,), tasks, _ = opened(asked)
        return session, tasks[0].plan.phases[-1]

    return made


def train(session, phase, folder):
    report, _ = train_phase({(Role.TARGET, 0): session}, phase, 0, Checkpoints(folder), {})
    return report


def gap(session, before):
    """Return the mean squared distance of the top layer's vectors from those of `before`."""
    now = session.vectors(session.splits["train"])
    return float((now - before).square().sum(1).mean())


def test_layers_are_pooled_as_the_head_has_them_from_inputs_and_from_stored_states(careful):
    session, _ = careful()
    split, depth = session.splits["train"], session.model.depth
    pools = torch.from_numpy(layer_features(session, "train")[0].pools)
    found = session.layer_vectors(split)
    assert [*found] == list(range(depth + 1))
    for layer, vectors in found.items():
        torch.testing.assert_close(vectors, read_out(pools, replace(session.model.readout, layers=(layer,))), **CLOSE)
    rates = {Part.BODY: 1e-3, Part.HEAD: 1e-3}
    session.model.set_trainable(Phase(trainable=frozenset(rates), learning_rates=rates, from_layer=1))
    entry = entry_point(session, "train", {Reads.LAYERS})
    above = session.layer_vectors(split, entry.layer, rows=entry.rows, collate=entry.collate)
    assert [*above] == list(range(1, depth + 1))
    torch.testing.assert_close(above[depth], found[depth], **CLOSE)


def test_a_head_alone_reads_layers_from_states_for_vectors_have_none(careful):
    session, _ = careful()
    session.model.set_trainable(Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1e-3}))
    entry = entry_point(session, "train", {Reads.LAYERS})
    assert (entry.layer, "pooled" in entry.rows[0]) == (session.model.top, False)
    (only,) = session.layer_vectors(session.splits["train"], entry.layer, rows=entry.rows, collate=entry.collate)
    assert only == session.model.top


def test_of_rows_in_several_windows_layers_are_means_like_the_vector(careful):
    session, _ = careful(**{"encoder.long": "mean_of_windows", "encoder.max_tokens": 6})
    split = session.splits["train"]
    assert any("windows" in split.rows[row] for row in range(len(split.lengths)))
    found = session.layer_vectors(split)
    torch.testing.assert_close(found[session.model.top], session.vectors(split), **CLOSE)


@pytest.mark.parametrize(
    "options", [{}, pytest.param({"delta_attention": False, "from_layer": 1}, marks=pytest.mark.slow)]
)
def test_features_are_held_to_where_they_were(careful, options, tmp_path):
    session, phase = careful(delta_weight=100.0, **options)
    model = copy.deepcopy(session.model.state_dict())
    before = session.vectors(session.splits["train"])
    report = train(session, phase, tmp_path / "held")
    assert set(report.terms) == {"supervised", "delta"}
    assert report.terms["delta"] > 0
    held = gap(session, before)
    session.model.load_state_dict(model)
    free, plain = careful(**{name: value for name, value in options.items() if not name.startswith("delta")})
    train(free, plain, tmp_path / "free")
    assert held < 0.1 * gap(free, before)


def test_it_begins_where_the_phase_does_and_every_unit_of_every_layer_has_a_weight(careful, tmp_path):
    session, phase = careful("lora", delta_weight=1.0)
    made = loop._GradientPhase({(Role.TARGET, 0): session}, phase, 0, Checkpoints(tmp_path), {}, {})
    (stream,) = made.streams.values()
    layers = session.layer_vectors(session.splits["train"])
    assert torch.equal(stream.extras["start"], torch.stack([*layers.values()][1:], 1))
    assert stream.shared["attention"].shape == (session.model.depth, session.model.width)
    torch.testing.assert_close(stream.shared["attention"].mean(1), torch.ones(session.model.depth))
