"""The command line's process looks for garbage rarely while modules come in; nobody else's process is touched."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import pytest

from modaxfer import collector
from modaxfer.cli.main import run
from modaxfer.engines.carry_out import carried_out


@pytest.fixture
def usual():
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)
    collector._usual.clear()


@pytest.fixture
def freezes(monkeypatch):
    found: list[int] = []
    monkeypatch.setattr(gc, "freeze", lambda: found.append(gc.get_threshold()[0]))
    return found


def test_what_came_in_is_not_looked_through_once_work_begins(usual, freezes):
    collector.spare()
    collector.spare()
    assert gc.get_threshold() == (collector.RARELY, *usual[1:])
    assert not freezes
    collector.work_begins()
    assert gc.get_threshold() == usual
    collector.work_begins()
    assert freezes == [collector.RARELY], "what comes after it is garbage some day"


def test_who_never_spared_the_collector_has_it_as_it_was(usual, freezes):
    collector.work_begins()
    assert (gc.get_threshold(), freezes) == (usual, [])


def test_a_driver_of_jobs_looks_for_garbage_as_usual_for_as_long_as_they_run(usual, freezes):
    collector.spare()
    assert not [*carried_out(SimpleNamespace(jobs=1, close=lambda: None), (), print)]
    assert gc.get_threshold() == usual


@pytest.mark.parametrize("own", [True, False])
def test_only_a_command_line_of_its_own_spares_it(own, usual, freezes, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["modaxfer", "--version"])
    with pytest.raises(SystemExit) as end:
        run(None if own else ["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("modaxfer ")
    assert (gc.get_threshold() != usual, len(freezes)) == (own, own)
