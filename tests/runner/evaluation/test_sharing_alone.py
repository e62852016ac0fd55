"""Tasks trained alone beside a shared run: one that fails is missing, and the shared run stands."""

from __future__ import annotations

from types import SimpleNamespace

from modaxfer.config import RunConfig
from modaxfer.errors import RunFailedError
from modaxfer.result import Result
from modaxfer.runner.evaluation.sharing import beside_alone
from modaxfer.runner.progress import Progress


def test_a_task_alone_that_fails_is_a_warning(tmp_path):
    def run_one(config, **settings):
        raise RunFailedError("the loss is nan")

    tasks = {"own/a": {"run": "tasks/own-a", "primary": "accuracy", "test": 0.5}}
    result = Result(
        status="completed", encoder={}, bridge="", strategy="", task="own/a", tasks=tasks, warnings=("first",)
    )
    resolved = SimpleNamespace(task_id="own/a", config=RunConfig(), towers=())
    found = beside_alone(result, [resolved], tmp_path, run_one, Progress(False))
    assert found.tasks == tasks
    assert found.warnings == (
        "first",
        "own/a trained alone, beside the shared run, failed and is left out: RunFailedError: the loss is nan.",
    )
