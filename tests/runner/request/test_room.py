"""Features that memory cannot hold are refused before a weight is loaded, with a number of rows that it can."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import RefusedError
from modaxfer.runner.request import room
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.run import run
from modaxfer.strategies import frozen


@pytest.fixture
def request_of(tiny, own_rows, tmp_path):
    def request_of(strategy):
        place = str(tmp_path / "run")
        return RunConfig(encoder=(str(tiny("bert")),), strategy=strategy, output=place, **own_rows("text"))

    return request_of


def test_a_head_in_closed_form_needs_room_for_vectors_of_all_layers(request_of, monkeypatch, no_weights):
    tasks = (resolved,) = resolve_tasks(request_of("frozen"))
    (tower,), rows = resolved.towers, resolved.data.rows
    a_row = (tower.encoder.depth + 1) * 3 * tower.encoder.hidden_size * 4
    needed = room.COPIES * (rows["train"] + rows["validation"]) * a_row
    monkeypatch.setattr(room, "SPARE", 0)
    monkeypatch.setattr(room, "free_memory", lambda: needed)
    room.refuse_no_room(tasks)
    monkeypatch.setattr(room, "free_memory", lambda: needed / 2)
    with pytest.raises(RefusedError, match=r"frozen keeps vectors of all layers of the rows of .* in memory") as caught:
        run(request_of("frozen"))
    fits = int(re.search(r"--limit (\d+)", str(caught.value))[1])
    assert fits == pytest.approx(rows["train"] / 2, abs=1)
    room.refuse_no_room(resolve_tasks(request_of("lora")))


@pytest.mark.parametrize("cached", [True, False])
def test_of_many_rows_layers_need_room_for_a_sample_and_one_vector_for_all(request_of, monkeypatch, cached):
    asked = replace(request_of("frozen"), set={"train.cache": cached})
    (plain,) = resolve_tasks(asked)
    monkeypatch.setattr(frozen, "SEARCH_ROWS", 5)
    tasks = (resolved,) = resolve_tasks(asked)
    (tower,), rows = resolved.towers, resolved.data.rows
    width = tower.encoder.hidden_size * 4
    layers = (tower.encoder.depth + 1) * 3 * width
    needed = room.COPIES * (5 if cached else 10) * layers + room.FITTED * rows["train"] * width
    monkeypatch.setattr(room, "SPARE", 0)
    monkeypatch.setattr(room, "free_memory", lambda: needed)
    room.refuse_no_room(tasks)
    with pytest.raises(RefusedError, match=r"keeps vectors of all layers of the rows"):
        room.refuse_no_room([plain])
    monkeypatch.setattr(room, "free_memory", lambda: needed - 1)
    with pytest.raises(RefusedError, match=r"keeps vectors of the rows of .*Fix: train on a random part with --limit"):
        room.refuse_no_room(tasks)
    folds = [replace(resolved, config=replace(resolved.config, folds=2))]
    with pytest.raises(RefusedError, match=r"vectors of all layers of the rows of .*Fix: leave --folds out, train on"):
        room.refuse_no_room(folds)


@pytest.mark.parametrize(("rows", "shown"), [(7, "7"), (99, "99"), (12_345, "12000"), (987_654, "980000")])
def test_the_rows_that_fit_are_a_round_number(rows, shown):
    assert str(room._rounded(rows)) == shown
