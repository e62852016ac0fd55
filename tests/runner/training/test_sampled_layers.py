"""Of many rows all layers are known of those that choices are made on; the others are encoded for what was chosen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modaxfer.config import RunConfig
from modaxfer.contracts import Fitted, Readout
from modaxfer.encoders.body import LayeredEncoder
from modaxfer.heads.classical import sample
from modaxfer.heads.linear import LinearHead
from modaxfer.plan import Role, Solver
from modaxfer.runner.request.room import sees_some
from modaxfer.runner.training import features, layers, solve
from modaxfer.runner.training.features import head_inputs, pooled_features, predict_known
from modaxfer.runner.training.solve import solve_phase
from modaxfer.strategies import frozen

SAMPLE, BLOCK = 24, 9
SPLITS = ("train", "validation", "test")


class Killed(BaseException):
    """Ends a run in the middle."""


def kill(*_):
    raise Killed


@pytest.fixture
def sent(monkeypatch):
    """Note what goes through a body: the split, how many rows, and for what; a sample and a block are small."""
    found: list[tuple[str, int, str]] = []
    all_layers, chosen = layers._layers_of, features._pooled

    def layers_of(session, split, name, tower, label=""):
        found.append((name, len(split.lengths), "all layers"))
        return all_layers(session, split, name, tower, label)

    def pooled(session, split, name):
        unknown = layers.read_from_sample(session, split, name, np.zeros((len(split.lengths), session.model.width)))
        found.append((name, len(unknown), "chosen"))
        return chosen(session, split, name)

    for module in (sample, frozen):
        monkeypatch.setattr(module, "SEARCH_ROWS", SAMPLE)
    monkeypatch.setattr(layers, "_layers_of", layers_of)
    monkeypatch.setattr(features, "_pooled", pooled)
    monkeypatch.setattr(layers, "_block", lambda session: BLOCK if layers.keeps(session) else None)
    return found


@pytest.fixture
def solved(tiny, own_rows, opened, tmp_path, monkeypatch, sent):
    """Return a function that solves for a head beside a cache of its own, and predicts all rows."""

    def made(cache="cache", **options):
        monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / cache))
        given = {"precision": "fp32", "device": "cpu", "strategy": "frozen", "set": options, **own_rows("text", 240)}
        (session,), tasks, _ = opened(RunConfig(encoder=(str(tiny("bert")),), **given))
        sent.clear()
        (phase,) = tasks[0].plan.phases
        report = solve_phase({(Role.TARGET, 0): session}, phase, 0, tasks[0].data.classes)
        said = {name: predict_known(session, name) for name in SPLITS}
        return session, {**report, "seconds": 0, "features_s": 0, "search_s": 0}, said

    return made


def test_all_is_chosen_and_said_as_where_all_layers_are_kept(solved, sent, monkeypatch):
    some, report, said = solved()
    rows = {name: len(some.splits[name].lengths) for name in SPLITS}
    assert sorted(sent) == sorted(
        [(name, count, "all layers") for name in ("train", "validation") for count in (9, 9, 6)]
        + [(name, rows[name] - SAMPLE, "chosen") for name in ("train", "validation")]
        + [("test", rows["test"], "chosen")]
    )
    assert rows["validation"] > SAMPLE
    assert (report["rows"], report["search_rows"]) == (rows["train"], 2 * SAMPLE)
    monkeypatch.setattr(solve, "_sees_some", lambda session, solver: False)
    whole, expected, known = solved("other")
    assert ("train", rows["train"], "all layers") in sent
    assert report == expected
    for name in SPLITS:
        assert np.array_equal(said[name].predictions, known[name].predictions)
        np.testing.assert_allclose(said[name].scores, known[name].scores, atol=1e-4)
        np.testing.assert_allclose(head_inputs(some, name), head_inputs(whole, name), atol=1e-5)


def test_a_second_run_finds_both_parts_and_one_that_was_killed_between_them_the_first(solved, sent, monkeypatch):
    quick = {"strategy.head": "ridge"}
    monkeypatch.setattr(solve, "pooled_features", kill)
    with pytest.raises(Killed):
        solved(**quick)
    monkeypatch.setattr(solve, "pooled_features", pooled_features)
    assert {what for _, _, what in sent} == {"all layers"}
    _, first, said = solved(**quick)
    assert [(name, what) for name, _, what in sent] == [(name, "chosen") for name in SPLITS]
    _, second, again = solved(**quick)
    assert sent == []
    assert first == second
    assert all(np.array_equal(said[name].scores, again[name].scores) for name in SPLITS)


@pytest.mark.parametrize("cached", [{"train.cache": False}, {"cache": "file/cache"}], ids=["unasked", "unwritable"])
def test_without_a_cache_it_is_the_same_and_the_body_ends_where_it_is_read(solved, sent, monkeypatch, tmp_path, cached):
    (tmp_path / "file").touch()
    quick = {"strategy.head": "ridge", "strategy.layer": "1"}
    _, kept, said = solved(**quick)
    run = LayeredEncoder.run

    def noted(body, hidden, start, stop):
        sent.append(("body", stop, "layers"))
        return run(body, hidden, start, stop)

    monkeypatch.setattr(LayeredEncoder, "run", noted)
    session, report, again = solved(**quick, **cached)
    begun = sent.index(("train", len(session.splits["train"].lengths) - SAMPLE, "chosen"))
    stops = [[stop for name, stop, _ in part if name == "body"] for part in (sent[:begun], sent[begun:])]
    assert (max(stops[0]), set(stops[1])) == (session.model.depth, {1})
    assert report == kept
    for name in SPLITS:
        np.testing.assert_allclose(said[name].scores, again[name].scores, atol=1e-4)


@pytest.mark.parametrize(
    ("told", "some"),
    [
        ({}, True),
        ({"rows": SAMPLE}, False),
        ({"encoders": 2}, False),
        ({"processes": 2}, False),
        ({"parted": True}, False),
        ({"solver": Solver(target="a:b")}, False),
    ],
)
def test_a_sample_is_seen_where_it_is_asked_for_and_choices_are_made_once(told, some):
    usual = {"solver": Solver(target="a:b", sample_rows=SAMPLE), "rows": SAMPLE + 1, "encoders": 1}
    assert sees_some(**{**usual, "processes": 1, "parted": False, **told}) is some


def test_a_solver_that_does_not_ask_for_a_sample_is_given_all_layers_of_all_rows(solved, sent, monkeypatch):
    given = []

    def fit(context, options):
        (features,), _ = context.only_stream()
        given.append(features)
        head = LinearHead.from_weights(torch.zeros(2, features.train.shape[-1]), torch.zeros(2))
        return Fitted(readouts=(Readout(layers=(0,)),), head=head, report={"head": "none"})

    monkeypatch.setattr(solve, "call_target", lambda _, *context, kind: fit(*context))
    plain = frozen.Solver
    monkeypatch.setattr(frozen, "Solver", lambda **told: plain(**{**told, "sample_rows": None}))
    session, _, _ = solved()
    assert (len(given[0].train), given[0].rows, given[0].read) == (len(session.splits["train"].lengths), None, None)
