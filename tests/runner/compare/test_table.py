"""compare.json while cells end: a line for each, the whole now and then, and nothing is lost by a kill."""

from __future__ import annotations

import pytest

from modaxfer.runner.compare import journal, table
from modaxfer.runner.compare.ledger import FILE, CellRecord, read_cells
from modaxfer.runner.compare.table import SHARE, Table

KEYS = [("bert", "full", "digits", seed) for seed in range(6)]


def record(key, **values):
    encoder, strategy, task, seed = key
    place = {"encoder": encoder, "strategy": strategy, "task": task, "seed": seed}
    return CellRecord(**place, **{"status": "failed", "reason": f"größer als {seed}", **values})


def never():
    """Return a clock under which the whole is written after the first cell, and then not again."""
    return iter([0.0, 0.0, 0.0, *[1.0] * 99]).__next__


def test_writing_the_whole_takes_a_bounded_share_of_the_time(tmp_path):
    """Were it written after every cell, the 300 here would write 45,150 cells."""
    now, written = [0.0], []

    def draw():
        written.append(len(read_cells(tmp_path)))
        now[0] += written[-1] / 100

    keys = [("bert", "full", "digits", seed) for seed in range(300)]
    made = Table(tmp_path, keys, draw, clock=lambda: now[0])
    for key in keys:
        now[0] += 0.1
        made.take(record(key))
    made.settle()
    assert written[0] == 1, "the first is shown at once"
    assert written[-1] == 300
    spent = sum(written[:-1]) / 100
    assert spent <= (now[0] - spent) / SHARE + written[-2] / 100
    assert sum(written) < 1_000
    assert not journal.is_there(tmp_path)


def test_each_cell_is_known_when_it_has_ended(tmp_path):
    made = Table(tmp_path, KEYS, clock=never())
    for count, key in enumerate(reversed(KEYS), start=1):
        made.take(record(key))
        assert {each.seed for each in read_cells(tmp_path)} == {seed for *_, seed in KEYS[-count:]}
    made.take(record(KEYS[0], reason="another"))
    assert {each.seed: each.reason for each in read_cells(tmp_path)}[0] == "another", "the last word counts"
    made.settle()
    assert [each.seed for each in read_cells(tmp_path)] == list(range(6))


def test_a_driver_killed_anywhere_ends_with_the_same_file(tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    unbroken = Table(whole, KEYS)
    for key in KEYS:
        unbroken.take(record(key))
    unbroken.settle()
    killed = tmp_path / "killed"
    killed.mkdir()
    first = Table(killed, KEYS, clock=never())
    for key in KEYS[:3]:
        first.take(record(key))
    stored, lines = (killed / FILE).read_bytes(), (killed / journal.FILE).read_bytes()
    end = lines.index(b"\n")
    for length in (0, 1, lines.index("ö".encode()) + 1, end, end + 1, end + 2, len(lines) - 1, len(lines)):
        (killed / FILE).write_bytes(stored)
        (killed / journal.FILE).write_bytes(lines[:length])
        again = Table(killed, KEYS)
        assert len(again.cells()) == 1 + lines[:length].count(b"\n")
        for key in KEYS:
            again.take(again.records.get(key) or record(key))
        again.settle()
        assert (killed / FILE).read_bytes() == (whole / FILE).read_bytes()
        assert not journal.is_there(killed)


def test_killed_between_the_whole_and_its_journal_nothing_is_there_twice(tmp_path, monkeypatch):
    made = Table(tmp_path, KEYS, clock=never())
    for key in KEYS:
        made.take(record(key))

    def kill(folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(table.journal, "clear", kill)
        with pytest.raises(KeyboardInterrupt):
            made.settle()
    assert journal.is_there(tmp_path)
    assert read_cells(tmp_path) == made.cells()
    assert Table(tmp_path, KEYS).cells() == made.cells()
    assert not journal.is_there(tmp_path)
