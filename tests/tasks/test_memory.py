"""Rows are read once for all runs of a command, and no more of them are kept than fit."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modaxfer.spec import TEXT, Field, FolderSource, Target, TaskSpec
from modaxfer.tasks import reading
from modaxfer.tasks.division import Episode, Fold
from modaxfer.tasks.load import load_task
from modaxfer.tasks.memory import Memory

PARTS = Fold(number=0, count=3), Episode(number=1, shots=2)


def stored(folder, texts):
    labels = ["ab"[number % 2] for number in range(len(texts))]
    pq.write_table(pa.table({"text": texts, "label": labels}), folder / "train.parquet")
    fields = (Field(name="text", signal=TEXT),)
    return TaskSpec(name="mine", fields=fields, target=Target(), sources=(FolderSource(name=str(folder)),))


@pytest.fixture
def task(tmp_path):
    return stored(tmp_path, [f"text {number}" for number in range(60)])


@pytest.fixture
def readings(monkeypatch):
    calls, find = [], reading.find_rows
    monkeypatch.setattr(reading, "find_rows", lambda *given: (calls.append(given), find(*given))[1])
    return calls


def test_runs_of_one_command_read_a_task_once(task, readings):
    memory = Memory()
    first, again = (load_task(task, memory=memory) for _ in range(2))
    assert first is not again
    assert first.fingerprint == again.fingerprint
    other = load_task(task, seed=1, memory=memory)
    parts = [load_task(task, division=part, memory=memory) for part in PARTS]
    assert len(readings) == 1
    alone = [load_task(task, seed=1), *(load_task(task, division=part) for part in PARTS)]
    assert [made.fingerprint for made in (other, *parts)] == [made.fingerprint for made in alone]
    assert [made.warnings for made in (other, *parts)] == [made.warnings for made in alone]


def test_what_is_drawn_for_a_limit_is_of_its_seed(task, readings):
    memory = Memory()
    for seed in (0, 0, 1):
        load_task(task, limit=10, seed=seed, memory=memory)
    assert len(readings) == 2


def test_dropped_rows_are_counted_once_for_each(tmp_path):
    task = stored(tmp_path, ["same", "other", "same", *(f"text {number}" for number in range(40))])
    memory = Memory()
    found = [load_task(task, seed=seed, memory=memory).dropped for seed in (0, 1, 2)]
    assert found == [{"duplicate": 1}] * 3


def test_what_was_used_last_stays():
    memory, made = Memory(2), []

    def value(key):
        return memory.kept(key, lambda: made.append(key) or key, lambda _: 1)

    for key in ("a", "b", "a", "c", "a", "b"):
        assert value(key) == key
    assert made == ["a", "b", "c", "b"]


def test_what_does_not_fit_is_not_kept():
    memory, made = Memory(1), []
    for _ in range(2):
        memory.kept("a", lambda: made.append(1), lambda _: 2)
    assert len(made) == 2
