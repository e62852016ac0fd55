"""Tasks trained alone beside a shared run: what sharing did to each; one that fails is tried again."""

from __future__ import annotations

import dataclasses

import pytest

from made_up_runs import Runner, made_run
from modaxfer.config import RunConfig
from modaxfer.result import Result
from modaxfer.runner.beside.schedule import run_with_companions
from modaxfer.runner.folder import store_config

TASKS = ("own/a", "own/b")


class SharedRunner(Runner):
    """Makes up a run of two tasks, and each of them alone."""

    def __call__(self, config, *, resume=False, **settings):
        result, folder = super().__call__(config, resume=resume, **settings)
        if len(config.task) == 1 or result.tasks:
            return result, folder
        tasks = {}
        for task in config.task:
            place = folder / "tasks" / task.replace("/", "-")
            own = made_run(place, 0.7)
            own.save(place)
            store_config(dataclasses.replace(config, task=(task,)), place)
            name = place.relative_to(folder).as_posix()
            tasks[task] = {"run": name, "primary": "f1_macro", "test": own.metrics["test"]["f1_macro"]}
        result = dataclasses.replace(result, tasks=tasks, companions=("alone",))
        result.save(folder)
        return result, folder


def run(folder, runner, *, resume=False):
    config = RunConfig(encoder=("bert",), strategy="multitask", task=TASKS, output=str(folder))
    return run_with_companions(config, resume=resume, run_one=runner)


def test_each_task_is_run_by_itself_and_compared(tmp_path):
    result, folder = run(tmp_path, runner := SharedRunner())
    assert [each.task for each in runner.configs] == [TASKS, ("own/a",), ("own/b",)]
    assert [each.output for each in runner.configs[1:]] == [
        str(tmp_path / "alone" / name) for name in ("own-a", "own-b")
    ]
    for task, name in zip(TASKS, ("own-a", "own-b"), strict=True):
        told = result.tasks[task]
        assert told["alone"] == Result.load(folder / "alone" / name).metrics["test"]["f1_macro"]
        low, high = told["difference"]
        assert low < told["test"] - told["alone"] < high
    assert Result.load(folder).to_dict() == result.to_dict()


def test_a_task_alone_that_fails_is_a_warning_and_is_tried_again(tmp_path):
    result, _ = run(tmp_path, SharedRunner(failed_at=1))
    assert [sorted(told) for told in result.tasks.values()] == [
        ["primary", "run", "test"],
        ["alone", "difference", "primary", "run", "test"],
    ]
    assert result.warnings == (
        "the run beside this one, own/a alone, failed and is left out: ConfigError: made to fail."
        " (--resume tries it again)",
    )
    result, _ = run(tmp_path, runner := SharedRunner(), resume=True)
    assert [each.task for each in runner.configs] == [("own/a",)]
    assert ("alone" in result.tasks["own/a"], result.warnings) == (True, ())


@pytest.mark.parametrize("killed_at", [1, 2])
def test_a_killed_command_goes_on_where_it_was(killed_at, tmp_path):
    expected, _ = run(tmp_path / "unbroken", SharedRunner())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", SharedRunner(killed_at=killed_at))
    resumed, _ = run(tmp_path / "killed", runner := SharedRunner(), resume=True)
    assert len(runner.configs) == 3 - killed_at
    assert resumed.to_dict() == expected.to_dict()
