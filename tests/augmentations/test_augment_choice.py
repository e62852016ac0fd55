"""Which augmentations a run may have: by name, strength, signal, what a task forbids and what an encoder is given."""

from __future__ import annotations

import pytest

from modaxfer.augmentations import choice
from modaxfer.augmentations.choice import find_augmentations, refuse_forms, refuse_tasks
from modaxfer.errors import ConfigError, RefusedError, UnknownNameError
from modaxfer.registry import load_target, registry
from modaxfer.spec import (
    AUDIO,
    IMAGE,
    TABLE,
    TEXT,
    AugmentationSpec,
    Change,
    Field,
    FolderSource,
    ProblemSpec,
    Target,
    TaskSpec,
)

BUILT_IN = [entry.spec for entry in registry().all("augmentation") if entry.plugin == "modaxfer"]


@pytest.fixture(autouse=True)
def parts(monkeypatch):
    """Let a problem called parts ask for an answer for each part of a row."""
    known = choice.problem_spec
    ragged = ProblemSpec(name="parts", target="a:b", metrics=("accuracy",), ragged=True)
    monkeypatch.setattr(choice, "problem_spec", lambda name: ragged if name == "parts" else known(name))


def task(*signals, forbid=(), problem="multiclass"):
    fields = tuple(Field(name=signal.kind, signal=signal) for signal in signals)
    spec = TaskSpec(
        name="made", fields=fields, target=Target(problem=problem), sources=(FolderSource(name="made"),), forbid=forbid
    )
    return "lab/made", spec


def test_a_strength_is_the_specs_or_the_users():
    (usual,), (own,) = find_augmentations(["rotate"]), find_augmentations(["modaxfer/rotate=3.5"])
    assert (str(usual), str(own)) == ("rotate=10", "rotate=3.5")


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (["flop"], UnknownNameError, r"unknown augmentation\. Got: flop.*did you mean flip"),
        (
            ["rotate=90"],
            ConfigError,
            r"rotate cannot have this strength \(largest angle in degrees\).*Allowed: 0 to 45",
        ),
        (["rotate=wide"], ConfigError, r"cannot have this strength.* Got: rotate=wide.*rotate alone for 10"),
        (["flip", "modaxfer/flip=1"], ConfigError, r"augmentation modaxfer/flip is named twice"),
    ],
)
def test_names_and_strengths_that_are_not_there_are_refused(asked, error, message):
    with pytest.raises(error, match=message):
        find_augmentations(asked)


@pytest.mark.parametrize(
    ("asked", "of", "message"),
    [
        ("noise", task(IMAGE), r"augmentation noise is for audio\. Got: lab/made has image\. Allowed: trivial-augment"),
        ("flip", task(TEXT), r"flip is for image\. Got: lab/made has text\. Allowed: drop-words, swap-words"),
        ("flip", task(), r"Got: lab/made has table\. Allowed: jitter, drop-cells"),
        ("flip", task(IMAGE, forbid=(Change.MIRROR,)), r"task lab/made forbids augmentation flip.*may change: mirror"),
        ("cutmix", task(IMAGE, forbid=(Change.CROP,)), r"forbids augmentation cutmix.*Allowed: trivial-augment, flip"),
        ("crop", task(IMAGE, problem="parts"), r"an answer for each part.*crop may move them.*Allowed: colour"),
        ("shift", task(AUDIO, problem="parts"), r"shift with a parts target.*Allowed: gain, noise, spec-augment"),
    ],
)
def test_what_does_not_fit_a_task_is_refused_with_what_does(asked, of, message):
    with pytest.raises(RefusedError, match=message):
        refuse_tasks(find_augmentations([asked]), [of])


def test_what_heeds_prohibitions_itself_is_not_refused():
    refuse_tasks(find_augmentations(["trivial-augment"]), [task(IMAGE, forbid=tuple(Change))])


def test_of_several_tasks_one_has_to_have_the_signal_and_none_may_forbid_it():
    flip = find_augmentations(["flip"])
    refuse_tasks(flip, [task(TEXT), task(IMAGE)])
    refuse_tasks(flip, [task(TEXT, forbid=(Change.MIRROR,)), task(IMAGE)])
    with pytest.raises(RefusedError, match="forbids"):
        refuse_tasks(flip, [task(IMAGE), task(IMAGE, TABLE, forbid=(Change.MIRROR,))])


def test_rows_are_blended_where_their_inputs_can_be():
    mix = find_augmentations(["mixup"])
    refuse_forms(mix, ["image"], 1)
    with pytest.raises(
        RefusedError, match=r"mixup cannot change what the encoder is given.*text.*Allowed: audio, image"
    ):
        refuse_forms(mix, ["text"], 1)
    with pytest.raises(RefusedError, match=r"mixup blends what one encoder is given. Got: 2 encoders"):
        refuse_forms(mix, ["image", "image"], 2)
    refuse_forms(find_augmentations(["flip"]), ["embeddings"], 3)


@pytest.mark.parametrize("spec", BUILT_IN, ids=lambda spec: spec.name)
def test_each_of_the_frameworks_own_is_there_and_says_what_its_strength_is(spec):
    assert callable(load_target(spec.target))
    assert spec.meaning
    assert spec.summary
    assert spec.least <= spec.strength <= spec.most


@pytest.mark.parametrize(
    ("wrong", "message"), [({"level": "epoch"}, "level is 'epoch'"), ({"strength": 2.0}, r"strength 2 is outside 0")]
)
def test_a_spec_that_contradicts_itself_cannot_be_written(wrong, message):
    with pytest.raises(ValueError, match=message):
        AugmentationSpec(name="odd", signal="image", target="a:b", **wrong)
