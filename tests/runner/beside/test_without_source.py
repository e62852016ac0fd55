"""What a source stage gained, over runs that are made up; and classes of a source as those of a task."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from made_up_runs import Runner
from modaxfer.config import RunConfig
from modaxfer.errors import RefusedError
from modaxfer.metrics import Scored
from modaxfer.result import Result
from modaxfer.runner.beside import without_source as room
from modaxfer.runner.beside.schedule import is_complete, run_with_companions
from modaxfer.runner.beside.without_source import asked, without_source
from modaxfer.runner.beside.zero_shot import in_classes_of


class StagedRunner(Runner):
    """Makes up a run with a source stage, which asks to be measured without it."""

    def __call__(self, config, **settings):
        result, folder = super().__call__(config, **settings)
        if config.source_task:
            result = dataclasses.replace(result, companions=("without-source",))
            result.save(folder)
        return result, folder


def run(folder, runner, *, resume=False, **changes):
    values = {"strategy": "lora", "set": {"source.epochs": 2, "rank": 4}} | changes
    config = RunConfig(encoder=("bert",), task=("x",), source_task=("y",), output=str(folder), **values)
    return run_with_companions(config, resume=resume, run_one=runner)


def test_the_run_without_its_source_is_the_same_request_but_for_the_source(tmp_path):
    result, folder = run(tmp_path, runner := StagedRunner(), map_classes="m.yaml", baseline=("scratch",))
    main, scratch, without = runner.configs
    assert (scratch.source_task, scratch.weights, scratch.set["source.epochs"]) == (("y",), "random", 2)
    assert without.set == {"rank": 4, "train.rates": list(main.set["train.rates"])}
    assert dataclasses.replace(main, output=None, set={}, baseline=(), source_task=(), map_classes=None) == (
        dataclasses.replace(without, output=None, set={})
    )
    assert list(result.transfer_gain) == ["pretraining", "source"]
    gain, own = result.transfer_gain["source"]["f1_macro"], result.metrics["test"]["f1_macro"]
    other = Result.load(folder / "without-source" / "0").metrics["test"]["f1_macro"]
    assert (gain["with"], gain["without"], gain["seeds"]) == (own, other, 1)
    assert gain["gain"] == pytest.approx(own - other)
    assert result.baselines["without_source"]["run"] == "without-source/0"
    assert "source_only" not in result.baselines


def test_a_source_of_other_columns_is_not_scored_and_its_gain_is_told_all_the_same(tmp_path, monkeypatch):
    def refuses(main):
        raise RefusedError("the source stage's model reads other fields than the task has", got="", allowed="loan")

    monkeypatch.setattr(room, "agrees", lambda main: True)
    monkeypatch.setattr(room, "zero_shot", refuses)
    result, folder = run(tmp_path, StagedRunner())
    assert "source" in result.transfer_gain
    assert result.warnings == (room.UNREAD,)
    assert is_complete(folder, tried=False)


@pytest.mark.parametrize(("changes", "over"), [({"seeds": 2}, "seed"), ({"shots": 2, "episodes": 2}, "episode")])
def test_every_seed_and_every_episode_is_measured_against_its_own(changes, over, tmp_path):
    result, folder = run(tmp_path / "whole", runner := StagedRunner(), **changes)
    gain = result.transfer_gain["source"]["f1_macro"]
    scores = [Result.load(folder / place).metrics["test"]["f1_macro"] for place in (".", f"{over}s/1")]
    others = [Result.load(folder / f"without-source/{n}").metrics["test"]["f1_macro"] for n in (0, 1)]
    assert gain[f"by_{over}"] == pytest.approx([a - b for a, b in zip(scores, others, strict=True)])
    assert gain[f"{over}s"] == 2
    assert [getattr(each, over) for each in runner.configs[2:]] == [0 if over == "seed" else None, 1]
    for killed_at in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / str(killed_at), StagedRunner(killed_at=killed_at), **changes)
        again, _ = run(tmp_path / str(killed_at), left := StagedRunner(), resume=True, **changes)
        assert (again.to_dict(), len(left.configs)) == (result.to_dict(), 4 - killed_at)


def test_it_is_asked_where_a_source_is_learned_first_and_not_where_it_is_drawn_from():
    plans = {uses: SimpleNamespace(uses_source=uses) for uses in (False, True)}
    assert asked(plans[False], RunConfig(source_task=("y",))) == ("without-source",)
    assert asked(plans[True], RunConfig(source_task=("y",))) == asked(plans[False], RunConfig()) == ()
    assert without_source(RunConfig(source_task=("y",), set={"source.mixed": True})) == RunConfig()


def test_classes_of_the_source_become_those_of_the_task():
    """Two classes that are one to the task are added; one that it does not have is always wrong."""
    scores = np.array([[0.5, 0.2, 0.3], [0.1, 0.7, 0.2]])
    made = in_classes_of(Scored(predictions=np.array([0, 1]), scores=scores), (1, -1, 1), 2)
    np.testing.assert_array_equal(made.predictions, [1, 2])
    np.testing.assert_allclose(made.scores, [[0, 0.8], [0, 0.3]])
    flags = np.array([[1, 1, 0], [0, 0, 1]])
    made = in_classes_of(Scored(predictions=flags, scores=scores), (1, -1, 1), 2)
    np.testing.assert_array_equal(made.predictions, [[0, 1], [0, 1]])
    np.testing.assert_allclose(made.scores, [[0, 0.5], [0, 0.2]])
