"""Weak and strong sets: what suits the signals of a task and is not forbidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modaxfer.augmentations.choice import find_augmentations, permitted
from modaxfer.augmentations.sets import SETS, refuse_asked, spelled_out, suiting
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Part, Phase, Plan, Role, Stream, View
from modaxfer.runner.request.augmented import augmented
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Change, Field, SampleSource, Target, TaskSpec

HEAD = {"trainable": frozenset({Part.HEAD}), "learning_rates": {Part.HEAD: 1e-3}}


def task(*signals, forbid=(), problem="binary") -> TaskSpec:
    fields = tuple(Field(name=f"field-{number}", signal=signal) for number, signal in enumerate(signals))
    target = Target(column="y", problem=problem)
    return TaskSpec(name="lab", fields=fields, target=target, sources=(SampleSource(target="a:b"),), forbid=forbid)


def names(which, own) -> list[str]:
    return [one.partition("=")[0] for one in spelled_out([which], "lab", own)]


@pytest.mark.parametrize(
    ("signal", "weak", "strong"),
    [
        (TEXT, [], ["drop-words", "swap-words"]),
        (IMAGE, ["flip", "crop"], ["flip", "crop", "trivial-augment"]),
        (AUDIO, ["shift"], ["shift", "gain", "spec-augment"]),
        (TABLE, [], ["jitter", "drop-cells"]),
    ],
)
def test_a_set_is_what_suits_the_signal(signal, weak, strong) -> None:
    own = task(signal)
    assert (names("weak", own), names("strong", own)) == (weak, strong)
    assert all(permitted(one.spec, own) for one in find_augmentations(spelled_out(["strong"], "lab", own)))


def test_of_several_signals_each_is_changed_and_what_is_named_stays() -> None:
    own = task(TEXT, TABLE)
    assert spelled_out(["noise=0.5", "strong"], "lab", own)[0] == "noise=0.5"
    assert names("strong", own) == ["drop-words", "swap-words", "jitter", "drop-cells"]


def test_what_a_task_forbids_is_left_out() -> None:
    digits = task(IMAGE, forbid=(Change.MIRROR, Change.TURN))
    assert names("strong", digits) == ["crop", "trivial-augment"]
    with pytest.raises(RefusedError, match=r"no strong change suits the rows of task lab, which forbids order, words"):
        names("strong", task(TEXT, forbid=(Change.ORDER, Change.WORDS)))
    assert names("weak", task(IMAGE, forbid=(Change.MIRROR, Change.CROP))) == []


def test_parts_with_targets_of_their_own_stay_in_place() -> None:
    assert names("strong", task(AUDIO, problem="tagging")) == ["gain", "spec-augment"]


def test_every_name_in_a_set_is_registered_for_its_signal() -> None:
    for own in SETS.values():
        for signal, asked in own.items():
            assert all(signal in one.spec.signals for one in find_augmentations(asked))


def made_of(stream, *asked, own=None):
    plan = Plan(phases=(Phase(**HEAD, streams={"train": stream}),))
    tasks = {Role.TARGET: [("lab/lab", own or task(TEXT))]}
    return augmented(plan, asked, tasks, ["image" if own else "text"], 1).phases[0].streams["train"]


def test_what_a_user_asks_for_is_in_every_view_once() -> None:
    made = made_of(Stream(views=(View(), View(transforms=("strong",)))), "drop-words=0.4")
    assert made.changes == (("drop-words=0.4",), ("drop-words=0.4", "swap-words=0.1"))


def test_rows_are_blended_in_all_views_or_in_none() -> None:
    with pytest.raises(
        RefusedError, match=r"blended with their targets, so in all views or in none. Got: mixup in one"
    ):
        made_of(Stream(views=(View(), View(transforms=("mixup",)))), own=task(IMAGE, problem="multiclass"))


def test_a_task_may_bring_strong_changes_of_its_own() -> None:
    own = replace(task(IMAGE, TEXT, forbid=(Change.MIRROR,)), augment=("rotate=5", "flip", "scale"))
    assert spelled_out(["strong"], "lab", own) == ("rotate=5", "scale=0.2")
    assert names("weak", own) == ["crop"]


def test_a_user_may_ask_for_a_set() -> None:
    image, text = task(IMAGE), task(TEXT)
    refuse_asked(["strong", "rotate"], [("lab", image)])
    assert suiting(["weak", "strong", "rotate"], [text]) == ("strong",)
    assert suiting(["weak"], [text, image]) == ("weak",)
    with pytest.raises(RefusedError, match=r"no weak change suits the rows of lab.*Got: --augment weak"):
        refuse_asked(["weak"], [("lab", text)])
    with pytest.raises(ConfigError, match=r"flip is named twice"):
        refuse_asked(["strong", "flip"], [("lab", image)])
    plan = Plan(phases=(Phase(**HEAD),))
    changed = augmented(plan, ["strong"], {Role.TARGET: [("lab", text)], Role.SOURCE: []}, ["text"], 1)
    (stream,) = changed.phases[0].streams.values()
    assert stream.transforms == ("drop-words=0.2", "swap-words=0.1")
