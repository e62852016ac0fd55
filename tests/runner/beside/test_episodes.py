"""Few-shot episodes over runs that are made up: the first is the run itself, the others lie beside it."""

from __future__ import annotations

import numpy as np
import pytest

from made_up_runs import Runner
from modaxfer.config import RunConfig
from modaxfer.metrics import student_interval
from modaxfer.result import Result
from modaxfer.runner.beside.schedule import run_with_companions


def run(folder, runner, *, resume=False, **changes):
    asked = {"encoder": ("bert",), "strategy": "lora", "task": ("x",), "output": str(folder), "shots": 4} | changes
    return run_with_companions(RunConfig(**asked), resume=resume, run_one=runner)


def test_episodes_are_draws_beside_the_first(tmp_path):
    result, folder = run(tmp_path, runner := Runner(), episodes=3)
    assert [(each.shots, each.episode, each.episodes) for each in runner.configs] == [
        (4, None, 3),
        (4, 1, 1),
        (4, 2, 1),
    ]
    assert {each.seed for each in runner.configs} == {0}
    scores = [result.metrics["test"], *(Result.load(folder / "episodes" / name).metrics["test"] for name in "12")]
    found = result.episodes
    assert (found["shots"], found["episodes"]) == (4, [0, 1, 2])
    assert found["test"]["f1_macro"] == [each["f1_macro"] for each in scores]
    assert found["mean"]["f1_macro"] == pytest.approx(np.mean(found["test"]["f1_macro"]))
    assert found["std"]["f1_macro"] == pytest.approx(np.std(found["test"]["f1_macro"], ddof=1))
    assert found["intervals"]["f1_macro"] == list(student_interval(found["test"]["f1_macro"]))


def test_one_episode_is_one_run(tmp_path):
    result, _ = run(tmp_path, runner := Runner())
    assert (len(runner.configs), result.episodes) == (1, {})


@pytest.mark.parametrize("killed_at", [1, 2])
def test_a_killed_command_goes_on_where_it_was(killed_at, tmp_path):
    expected, _ = run(tmp_path / "unbroken", Runner(), episodes=3)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", Runner(killed_at=killed_at), episodes=3)
    resumed, _ = run(tmp_path / "killed", runner := Runner(), resume=True, episodes=3)
    assert len(runner.configs) == 3 - killed_at
    assert resumed.to_dict() == expected.to_dict()


def test_an_episode_that_failed_is_left_out_and_said(tmp_path):
    result, _ = run(tmp_path, Runner(failed_at=1), episodes=4)
    assert result.episodes["episodes"] == [0, 2, 3]
    assert [warning for warning in result.warnings if "episode 1, failed" in warning]
    result, _ = run(tmp_path, Runner(), resume=True, episodes=4)
    assert (result.episodes["episodes"], result.warnings) == ([0, 1, 2, 3], ())
