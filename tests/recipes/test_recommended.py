"""One recommendation among tiny models, killed and gone on with, and a run that it chooses; no test row is opened."""

from __future__ import annotations

import json

import pytest

import modaxfer
import own_tags
from modaxfer.contracts import Sealed, TaskData
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.runner.recommend import options, scoring
from modaxfer.runner.training.layers import _layers

pytestmark = pytest.mark.recipe

QUIET = {"quiet": True, "device": "cpu", "precision": "fp32"}


class Killed(BaseException):
    """As a signal would."""


@pytest.fixture(scope="module")
def asked(tiny, own_rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recommended") / "answer"
    encoders = [str(tiny("bert")), str(tiny("electra"))]
    return {
        **own_rows("text"),
        "encoder": encoders,
        "strategy": ["frozen", "full"],
        "score": "logme",
        "budget": 5,
        "output": str(folder),
    }


@pytest.fixture(scope="module")
def made(asked):
    """The finished recommendation, which was killed before its first short run; and what was encoded when."""
    encoded, opened, dropped = [], [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sealed, "unseal", lambda sealed: opened.append(sealed))
        patch.setattr(
            "modaxfer.runner.training.layers._layers",
            lambda session, split, name, tower: (
                encoded.append((name, len(split.lengths))) or _layers(session, split, name, tower)
            ),
        )
        untested = TaskData.untested
        patch.setattr(TaskData, "untested", lambda data: dropped.append(data) or untested(data))
        with pytest.MonkeyPatch.context() as kill:
            kill.setattr(options, "try_cell", lambda *_: (_ for _ in ()).throw(Killed))
            with pytest.raises(Killed):
                modaxfer.recommend(**asked, **QUIET)
        before = list(encoded)
        first = json.loads((modaxfer.Recommendation(asked["output"]).folder / "recommend.json").read_text())
        with pytest.MonkeyPatch.context() as once:
            once.setattr(scoring, "judge", lambda *_: pytest.fail("judged twice"))
            found = modaxfer.recommend(resume=True, output=asked["output"], **QUIET)
    assert dropped
    return found, first, before, encoded, opened


def test_no_answer_of_a_test_row_is_opened_and_no_test_row_encoded(made):
    _, _, before, encoded, opened = made
    assert opened == []
    assert {name for name, _ in encoded} == {"train", "validation"}
    assert len(before) == len(encoded)


def test_what_was_found_out_before_it_was_killed_is_kept(made):
    found, first, *_ = made
    assert (first["status"], found.found["status"]) == ("running", "completed")
    assert found.found["candidates"] == first["candidates"]
    assert set(first["tried"]) < set(found.found["tried"])


def test_the_answer_has_options_with_intervals_and_a_line_that_does_it(made, asked):
    found, *_ = made
    names = {(option["strategy"], bool(option["encoder"])) for option in found.found["options"]}
    assert {("simple", False), ("frozen", True), ("full", True)} <= names
    assert all(
        option["interval"][0] <= option["expected"] <= option["interval"][1] for option in found.found["options"]
    )
    assert found.plan["command"].startswith("modaxfer train --encoder ")
    assert f"--data {asked['data']}" in found.plan["command"]
    assert found.to_frame().shape[0] == len(found.found["options"])
    assert {"k-nn", "linear-probe", "h-score", "logme"} == set(found.found["candidates"][asked["encoder"][0]]["scores"])
    page = (found.folder / "recommend.html").read_text()
    assert found.plan["command"].replace("'", "&#39;") in page
    assert "What would change the answer" in page
    assert "expect " in repr(found)
    assert "<table>" in found._repr_html_()


def test_a_run_left_to_auto_is_the_recommended_one_and_says_so(made, asked, tmp_path, monkeypatch):
    found, *_ = made
    monkeypatch.setattr("modaxfer.runner.recommend.question.Question.folder", property(lambda _: found.folder))
    monkeypatch.setattr("modaxfer.runner.recommend.stored.changes_of", lambda *_: [])
    settings = {
        key: value for key, value in asked.items() if key not in ("budget", "strategy", "encoder", "output", "score")
    }
    run = modaxfer.train(encoder="auto", strategy="auto", output=str(tmp_path / "run"), **settings, **QUIET)
    chosen = found.found["trained"]
    told = run.result.recommended
    assert run.result.strategy.endswith(chosen["strategy"])
    assert told["folder"] == str(found.folder)
    assert told["interval"][0] <= told["expected"] <= told["interval"][1]
    assert json.loads((run.folder / "result.json").read_text())["recommended"] == json.loads(json.dumps(told))


def test_another_question_in_the_same_folder_is_refused(made, asked):
    with pytest.raises(ConfigError, match=r"holds another recommendation\. Got: budget \(there 5.0, here 2.0\)"):
        modaxfer.recommend(**{**asked, "budget": 2}, **QUIET)


def test_an_encoder_that_cannot_take_the_task_is_told_with_its_reason(own_rows, tmp_path):
    with pytest.raises(RefusedError, match="no candidate can take this task"):
        modaxfer.recommend(**own_rows("text"), encoder="lstm", strategy="frozen", output=str(tmp_path / "x"), **QUIET)


def test_rows_with_parts_are_refused_before_anything_is_encoded(tiny, tmp_path, no_weights):
    settings = {**own_tags.names_after_a_cue(tmp_path), "encoder": str(tiny("bert")), "output": str(tmp_path / "x")}
    with pytest.raises(RefusedError, match=r"a recommendation cannot judge a .*tagging task.*one target per row"):
        modaxfer.recommend(**settings, **QUIET)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "--task missing"),
        ({"task": "sst2", "data": "x.csv"}, "--task and --data exclude each other"),
        ({"task": ["sst2", "esc10"]}, "a recommendation is for one task"),
        ({"task": "legal-sentiment", "strategy": "fusion"}, "strategies of one encoder and one task"),
        ({"task": "legal-sentiment", "epochs": 3}, "a recommendation takes no such setting"),
        (
            {"task": "legal-sentiment", "score": ["logme", "leep"]},
            "most checkpoints have no head to read.*--score leep",
        ),
        ({"task": "legal-sentiment", "budget": 0}, "must be above 0"),
    ],
)
def test_what_can_be_refused_is_refused_before_anything_is_read(settings, said):
    with pytest.raises(ConfigError, match=said):
        modaxfer.recommend(**settings)


def test_private_rows_are_not_looked_at(own_rows):
    with pytest.raises(ConfigError, match="a recommendation looks at rows without noise"):
        modaxfer.train(encoder="auto", strategy="lora", private=3.0, quiet=True, **own_rows("text"))
