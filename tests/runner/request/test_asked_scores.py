"""What a run is scored and decides by is refused where it does not fit, before any weight is loaded."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, DataError, UnknownNameError
from modaxfer.runner.request.asked_scores import refuse_decisions, refuse_other_scores
from modaxfer.runner.request.request import find_tasks
from modaxfer.tasks.load import load_task


def asked(own_rows, kind, **settings):
    config = RunConfig(**own_rows(kind), **settings)
    ((_, task),) = find_tasks(config)
    refuse_other_scores(config, task, load_task(task))
    return task


@pytest.mark.parametrize("threshold", ["1.5", "0", "half"])
def test_a_threshold_is_a_score(threshold):
    with pytest.raises(ConfigError, match=rf"a score between 0 and 1, or auto.*{threshold}"):
        refuse_decisions(RunConfig(threshold=threshold))


def test_costs_leave_nothing_to_a_threshold():
    with pytest.raises(ConfigError, match=r"so there is no threshold"):
        refuse_decisions(RunConfig(threshold="0.3", cost="costs.csv"))


def test_metrics_asked_for_decide_in_their_order(own_rows):
    task = asked(own_rows, "text", metric=("f1", "log_loss"), group_by="label")
    assert (task.metrics, task.primary, task.keep) == (("f1", "log_loss"), "", ("label",))


@pytest.mark.parametrize(
    ("kind", "settings", "error", "message"),
    [
        ("text", {"metric": ("rmse",)}, ConfigError, r"metric rmse does not apply to a binary problem"),
        ("text", {"metric": ("acuracy",)}, UnknownNameError, r"acuracy.*accuracy"),
        ("pair", {"threshold": "0.3"}, ConfigError, r"for two classes, or for labels.*multiclass problem of 3 classes"),
        ("regression", {"threshold": "0.3"}, ConfigError, r"for two classes.*a regression problem"),
        (
            "text",
            {"metric": ("expected_cost",)},
            ConfigError,
            r"expected_cost needs to know what mistakes cost.*--cost FILE",
        ),
        ("multilabel", {"cost": "costs.csv"}, ConfigError, r"one of several classes per row.*multilabel"),
        ("text", {"group_by": "texts"}, DataError, r"a column that the rows do not have.*did you mean text"),
        (
            "text",
            {"group_by": "nope"},
            DataError,
            r"not have: 'nope'\. Allowed: .*text, .*label.*Fix: name",
        ),
    ],
)
def test_what_does_not_fit_the_rows_is_refused(own_rows, kind, settings, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        asked(own_rows, kind, **settings)
