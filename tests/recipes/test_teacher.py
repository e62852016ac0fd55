"""One run learns from another, across encoders and bridges: what it is told and says of it, and what is refused."""

from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.numpy import load_file

import modaxfer
from modaxfer.config import RunConfig
from modaxfer.errors import CheckpointUnavailableError, ConfigError, DataError, RefusedError
from modaxfer.plan import Part, Phase, Plan, Stream
from modaxfer.runner import execution
from modaxfer.runner import teacher as teachers
from modaxfer.runner.request.teacher import _refuse_blends, find_teacher
from modaxfer.runner.training import loop
from modaxfer.runner.training.streams import TrainStream

pytestmark = pytest.mark.recipe

QUICK = {"precision": "fp32", "device": "cpu", "batch_size": 8, "quiet": True}


@pytest.fixture(scope="module")
def rows(own_rows):
    return own_rows("text")


@pytest.fixture(scope="module")
def teacher(tiny, rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher") / "run"
    return modaxfer.train(encoder=str(tiny("bert")), strategy="frozen", output=str(folder), quiet=True, **rows)


def student(tiny, rows, folder, run, **changes):
    asked = {"encoder": str(tiny("vit")), "strategy": "lora", "epochs": 2, "teacher": str(run), **QUICK, **rows}
    return modaxfer.train(output=str(folder), **{**asked, **changes})


@pytest.fixture(scope="module")
def taught(tiny, rows, teacher, tmp_path_factory):
    """A student, and by row number what its stream was told."""
    told = {}
    with pytest.MonkeyPatch.context() as patch:
        real = TrainStream.chunk

        def noted(self, part, rows, moment):
            chunk = real(self, part, rows, moment)
            told.update(zip(chunk.rows.tolist(), chunk.extras["teacher"], strict=True))
            return chunk

        patch.setattr(TrainStream, "chunk", noted)
        folder = tmp_path_factory.mktemp("student") / "run"
        return student(tiny, rows, folder, teacher.folder, set={"teacher_temperature": 3.0}), told


def test_it_is_told_what_the_teacher_says_of_each_row(taught, teacher, rows):
    run, told = taught
    assert len(told) == run.result.data["rows"]["train"]
    from modaxfer.runner.predict.evaluate import load_rows
    from modaxfer.runner.predict.predictor import Predictor

    _, data = load_rows(teacher.folder, partial=False)
    expected = Predictor(teacher.folder, device="cpu").logits(data.splits["train"].to_list(), data.root)
    torch.testing.assert_close(torch.stack([told[row] for row in sorted(told)]), expected, rtol=1e-4, atol=1e-5)


def test_both_losses_are_there_and_the_result_says_who_taught(taught, teacher):
    run, _ = taught
    assert set(run.result.training["phases"][0]["terms"]) == {"supervised", "teacher"}
    told = run.result.training["teacher"]
    assert (told["run"], told["task"]) == (str(teacher.folder.resolve()), teacher.result.task)
    assert (told["strategy"], told["share"], told["temperature"]) == ("modaxfer/frozen", 0.5, 3.0)
    assert any("what the teacher gained is not measured" in line for line in run.result.warnings)
    assert any("the teacher" in line and "was trained on the training rows" in line for line in run.result.warnings)
    seen = load_file(run.folder / "model" / "seen.safetensors")
    assert any(name.startswith(f"{teacher.result.task}@") for name in seen)


def test_rows_without_labels_are_asked_about_too(tiny, rows, teacher, tmp_path):
    more = tmp_path / "more.csv"
    words = ("plain", "bright", "dull", "slow", "warm")
    more.write_text(
        "text\n" + "".join(f"a {one} {other} evening\n" for one in words for other in words if one != other)
    )
    run = student(tiny, rows, tmp_path / "run", teacher.folder, unlabelled=str(more), epochs=1)
    (phase,) = run.result.training["phases"]
    assert set(phase["terms"]) == {"supervised", "teacher.train", "teacher.unlabelled"}
    assert run.result.data["rows"]["unlabelled"] == 20


def test_a_killed_run_asks_no_second_time_and_not_another(tiny, rows, teacher, tmp_path, monkeypatch):
    own = tmp_path / "teacher"
    shutil.copytree(teacher.folder, own)
    whole = student(tiny, rows, tmp_path / "whole", own).result
    real = loop._GradientPhase._judge

    def dying(self, judged):
        real(self, judged)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            student(tiny, rows, tmp_path / "broken", own)
    monkeypatch.setattr(teachers, "_asked", lambda *arguments: pytest.fail("asked again"))
    description = own / "model" / "model.json"
    kept = description.read_text()
    description.write_text(kept + "\n")
    with pytest.raises(CheckpointUnavailableError, match=r"the teacher of the run .* changed since it was started"):
        modaxfer.train(output=str(tmp_path / "broken"), resume=True, quiet=True)
    description.write_text(kept)
    resumed = modaxfer.train(output=str(tmp_path / "broken"), resume=True, quiet=True).result
    assert resumed.metrics == whole.metrics


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"strategy": "frozen", "epochs": None, "batch_size": None}, RefusedError, "closed form learns nothing from a"),
        ({"folds": 2}, ConfigError, "--teacher does not go with --folds, whose test rows it has been trained on"),
        ({"teacher": "runs/there-is-none"}, DataError, "no run|there is no|not there"),
        ({"teacher": None, "set": {"teacher_share": 0.3}}, ConfigError, "train.teacher_share plays no part here"),
    ],
)
def test_what_no_teacher_can_help_is_refused(changes, error, message, tiny, rows, teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "open_sessions", lambda *arguments: pytest.fail("weights were loaded"))
    with pytest.raises(error, match=message):
        student(tiny, rows, tmp_path / "run", teacher.folder, **changes)


def test_other_classes_are_another_question(tiny, own_rows, teacher, tmp_path):
    with pytest.raises(RefusedError, match=r"the teacher answers another question than the task asks"):
        student(tiny, own_rows("pair"), tmp_path / "run", teacher.folder)
    with pytest.raises(RefusedError, match=r"outputs of a regression task cannot be softened"):
        student(tiny, own_rows("regression"), tmp_path / "other", teacher.folder)


def test_the_same_without_rows_without_labels_is_refused():
    asked = RunConfig(teacher="runs/1", baseline=("labelled",), unlabelled="sst2")
    with pytest.raises(ConfigError, match="--teacher does not go with --baseline labelled"):
        find_teacher(asked, "multiclass", ("a", "b"), ())


def test_rows_that_are_blended_are_none_that_it_has_spoken_of():
    rates = {Part.HEAD: 1e-3}
    blended = Phase(trainable=frozenset(rates), learning_rates=rates, streams={"train": Stream(transforms=("mixup",))})
    with pytest.raises(RefusedError, match="two rows that are blended are none that a teacher has spoken of"):
        _refuse_blends(Plan(phases=(blended,)))


def test_outputs_are_in_the_order_of_the_tasks_classes(teacher):
    from dataclasses import replace

    from modaxfer.runner.predict.predictor import Predictor

    described = Predictor(teacher.folder, device="cpu").described
    asked = RunConfig(teacher=str(teacher.folder))
    turned = tuple(reversed(described.classes))
    found = find_teacher(asked, described.problem, turned, described.fields)
    assert found.order == tuple(reversed(range(len(turned))))
    with pytest.raises(RefusedError, match="the teacher reads what the rows do not have"):
        find_teacher(asked, described.problem, turned, [replace(field, name="x") for field in described.fields])
