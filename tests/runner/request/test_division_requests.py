"""Folds and episodes: every request that has no one meaning is refused, with its reason."""

import pytest

from modaxfer.config import RunConfig, build
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Labels, Part, Phase, Plan, Role, Stream
from modaxfer.runner.request.division import refuse_divisions, refuse_unseen_shots
from modaxfer.spec import TEXT, Field, FolderSource, Target, TaskSpec


def task(problem="multiclass"):
    fields = (Field(name="text", signal=TEXT),)
    return TaskSpec(name="t", fields=fields, target=Target(problem=problem), sources=(FolderSource(name="t"),))


def refused(problem="multiclass", tasks=1, **asked):
    refuse_divisions(build(RunConfig, asked), [task(problem)] * tasks)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"fold": 1}, r"--fold counts what --folds asks for"),
        ({"episode": 1}, r"--episode counts what --shots asks for"),
        ({"episodes": 5}, r"--episodes counts what --shots asks for"),
        ({"folds": 4, "fold": 4}, r"no such fold\. Got: --fold 4 of --folds 4\. Allowed: 0 to 3"),
        ({"shots": 4, "episode": 1, "episodes": 3}, r"--episode is one draw and --episodes asks for several"),
        ({"folds": 1}, r"folds: got 1, must be at least 2"),
        ({"shots": 0}, r"shots: got 0, must be at least 1"),
    ],
)
def test_numbers_that_count_nothing(asked, message):
    with pytest.raises(ConfigError, match=message):
        refused(**asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"folds": 5, "shots": 4}, r"--folds test on every row and train on most; --shots train on a few"),
        ({"folds": 5, "tasks": 2}, r"--folds part the rows of one task"),
        ({"shots": 5, "tasks": 2}, r"--shots part the rows of one task"),
        (
            {"folds": 5, "seeds": 2},
            r"--seeds and --folds both say what a run is repeated with.*each fold is a training",
        ),
        ({"shots": 5, "seeds": 2}, r"--seeds and --shots both say what a run is repeated with.*each episode is a"),
        ({"shots": 5, "problem": "regression"}, r"have not one class each\. Got: problem regression"),
        (
            {"shots": 5, "problem": "multilabel"},
            r"have not one class each\. Got: problem multilabel.*use --limit",
        ),
    ],
)
def test_requests_without_one_meaning(asked, message):
    problem = asked.pop("problem", "multiclass")
    with pytest.raises(RefusedError, match=message):
        refused(problem, **asked)


@pytest.mark.parametrize(
    "asked",
    [{}, {"folds": 5}, {"folds": 5, "fold": 4}, {"shots": 1, "episodes": 9}, {"shots": 1, "episode": 9}, {"seeds": 3}],
)
def test_what_has_a_meaning_passes(asked):
    refused(**asked)
    refused("binary", **asked)


def test_shots_of_a_task_whose_labels_are_hidden_are_refused():
    def plan(*streams):
        phase = Phase(
            trainable=frozenset({Part.HEAD}),
            learning_rates={Part.HEAD: 0.1},
            streams={str(number): stream for number, stream in enumerate(streams)},
        )
        return Plan(phases=(phase,))

    hidden = plan(Stream(role=Role.SOURCE), Stream(labels=Labels.HIDDEN))
    with pytest.raises(
        RefusedError, match=r"--shots are labelled rows, and strategy coral sees no label.*Got: --shots 4"
    ):
        refuse_unseen_shots(RunConfig(shots=4), hidden, "coral")
    refuse_unseen_shots(RunConfig(folds=4), hidden, "coral")
    refuse_unseen_shots(RunConfig(shots=4), plan(Stream()), "full")
