"""Every setting of steps and option of training and encoders in every kind of run: read, or refused with the reason."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from types import SimpleNamespace

import pytest

from modaxfer.config import EncoderOptions, RunConfig, TrainOptions
from modaxfer.errors import ConfigError
from modaxfer.plan import Part, Phase, Plan, Solver, Stream
from modaxfer.runner.request.idle import OF_FORMS, OF_STEPS, check_idle

HEAD = frozenset({Part.HEAD})
SOLVED = Phase(name="solve", trainable=HEAD, solver=Solver(target="x:y"))
TRAINED = Phase(trainable=HEAD, learning_rates={Part.HEAD: 1e-3})
VALUES = {
    "warmup": 0.3, "weight_decay": 0.5, "clip_norm": 2.0, "label_smoothing": 0.1, "dropout": 0.1, "accumulation": 2,
    "rates": (1.0, 3.0), "patience": 9, "checkpoint_minutes": 1.0, "bridge_rate": 2.0, "class_weight": "balanced",
    "max_tokens": 64, "cache": False,
}  # fmt: skip
ENCODER = {
    "pooling": "cls", "layer": 1, "max_tokens": 64, "long": "head_tail", "windows": 4, "image_size": 64, "seconds": 2.0,
}  # fmt: skip
OF_TEACHERS = {"teacher_share": 0.3, "teacher_temperature": 4.0}
OF_PRIVATE_RUNS = {"delta": 1e-6, "repeatable": True}
OTHERWISE = {"class_weight", "max_tokens", "cache", "audit"}
"""Options of training that every kind of run reads: the solver weighs classes, features are computed and kept."""


def resolved(*phases, sink="text", train=None, encoder=None, trained_bridge=False, teacher=None, **settings):
    bridge = SimpleNamespace(spec=SimpleNamespace(trained=trained_bridge, sink=sink))
    return SimpleNamespace(
        config=RunConfig(**settings),
        plan=Plan(phases=phases),
        strategy=SimpleNamespace(name="frozen"),
        towers=[SimpleNamespace(bridge=bridge)],
        teacher=teacher,
        options=SimpleNamespace(train=TrainOptions(**train or {}), encoder=EncoderOptions(**encoder or {})),
    )


def test_every_option_is_in_the_tables():
    assert {item.name for item in dataclasses.fields(TrainOptions)} == {
        *OF_STEPS, "bridge_rate", "workers", *OF_TEACHERS, *OF_PRIVATE_RUNS, *OTHERWISE
    }  # fmt: skip
    assert {item.name for item in dataclasses.fields(EncoderOptions)} == {*OF_FORMS, "layer", "pooling"}


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 3.0), ("learning_rate", 1e-3), ("batch_size", 8), ("augment", ("flip",))]
)
def test_steps_are_not_asked_of_what_takes_none(name, value):
    asked, flag = {name: value}, f"--{name.replace('_', '-')}"
    with pytest.raises(ConfigError, match=rf"{flag} plays no part here: strategy frozen fits its head.*Got: {flag} "):
        check_idle(resolved(SOLVED, **asked), shared=False)
    assert [flag in note for note in check_idle(resolved(SOLVED, **asked), shared=True)] == [True]
    assert check_idle(resolved(SOLVED, TRAINED, **asked), shared=False) == []


def test_a_baseline_from_scratch_takes_steps_beside_it():
    asked = {"epochs": 3.0, "batch_size": 8, "baseline": ("scratch",)}
    assert check_idle(resolved(SOLVED, **asked), shared=False) == []
    with pytest.raises(ConfigError, match=r"Got: --learning-rate 1\.0\. Fix: leave --learning-rate out"):
        check_idle(resolved(SOLVED, **asked, learning_rate=1.0), shared=False)


def test_all_that_plays_no_part_is_told_at_once():
    with pytest.raises(ConfigError, match=r"Got: --epochs 3\.0, train\.patience=9, encoder\.seconds=2\.0"):
        check_idle(resolved(SOLVED, epochs=3.0, train={"patience": 9}, encoder={"seconds": 2.0}), shared=False)


@pytest.mark.parametrize("name", VALUES)
def test_options_of_steps_are_refused_where_none_are_taken(name):
    asked = {name: VALUES[name]}
    assert check_idle(resolved(TRAINED, train=asked, trained_bridge=True), shared=False) == []
    closed = resolved(SOLVED, train=asked, trained_bridge=True)
    if name in OF_STEPS:
        with pytest.raises(ConfigError, match=rf"train\.{name} plays no part here: strategy frozen fits its head"):
            check_idle(closed, shared=False)
        assert len(check_idle(closed, shared=True)) == 1
        assert check_idle(resolved(SOLVED, train=asked, baseline=("scratch",)), shared=False) == []
    else:
        assert check_idle(closed, shared=False) == []


def test_beside_a_head_in_closed_form_a_baseline_from_scratch_searches_rates():
    asked = {"rates": (0.3, 1.0)}
    with pytest.raises(ConfigError, match=r"train\.rates plays no part here: a head is fitted in closed form"):
        check_idle(resolved(SOLVED, TRAINED, train=asked), shared=False)
    assert check_idle(resolved(SOLVED, TRAINED, train=asked, baseline=("scratch",)), shared=False) == []


def test_steps_before_a_head_in_closed_form_read_the_layer_that_is_asked_for():
    asked = {"pooling": "cls"}
    with pytest.raises(ConfigError, match=r"encoder\.pooling plays no part here: the head in closed form chooses it"):
        check_idle(resolved(SOLVED, TRAINED, encoder=asked), shared=False)
    assert check_idle(resolved(TRAINED, SOLVED, encoder=asked), shared=False) == []


@pytest.mark.parametrize(("name", "value"), OF_TEACHERS.items())
def test_options_of_a_teacher_need_one(name, value):
    with pytest.raises(ConfigError, match=rf"train\.{name} plays no part here: there is no --teacher"):
        check_idle(resolved(TRAINED, train={name: value}), shared=False)
    assert check_idle(resolved(TRAINED, train={name: value}, teacher="runs/1"), shared=False) == []


@pytest.mark.parametrize(("name", "value"), OF_PRIVATE_RUNS.items())
def test_options_of_private_runs_need_a_promise(name, value):
    with pytest.raises(ConfigError, match=rf"train\.{name} plays no part here: there is no --private"):
        check_idle(resolved(TRAINED, train={name: value}), shared=False)


@pytest.mark.parametrize("sink", ["text", "image", "patches", "audio", "embeddings"])
@pytest.mark.parametrize("name", OF_FORMS)
def test_options_of_another_form_of_input_are_refused(name, sink):
    asked = {
        name: ENCODER[name],
        **({"long": "mean_of_windows"} if name == "windows" and sink in ("text", "audio") else {}),
    }
    made = resolved(TRAINED, sink=sink, encoder=asked)
    if sink in OF_FORMS[name]:
        assert check_idle(made, shared=False) == []
    else:
        with pytest.raises(ConfigError, match=rf"encoder\.{name} plays no part here.*Fix: leave .*encoder\.{name}"):
            check_idle(made, shared=False)


@pytest.mark.parametrize("name", ["layer", "pooling"])
def test_what_a_search_chooses_is_said_where_it_is_asked_for(name):
    with pytest.raises(ConfigError, match=rf"the head's search chooses it; --set strategy\.{name} says otherwise"):
        check_idle(resolved(SOLVED, encoder={name: ENCODER[name]}), shared=False)
    assert check_idle(resolved(TRAINED, encoder={name: ENCODER[name]}), shared=False) == []


def test_windows_and_the_rate_of_a_bridge_need_something_to_act_on():
    with pytest.raises(ConfigError, match=r"encoder\.windows plays no part here: encoder\.long is not mean_of_windows"):
        check_idle(resolved(TRAINED, encoder={"windows": 4}), shared=False)
    with pytest.raises(ConfigError, match=r"train\.bridge_rate plays no part here: no bridge is trained\. Got: train"):
        check_idle(resolved(TRAINED, train={"bridge_rate": 2.0}), shared=False)


def test_workers_need_rows_to_make():
    asked = {"workers": 2}
    with pytest.raises(ConfigError, match=r"train\.workers plays no part here: no rows are augmented"):
        check_idle(resolved(TRAINED, train=asked), shared=False)
    blended, flipped = (
        replace(TRAINED, streams={"train": Stream(transforms=(name,))}) for name in ("mixup=0.4", "flip=1")
    )
    with pytest.raises(ConfigError, match="no rows are augmented"):
        check_idle(resolved(blended, sink="image", train=asked), shared=False)
    assert check_idle(resolved(flipped, sink="image", train=asked), shared=False) == []


def test_the_form_of_a_plugin_may_read_any_option():
    assert check_idle(resolved(TRAINED, sink="video", encoder={"seconds": 2.0}), shared=False) == []
