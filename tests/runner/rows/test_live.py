"""Rows made again: equal to prepared ones where nothing is changed, the same wherever and whenever they are made."""

from __future__ import annotations

import numpy as np
import pytest

import forked
from modaxfer.augmentations.choice import Augmentation, find_augmentations
from modaxfer.config import RunConfig, build
from modaxfer.contracts import Cells
from modaxfer.errors import DataError, RefusedError, RunFailedError
from modaxfer.registry import Entry
from modaxfer.runner.rows import workers
from modaxfer.runner.rows.live import Draw, RowMaker
from modaxfer.runner.rows.workers import Job, LiveRows, worker_count
from modaxfer.spec import AugmentationSpec


@pytest.fixture(scope="module")
def session(tiny, own_rows, opened):
    """Return a function from tiny encoders and a kind of rows to an opened session."""
    made = {}

    def session(encoders: str, kind: str):
        if (encoders, kind) not in made:
            names = [name if name in ("lstm", "table") else str(tiny(name)) for name in encoders.split("+")]
            strategy = "fusion" if len(names) > 1 else "full"
            settings = {"encoder": names, "strategy": strategy, "device": "cpu", **own_rows(kind, 24)}
            made[encoders, kind] = opened(build(RunConfig, settings))[0][0]
        return made[encoders, kind]

    return session


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def augmentation(change, signal="text"):
    """Return an augmentation by `change`, a function of this module."""
    spec = AugmentationSpec(name=change.__name__, signal=signal, target=f"{__name__}:{change.__name__}")
    return Augmentation(entry=Entry(kind="augmentation", plugin="test", spec=spec), strength=1.0)


WAYS = [
    ("bert", "text", "drop-words"),
    ("vit", "text", "swap-words"),
    ("vit", "image", "trivial-augment"),
    ("whisper", "audio", "spec-augment"),
    ("vit", "audio", "noise"),
    ("bert", "audio", "shift"),
    ("bert", "table", "jitter"),
    ("lstm", "table", "drop-cells"),
    ("vit+bert", "image+text", "flip"),
]


@pytest.mark.parametrize(("encoders", "kind", "name"), WAYS)
def test_unchanged_they_are_the_prepared_ones_and_changed_they_are_others(session, encoders, kind, name):
    opened = session(encoders, kind)
    recipe, prepared = opened.recipe("train"), opened.splits["train"].rows
    draws = [Draw(row, 0) for row in range(len(prepared))]
    assert all(map(same, RowMaker(recipe, ((),), 0)(draws), prepared))
    made = RowMaker(recipe, [find_augmentations([name])], 0)(draws)
    assert not all(map(same, made, prepared))


def test_a_row_depends_on_seed_epoch_row_view_and_stream_alone(session):
    recipe = session("vit", "image").recipe("train")
    noisy = find_augmentations(["colour"])
    maker = RowMaker(recipe, [noisy, noisy], 0)
    (alone,) = maker([Draw(3, 5)])
    assert same(alone, maker([Draw(9, 1), Draw(3, 5), Draw(2, 5)])[1])
    others = [
        *(maker([draw])[0] for draw in (Draw(3, 6), Draw(3, 5, 1))),
        *(RowMaker(recipe, [noisy], *rest)([Draw(3, 5)])[0] for rest in ((1,), (0, "weak"))),
    ]
    assert not any(same(alone, other) for other in others)


def test_what_a_bridge_draws_is_not_changed(session):
    """Text drawn as a picture is no picture of the task: it must not be mirrored."""
    recipe = session("vit", "text").recipe("train")
    draws = [Draw(row, 0) for row in range(4)]
    flipped = RowMaker(recipe, [find_augmentations(["flip=1"])], 0)(draws)
    assert all(map(same, flipped, RowMaker(recipe, ((),), 0)(draws)))


def test_columns_are_those_of_the_training_rows(session):
    recipe = session("bert", "table").recipe("validation")
    train = [value for value in session("bert", "table").recipe("train").rows["amount"] if value is not None]
    assert recipe.columns.deviations["amount"] == pytest.approx(np.std(train))
    assert set(recipe.columns.deviations) == {"amount", "days"}


def shouted(text, strength, generator):
    raise ValueError("too loud")


def counted(text, strength, generator):
    return len(text)


def emptied(cells: Cells, strength, generator):
    return {}


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (shouted, "text", r"row \S+ of task own/\S+: augmentation shouted failed.* Got: ValueError: too loud"),
        (counted, "text", r"row \S+ of .*: augmentation counted returned what it must not.* Got: int.* Allowed: str"),
        (emptied, "table", r"augmentation emptied returned what it must not.* Got: dict.*same columns"),
    ],
)
def test_an_augmentation_that_fails_names_itself_and_the_row(session, change, kind, message):
    recipe = session("bert", kind).recipe("train")
    with pytest.raises(RunFailedError, match=message):
        RowMaker(recipe, [[augmentation(change, kind)]], 0)([Draw(0, 0)])


def test_a_row_that_cannot_be_decoded_is_named(session, monkeypatch):
    recipe = session("vit", "image").recipe("train")

    def unreadable(value, root):
        raise DataError("unreadable image", file="a.png")

    monkeypatch.setattr("modaxfer.runner.rows.live.read_image", unreadable)
    with pytest.raises(DataError, match=rf"row {recipe.rows[2]['row_id']} of task .*: unreadable image \(file a.png\)"):
        RowMaker(recipe, [find_augmentations(["flip"])], 0)([Draw(2, 0)])


def test_a_worker_makes_the_same_rows_names_the_one_that_fails_and_is_missed_when_it_is_killed(session, monkeypatch):
    started = []
    # A copy of a server that has imported torch: a worker that starts afresh takes seconds.
    monkeypatch.setattr(workers, "get_context", lambda way: started.append(way) or forked.CONTEXT)
    recipe = session("bert", "text").recipe("train")
    makers = {
        "train": RowMaker(recipe, [find_augmentations(["drop-words=0.5"])], 0),
        "broken": RowMaker(recipe, [[augmentation(shouted)]], 0),
    }
    places = [(epoch, start) for epoch in (0, 1) for start in (0, 4)]
    jobs = [Job("train", tuple(Draw(row, epoch) for row in range(start, start + 4))) for epoch, start in places]
    with LiveRows(makers, 0) as here, LiveRows(makers, 1) as live:
        live.expect(jobs)
        assert all(all(map(same, live.take(job), here.take(job))) for job in jobs)
        # What was not expected is made all the same.
        assert all(map(same, live.take(jobs[1]), here.take(jobs[1])))
        with pytest.raises(RunFailedError, match=rf"row {recipe.rows[2]['row_id']} of task .*too loud"):
            live.take(Job("broken", (Draw(2, 0),)))
        (worker,) = live._pool._processes.values()
        worker.kill()
        with pytest.raises(RunFailedError, match=r"a worker process that makes augmented rows was killed.*workers=N"):
            live.take(jobs[0])
    assert started == ["spawn"]


def test_what_cannot_be_sent_is_refused(session):
    maker = RowMaker(session("bert", "text").recipe("train"), ((),), 0)
    maker._given = (lambda: None,)
    with pytest.raises(RefusedError, match=r"cannot be sent to worker processes.*train\.workers=0"):
        LiveRows({"train": maker}, 1)


@pytest.mark.parametrize(
    ("asked", "rows", "processes", "device", "count"),
    [(3, 10, 1, "cpu", 3), (3, 10, 2, "cuda", 2), (0, 10**6, 1, "cuda", 0), (None, 10**6, 1, "cpu", 0),
     (None, 10, 1, "cuda", 0), (None, 10**6, 2, "cuda", 3), (None, 10**6, 1, "cuda", 7)],
)  # fmt: skip
def test_workers_are_as_many_as_asked_or_as_pays(monkeypatch, asked, rows, processes, device, count):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(8), raising=False)
    assert worker_count(asked, rows, processes, device) == count
